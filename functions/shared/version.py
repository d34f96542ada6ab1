"""The version of the functions, of balancectl and of its wheel: written once, here."""

from __future__ import annotations

from typing import Final

VERSION: Final = "0.2.0"
