"""Sentences that send a person to the runbook name a part of it that is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTS = set(
    re.findall(r"^##+ (.*)$", (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
)


def sentences() -> Iterator[str]:
    """Yield each text in the code that names the runbook, joined over its lines."""
    for path in sorted((ROOT / "hub").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if "he runbook" in text else ():
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "he runbook" in node.value:
                yield " ".join(node.value.split())


def test_each_part_that_a_sentence_names_is_there() -> None:
    named = [re.search(r"[Ss]ee the runbook, ([^.)]+)[.)]", text) for text in sentences()]
    assert len(named) > 8
    assert {found[1] if found else "" for found in named} <= PARTS
