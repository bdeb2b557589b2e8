"""Lawyers' tables of who may do what: decided as they expect, or refused with the place of what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.errors import Refused
from hub.policy.access_cases import AccessTried, May, try_access
from hub.policy.cases import load_table
from hub.policy.rulebook import load_rulebook, shipped_text

TABLES = sorted((Path(__file__).parent / "cases").glob("access*.toml"))
CASE = """
title = "One case"

[[access]]
name = "A reader reads"
us = "kz-knb"
does = "read"
roles = ["reader"]
clearance = "secret"
kind = "notice"
purpose = "investigation"
classification = "restricted"
tlp = "amber"
under = "cis-1999"
expect = "may"
"""


def tried(text: str, beside: Path = Path()) -> list[AccessTried]:
    table = load_table(text)
    policy = shipped_text() if table.policy is None else (beside / table.policy).read_text("utf-8")
    return [try_access(case, load_rulebook(policy)) for case in table.access]


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_case_is_decided_as_lawyers_expect(path: Path) -> None:
    every = tried(path.read_text("utf-8"), path.parent)
    assert len(every) >= 4
    assert [(each.case.name, each.found, each.because) for each in every if not each.right] == []


def test_every_rule_that_forbids_has_a_case_that_it_keeps() -> None:
    kept = {
        why for path in TABLES for each in tried(path.read_text("utf-8"), path.parent) for why in each.because
    }
    assert {rule.name for rule in load_rulebook(shipped_text()).rules if rule.forbids} <= kept
    assert {"role-missing", "clearance-missing"} <= kept


def test_a_case_that_expects_otherwise_is_not_right() -> None:
    (case,) = tried(CASE.replace('expect = "may"', 'expect = "may not"\nbecause = ["need-to-know"]'))
    assert (case.right, case.found, case.because) == (False, May.YES, frozenset())


def test_a_case_that_is_refused_for_another_reason_is_not_right() -> None:
    (case,) = tried(
        CASE.replace('"restricted"', '"top-secret"').replace(
            'expect = "may"', 'expect = "may not"\nbecause = ["need-to-know"]'
        )
    )
    assert (case.right, case.found, case.because) == (False, May.NO, frozenset({"clearance-missing"}))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('kind = "notice"\n', "", "nothing is said of kind"),
        ('expect = "may"', 'expect = "may not"', "because is said exactly where somebody may not"),
        (
            'expect = "may"',
            'expect = "may"\nbecause = ["x"]',
            "because is said exactly where somebody may not",
        ),
        ('does = "read"', 'does = "collect"', "member, whose system it is"),
        ('does = "read"', 'does = "collect"\nmember = "kz-mvd"', "a member's system has no clearance"),
        ('does = "read"', 'does = "read"\nmember = "kz-mvd"', "member, whose system it is"),
        ('does = "read"', 'does = "release"', "names its recipient"),
        ('does = "read"', 'does = "burn"', "access[0].does: expected one of"),
        ('tlp = "amber"', 'tlp = "clear"', "label.tlp: expected green or stricter"),
        ("[[access]]", '[[cases]]\nname = "x"\n[[access]]', "agreements is missing"),
        ("[[access]]", "[access_given]", "it has no case"),
    ],
)
def test_a_row_that_is_wrong_is_refused_with_the_place(old: str, new: str, says: str) -> None:
    assert old in CASE
    text = CASE.replace(old, new, 1)
    with pytest.raises(Refused) as caught:
        load_table(text.replace('name = "A reader reads"\n', "") if "given" in new else text)
    assert caught.value.code == "cases-invalid"
    assert says in caught.value.sentence
