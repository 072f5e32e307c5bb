"""Where the checkout is, and its .venv, for the Python programs in this directory."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def enter() -> None:
    """Go on in the checkout's .venv if it has one, and make the project importable."""
    python = ROOT / ".venv" / "bin" / "python"
    if python.exists() and not sys.prefix.startswith(str(ROOT / ".venv")):
        os.execv(python, [str(python), *sys.argv])
    sys.path.insert(0, str(ROOT))
