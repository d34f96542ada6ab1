"""How this program is called, for commands to paste."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Final

_NAME: Final = "balancectl"


def program() -> str:
    """Return the word that runs this program in the caller's shell: its name, or its path.

    A checkout's ``.venv/bin/balancectl`` is not on PATH, and is called as it was this time.
    """
    invoked = Path(sys.argv[0])
    if invoked.name != _NAME or not invoked.exists():
        return _NAME
    found = shutil.which(_NAME)
    return _NAME if found and Path(found).samefile(invoked) else sys.argv[0]
