# The accounts of the local cloud. Edit this file, then run `make up` again.
#
# For a real account, omit base_url and store its key in the local cloud:
#   eval "$(.venv/bin/balancectl local env)"
#   .venv/bin/balancectl keys set openrouter-main
accounts = {
  # "openrouter-main" = { provider = "openrouter", warning = 20, critical = 5 }
  # "firecrawl-main"  = { provider = "firecrawl", warning = 5000 }

  # Simulated accounts to experiment with:
  #   .venv/bin/balancectl local account simulated-openrouter --balance 3.20
  "simulated-openrouter" = { provider = "openrouter", base_url = "@openrouter@", warning = 20, critical = 5, stale_after_minutes = 3 }
  "simulated-firecrawl"  = { provider = "firecrawl", base_url = "@firecrawl@", warning = 5000, critical = 1000, stale_after_minutes = 3 }
  "simulated-openai"     = { provider = "openai_budget", base_url = "@openai_budget@", budget = 200, warning = 50, critical = 10, stale_after_minutes = 3 }
  # OpenAI as a ledger, from the same simulated costs: take this line instead, run make up, and
  #   .venv/bin/balancectl ledger set simulated-openai 41.20
  # "simulated-openai"   = { provider = "openai_ledger", base_url = "@openai_budget@", warning = 50, critical = 10, stale_after_minutes = 3 }
}

# Nothing is really sent; `balancectl local inbox --follow` shows each subscriber's messages.
subscribers = {
  "team"    = { protocol = "email", endpoint = "team@example.com" }
  "on-call" = { protocol = "sms", endpoint = "+4915112345678", severities = ["critical"] }
}

operations_subscribers = {
  "platform" = { protocol = "email", endpoint = "platform@example.com" }
}

poll_interval_minutes = 1
group_wait_seconds    = 10
