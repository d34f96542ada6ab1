"""The project's version: the functions', the command line's, and the wheel's."""

from __future__ import annotations

from typing import Final

VERSION: Final = "0.2.0"
