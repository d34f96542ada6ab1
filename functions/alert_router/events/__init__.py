"""Documents of any shape to one AlarmChange. Pure."""
