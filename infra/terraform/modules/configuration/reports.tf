# Who gets weekly reports, and about which accounts: items of table alerts for the
# router. An item holds 400 KB, so each shard's accounts have one.

locals {
  report_subscribers = sort([for name, subscriber in var.subscribers : name if subscriber.reports == "weekly"])

  report_items = {
    for shard, ids in local.shards : format("%d", shard) => {
      scope    = "reports"
      id       = format("shard-%d", shard)
      names    = jsonencode(local.report_subscribers)
      accounts = jsonencode({ for id in ids : id => local.accounts[id].provider })
    }
    if length(local.report_subscribers) > 0
  }
}
