"""Delivers messages to chat and paging channels: the third function, deployed where one is used."""
