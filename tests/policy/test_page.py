"""The page on agreements says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from hub.codes import CODES
from hub.policy import load_agreement
from hub.records.kinds import Kind

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "agreements.md").read_text("utf-8")


def test_the_pages_example_is_a_valid_agreement_with_every_key() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (flow,) = load_agreement(example).flows
    assert flow.by_rule == {Kind.DESIGNATION}
    assert all(getattr(flow, name) for name in vars(flow))


def test_every_key_of_the_example_is_explained() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    keys = set(re.findall(r"^(\w+) = ", example, re.MULTILINE))
    explained = set(re.findall(r"`(\w+)`", PAGE))
    assert keys <= explained


def test_every_code_on_the_page_exists() -> None:
    table = PAGE[PAGE.index("| code | says |") : PAGE.index("What came in is shown on")]
    codes = re.findall(r"`([a-z-]+)`", table)
    assert len(codes) == 17
    assert set(codes) <= set(CODES)


def test_the_page_lists_the_demos_files() -> None:
    listed = re.findall(r"^\| `([a-z0-9-]+)` \|", PAGE[PAGE.index("## The demo's files") :], re.MULTILINE)
    assert sorted(listed) == sorted(path.stem for path in (ROOT / "demo" / "agreements").glob("*.toml"))
