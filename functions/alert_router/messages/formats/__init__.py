"""The forms of a message: e-mail, SMS, chat, webhook, and their limits."""
