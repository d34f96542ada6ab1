# The dashboard, read back from its body.

mock_provider "aws" {
  source = "./mocks"
}

variables {
  accounts = {
    a = { provider = "openrouter", warning = 20, critical = 5, runway_warning_hours = 48 }
    b = { provider = "openrouter", critical = 1 }
  }
  subscribers            = { team = { protocol = "email", endpoint = "team@example.com" } }
  operations_subscribers = { ops = { protocol = "email", endpoint = "ops@example.com" } }
  package_dir            = "fixtures"
}

run "each_account_shows_its_balance_and_thresholds" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  assert {
    condition = one([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : widget.properties if widget.properties.title == "a"]) == {
      title   = "a"
      view    = "timeSeries"
      region  = "eu-central-1"
      period  = 300
      stat    = "Minimum"
      metrics = [["BalanceMonitor", "Balance", "Account", "a", "Provider", "openrouter"], ["BalanceMonitor", "RunwayHours", "Account", "a", "Provider", "openrouter", { yAxis = "right" }]]
      yAxis   = { left = { label = "USD", showUnits = false } }
      annotations = {
        horizontal = [{ label = "critical", value = 5, color = "#d62728" }, { label = "warning", value = 20, color = "#ff7f0e" }]
      }
    }
    error_message = aws_cloudwatch_dashboard.this.dashboard_body
  }

  assert {
    condition     = [for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : widget.properties.title] == ["The monitor itself", "Alarms of the accounts", "a", "b", "Accounts polled", "Failures waiting", "Function errors", "Messages", "Run duration"]
    error_message = aws_cloudwatch_dashboard.this.dashboard_body
  }

  assert {
    condition = one([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : widget.properties.alarms if widget.properties.title == "Alarms of the accounts"]) == [
      for alarm in ["a/critical", "a/runway-warning", "a/stale", "a/warning", "b/critical", "b/stale"] : "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:balance-monitor/${alarm}"
    ]
    error_message = aws_cloudwatch_dashboard.this.dashboard_body
  }

  assert {
    condition = one([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : widget.properties.metrics if widget.properties.title == "Function errors"]) == [
      ["AWS/Lambda", "Errors", "FunctionName", "balance-monitor-balance-poller"], ["AWS/Lambda", "Throttles", "FunctionName", "balance-monitor-balance-poller"],
      ["AWS/Lambda", "Errors", "FunctionName", "balance-monitor-alert-router"], ["AWS/Lambda", "Throttles", "FunctionName", "balance-monitor-alert-router"],
    ]
    error_message = aws_cloudwatch_dashboard.this.dashboard_body
  }
}

run "only_the_first_hundred_are_shown" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    accounts = { for number in range(150) : format("account-%03d", number) => { provider = "openrouter", critical = 5 } }
  }

  assert {
    condition     = length([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : widget if startswith(widget.properties.title, "account-")]) == 100 && strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "\"account-099\"") && !strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "account-100")
    error_message = "The first hundred by name."
  }

  assert {
    condition     = [for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : length(widget.properties.alarms) if widget.properties.title == "Alarms of the accounts"] == [100, 100]
    error_message = "A widget takes 100 alarms."
  }

  assert {
    condition     = length([for key in distinct([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : "${widget.x} ${widget.y}"]) : key]) == length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets)
    error_message = "No widget covers another."
  }
}

run "who_is_named_is_shown" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    dashboard_accounts = ["b"]
  }

  assert {
    condition     = [for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : widget.properties.title if contains(["a", "b"], widget.properties.title)] == ["b"]
    error_message = aws_cloudwatch_dashboard.this.dashboard_body
  }
}
