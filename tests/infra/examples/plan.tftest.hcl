# Run with -test-directory=examples and one of the examples as -var-file.

mock_provider "aws" {
  source = "./mocks"
}

run "the_example_plans" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    package_dir = "fixtures"
  }

  assert {
    condition     = output.alarm_count.accounts >= 2 && length(aws_scheduler_schedule.poll) == 1
    error_message = "The example watches nothing."
  }
}
