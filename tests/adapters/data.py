"""Real public files that are not in the project: found through HUB_DATA; tests are skipped without them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(os.environ.get("HUB_DATA", Path(__file__).parents[2].parent / "shared" / "data"))


def file(name: str) -> bytes:
    """Return what a file holds; skip the test where there is none."""
    path = ROOT / name
    if not path.is_file():
        pytest.skip(f"needs {name} under HUB_DATA, which has none")
    return path.read_bytes()
