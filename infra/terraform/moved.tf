# Addresses that changed within the module. Roots that already called it keep their resources.

moved {
  from = aws_cloudwatch_dashboard.this
  to   = aws_cloudwatch_dashboard.this[0]
}

moved {
  from = aws_scheduler_schedule.tick
  to   = aws_scheduler_schedule.reconcile
}
