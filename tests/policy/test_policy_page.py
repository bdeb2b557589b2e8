"""The page on the rules says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from hub.policy import load_agreement
from hub.policy.access_cases import ACCESS, try_access
from hub.policy.cases import _GIVEN, load_table, try_case
from hub.policy.checks import CHECKS
from hub.policy.rulebook import load_rulebook, shipped_text

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "policy.md").read_text("utf-8")


def test_the_pages_table_of_cases_holds() -> None:
    example, of_access = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    table = load_table(example)
    files = [ROOT / "demo" / "agreements" / name for name in table.agreements]
    agreements = [load_agreement(path.read_text("utf-8")) for path in files]
    assert [try_case(case, agreements).right for case in table.cases] == [True, True]
    rulebook = load_rulebook(shipped_text())
    assert [try_access(case, rulebook).right for case in load_table(of_access).access] == [True, True]


def test_every_key_of_a_case_is_explained() -> None:
    table = PAGE[PAGE.index("| `us` |") : PAGE.index("`tests/policy/cases/`")]
    assert set(re.findall(r"`(\w+)`", table)) >= _GIVEN.keys() | ACCESS.keys()


def test_the_page_asks_what_an_officer_is_asked() -> None:
    for check, row in CHECKS.items():
        assert f"| `{check.value}` | {row.question} |" in PAGE
