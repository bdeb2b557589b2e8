"""The page on the rules says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from hub.policy import load_agreement
from hub.policy.cases import _GIVEN, load_table, try_case

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "policy.md").read_text("utf-8")


def test_the_pages_table_of_cases_holds() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    table = load_table(example)
    files = [ROOT / "demo" / "agreements" / name for name in table.agreements]
    agreements = [load_agreement(path.read_text("utf-8")) for path in files]
    assert [try_case(case, agreements).right for case in table.cases] == [True, True]


def test_every_key_of_a_case_is_explained() -> None:
    table = PAGE[PAGE.index("| `us` |") : PAGE.index("`tests/policy/cases/`")]
    assert set(re.findall(r"`(\w+)`", table)) >= _GIVEN.keys()
