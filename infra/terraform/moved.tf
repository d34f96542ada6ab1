# Addresses that changed within the module. A root that called it before keeps what it has.

moved {
  from = aws_cloudwatch_dashboard.this
  to   = aws_cloudwatch_dashboard.this[0]
}

moved {
  from = aws_scheduler_schedule.tick
  to   = aws_scheduler_schedule.reconcile
}
