# The accounts as the poller receives them: with defaults, and without unset fields.

locals {
  accounts = {
    for id, account in var.accounts : id => merge(account, {
      # A pushed account has no key.
      secret              = local.is_pushed[id] ? null : coalesce(account.secret, "${local.names.secret}#${id}")
      stale_after_minutes = local.stale_after_minutes[id]
      # Only if it is longer than the interval at which the schedule fires.
      min_interval_seconds = local.provider_of[id].min_interval_seconds > var.close_interval_minutes * 60 && var.close_interval_minutes > 0 ? local.provider_of[id].min_interval_seconds : null
    })
  }
  default_secret_accounts = [
    for id, account in local.accounts : id if try(split("#", account.secret)[0] == local.names.secret, false)
  ]

  # Without these, every account of an event is polled.
  intervals = {
    for field, minutes in {
      poll_interval_minutes  = var.poll_interval_minutes
      close_interval_minutes = var.close_interval_minutes
    } : field => minutes if var.close_interval_minutes > 0
  }

  shards = chunklist(keys(local.accounts), var.shard_size)

  # The scheduler replaces the literal <aws.scheduler.scheduled-time>, and jsonencode escapes its
  # angle brackets. All others stay escaped: as JSON they are the same.
  schedule_inputs = {
    for shard, ids in local.shards : format("%d", shard) => replace(jsonencode(merge(local.intervals, var.heartbeat ? { heartbeat = true } : {}, {
      scheduled_at                                                                                                                = "<aws.scheduler.scheduled-time>"
      shard                                                                                                                       = shard
      accounts = [
        for id in ids : merge({ id = id }, {
          for field, value in local.accounts[id] : field => value
          if value != null && !(field == "params" && length(local.accounts[id].params) == 0)
        })
      ]
      providers = {
        for name, definition in try({ for k, v in var.custom_providers : k => v }, {}) : name => definition
        if contains([for id in ids : local.accounts[id].provider], name)
      }
    })), "\\u003caws.scheduler.scheduled-time\\u003e", "<aws.scheduler.scheduled-time>")
  }

  # length() counts characters; base64 counts bytes, four for every three. No page of AWS's was found
  # that limits a schedule's input (the API model has no maximum, Scheduler's quotas and Target's
  # reference name none; read 2026-11). But a failed run is kept in a queue, where a message may have
  # 262,144 bytes, including what Lambda adds (SQS's default).
  schedule_input_bytes = {
    for shard, input in local.schedule_inputs : shard => floor(length(base64encode(input)) * 3 / 4)
  }
}
