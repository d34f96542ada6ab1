"""Parses alarm documents of any form into an ``AlarmChange``. Pure."""
