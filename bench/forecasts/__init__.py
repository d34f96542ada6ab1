"""Parts of ``bench/runway.py``: traces, accounts that live through them, and what is measured."""
