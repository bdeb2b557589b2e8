"""The blocks of a page under docs/ that tests run."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def block(page: str, name: str) -> str:
    """Return the one block of a page that begins with `# docs: NAME`."""
    text = (DOCS / page).read_text(encoding="utf-8")
    (found,) = re.findall(rf"```\w+\n(# docs: {re.escape(name)}\n.*?)```", text, flags=re.DOTALL)
    assert isinstance(found, str)
    return found
