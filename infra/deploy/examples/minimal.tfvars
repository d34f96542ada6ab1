# The minimum. Copy this to terraform.tfvars beside the Makefile, and put in your own values.

accounts = {
  openrouter-main = { provider = "openrouter", warning = 20, critical = 5 }
}

subscribers = {
  team = { protocol = "email", endpoint = "team@example.com" }
}

# Who is notified when the monitor itself fails.
operations_subscribers = {
  ops = { protocol = "email", endpoint = "ops@example.com" }
}
