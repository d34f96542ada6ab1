# What the root's own variables refuse; one run for each validation.

mock_provider "aws" {
  source = "./mocks"
}

variables {
  accounts               = { main = { provider = "openrouter", warning = 5 } }
  subscribers            = { team = { protocol = "email", endpoint = "team@example.com" } }
  operations_subscribers = { ops = { protocol = "email", endpoint = "ops@example.com" } }
  package_dir            = "fixtures"
}

run "more_than_a_cloudwatch_period_between_polls_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    poll_interval_minutes = 1441
  }

  expect_failures = [var.poll_interval_minutes]
}

run "half_a_minute_between_polls_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    poll_interval_minutes = 0.5
  }

  expect_failures = [var.poll_interval_minutes]
}

run "a_name_with_capitals_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    name = "Balance"
  }

  expect_failures = [var.name]
}

run "a_name_that_makes_too_long_a_function_name_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    name = "a12345678901234567890123456789012345678901"
  }

  expect_failures = [var.name]
}

run "a_namespace_of_aws_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    metric_namespace = "AWS/Balance"
  }

  expect_failures = [var.metric_namespace]
}

run "a_tag_that_iam_does_not_take_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    tags = { Team = "R&D" }
  }

  expect_failures = [var.tags]
}

run "tags_that_differ_in_capital_letters_alone_are_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    tags = { application = "x" }
  }

  expect_failures = [var.tags]
}

run "a_retention_that_cloudwatch_does_not_know_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    log_retention_days = 31
  }

  expect_failures = [var.log_retention_days]
}

run "no_history_at_all_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    history_days = 0
  }

  expect_failures = [var.history_days]
}

run "a_key_alias_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    kms_key_arns = ["arn:aws:kms:eu-central-1:123456789012:alias/mine"]
  }

  expect_failures = [var.kms_key_arns]
}

run "a_boundary_by_name_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    permissions_boundary_arn = "developers"
  }

  expect_failures = [var.permissions_boundary_arn]
}

run "a_region_by_its_city_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    region = "Frankfurt"
  }

  expect_failures = [var.region]
}

run "a_recovery_of_one_day_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    secret_recovery_days = 1
  }

  expect_failures = [var.secret_recovery_days]
}

run "a_tag_of_aws_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    tags = { "aws:team" = "platform" }
  }

  expect_failures = [var.tags]
}

run "fifty_tags_are_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    tags = { for number in range(50) : "tag-${number}" => "value" }
  }

  expect_failures = [var.tags]
}

run "no_request_at_a_time_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    max_in_flight = 0
  }

  expect_failures = [var.max_in_flight]
}

run "a_request_of_two_minutes_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    request_timeout_seconds = 120
  }

  expect_failures = [var.request_timeout_seconds]
}

run "a_request_that_leaves_no_time_to_write_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    request_timeout_seconds = 18
    poller_timeout_seconds  = 20
  }

  expect_failures = [var.request_timeout_seconds]
}

run "an_empty_shard_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    shard_size = 0
  }

  expect_failures = [var.shard_size]
}

run "a_digest_of_nothing_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    digest_above = 0
  }

  expect_failures = [var.digest_above]
}

run "a_delay_longer_than_a_queue_can_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    group_wait_seconds = 901
  }

  expect_failures = [var.group_wait_seconds]
}

run "a_negative_repetition_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    repeat_hours = { critical = -1 }
  }

  expect_failures = [var.repeat_hours]
}

run "a_runbook_address_with_a_space_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    runbook_url = "the wiki"
  }

  expect_failures = [var.runbook_url]
}

run "a_tick_of_an_hour_and_a_minute_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    tick_interval_minutes = 61
  }

  expect_failures = [var.tick_interval_minutes]
}

run "an_unknown_processor_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    architecture = "riscv"
  }

  expect_failures = [var.architecture]
}

run "an_unknown_log_level_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    log_level = "TRACE"
  }

  expect_failures = [var.log_level]
}

run "a_folder_without_zips_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    package_dir = "mocks"
  }

  expect_failures = [var.package_dir]
}

run "too_little_memory_for_the_poller_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    poller_memory_mb = 64
  }

  expect_failures = [var.poller_memory_mb]
}

run "too_little_memory_for_the_router_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    router_memory_mb = 64
  }

  expect_failures = [var.router_memory_mb]
}

run "a_poller_of_five_seconds_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    poller_timeout_seconds = 5
  }

  expect_failures = [var.poller_timeout_seconds]
}

run "a_poller_that_outlives_its_interval_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    poller_timeout_seconds = 60
    poll_interval_minutes  = 1
  }

  expect_failures = [var.poller_timeout_seconds]
}

run "a_router_of_five_minutes_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    router_timeout_seconds = 300
  }

  expect_failures = [var.router_timeout_seconds]
}

run "a_concurrency_of_nothing_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    reserved_concurrency = { router = 0 }
  }

  expect_failures = [var.reserved_concurrency]
}

run "fewer_pollers_than_shards_are_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    reserved_concurrency = { poller = 1 }
    shard_size           = 1
    accounts             = { a = { provider = "openrouter", warning = 1 }, b = { provider = "openrouter", warning = 1 } }
  }

  expect_failures = [var.reserved_concurrency]
}

run "a_vpc_without_subnets_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    vpc = { subnet_ids = [], security_group_ids = ["sg-1"] }
  }

  expect_failures = [var.vpc]
}

run "a_misspelt_field_of_an_account_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    accounts = { main = { provider = "openrouter", warning = 5, crticial = 1 } }
  }

  expect_failures = [var.accounts]
}

run "a_misspelt_field_of_a_subscriber_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    subscribers = { team = { protocol = "email", endpoint = "team@example.com", severites = ["critical"] } }
  }

  expect_failures = [var.subscribers]
}

run "a_field_that_an_operations_subscriber_has_not_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    operations_subscribers = { ops = { protocol = "email", endpoint = "ops@example.com", severities = ["critical"] } }
  }

  expect_failures = [var.operations_subscribers]
}
