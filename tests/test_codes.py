"""Codes are what machines read of a failure: each is asked for by a test."""

from __future__ import annotations

import re
from pathlib import Path

from hub.codes import CODES

_HERE = Path(__file__).parent
#: Suffixes of tests, and of what they are driven by.
_READ = {".py", ".json", ".toml"}


def test_every_code_is_named_by_a_test() -> None:
    """One that no test names may be given where it should not, or be dead."""
    files = [path for path in _HERE.rglob("*") if path.suffix in _READ and path != Path(__file__)]
    quoted = {
        word
        for path in files
        for word in re.findall(
            r"""["']([a-z0-9]+(?:-[a-z0-9]+)*)[:"']""", path.read_text("utf-8", errors="replace")
        )
    }
    assert sorted(CODES.keys() - quoted) == []
