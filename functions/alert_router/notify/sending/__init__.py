"""Send notifications: join, render, publish, and store who got them."""
