# One example of every kind of setting, to copy from. docs/configuration.md has the whole list.

name   = "balance-monitor"
region = "eu-central-1"
tags   = { Team = "platform", CostCentre = "4711" }

accounts = {
  # A warning below 20 USD, critical below 5 USD; and by time: two days and half a day.
  openrouter-main = {
    provider              = "openrouter"
    warning               = 20
    critical              = 5
    runway_warning_hours  = 48
    runway_critical_hours = 12
  }

  # A key that is not a management key reads its own limit.
  openrouter-ci = { provider = "openrouter_key", critical = 2, drain_sensitivity = 2 }

  # One of several wallets, and an alarm if it is consumed faster than anybody would.
  browser-use = { provider = "browser_use", wallet = "additional", warning = 10, max_burn_per_day = 40 }

  # A key in a secret of its own, under a customer key (kms_key_arns).
  firecrawl = { provider = "firecrawl", warning = 1000, critical = 200, secret = "scraping/firecrawl#api_key" }

  # A provider that documents two ways to ask.
  bbre = { provider = "mydisct_bbre", params = { method = "POST" }, critical = 3, stale_after_minutes = 60 }

  # A provider of our own, with the address to top it up.
  print-shop = {
    provider            = "print_shop"
    critical            = 500
    expiry_warning_days = 14
    top_up_url          = "https://print.example.com/credit?team=platform"
  }
}

# The same form as functions/balance_poller/providers; docs/adding-a-provider.md explains it.
custom_providers = {
  print_shop = {
    title   = "Print Shop"
    docs    = "https://print.example.com/api"
    request = { method = "GET", url = "https://print.example.com/api/credit", headers = { Authorization = "Bearer {key}" } }
    wallets = {
      prepaid = { unit = "credits", remaining = "credit.left", expires_at = "credit.valid_until" }
    }
  }
}

subscribers = {
  # Everything, to the team, and a report on Mondays.
  team = { protocol = "email", endpoint = "team@example.com", reports = "weekly" }

  # Only urgent alerts, to whoever is on call; no reminders and no recoveries.
  on-call = { protocol = "sms", endpoint = "+4915112345678", severities = ["critical"], statuses = ["firing"] }

  # Everything about scraping, to that team's webhook.
  scraping = { protocol = "https", endpoint = "https://hooks.example.com/balance", providers = ["firecrawl", "browser_use"] }

  # To a chat; the address is stored with balancectl channels set ops-slack.
  chat = { protocol = "channel", endpoint = "ops-slack", severities = ["critical"] }

  # To a queue and to a function that open tickets.
  tickets = { protocol = "sqs", endpoint = "arn:aws:sqs:eu-central-1:123456789012:tickets", statuses = ["firing", "resolved"] }
  billing = { protocol = "lambda", endpoint = "arn:aws:lambda:eu-central-1:123456789012:function:billing", accounts = ["openrouter-main", "print-shop"] }
}

operations_subscribers = {
  ops   = { protocol = "email", endpoint = "ops@example.com" }
  phone = { protocol = "sms", endpoint = "+4915112345678" }
}

# How often, and how loudly.
poll_interval_minutes = 10
repeat_hours          = { critical = 2, warning = 24 }
group_wait_seconds    = 120
digest_above          = 8
weekly_report         = { day = "monday", hour = 9, time_zone = "Europe/Berlin" }
enable_chat           = true

# Where the team reads the runbook.
runbook_url = "https://wiki.example.com/balance-monitor/runbook"

# The beginnings of the accounts' secrets that are not the deployment's own.
secret_prefixes = ["scraping/"]

# Real accounts: customer keys, private networks, retention.
kms_key_arns         = ["arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"]
vpc                  = { subnet_ids = ["subnet-0123456789abcdef0"], security_group_ids = ["sg-0123456789abcdef0"] }
log_retention_days   = 90
history_days         = 400
secret_recovery_days = 7
reserved_concurrency = { poller = 2, router = 3 }
dashboard_accounts   = ["openrouter-main", "firecrawl"]
