"""`hub policy`: which rules there are, what they say of a record, and whether they decide as a table says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import RenderableType

from hub.audit.trail import writes_nothing
from hub.cli.answer import Answer, instant, table
from hub.cli.files import read_text
from hub.cli.frame import SOME_ID, Noun, trail
from hub.cli.home import home_option, opened, unlock_option
from hub.cli.policy_deciding import approve, check, propose, show
from hub.cli.record_naming import originator_option
from hub.codes import CODES
from hub.exchange.explaining import Explained, explain_record
from hub.policy.access_cases import AccessTried, try_access
from hub.policy.agreements import load_agreement
from hub.policy.cases import Tried, load_table, try_case
from hub.policy.explanation import Finding, Verdict
from hub.policy.rulebook import load_rulebook, shipped_text
from hub.policy.rules import RULES

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock

_MARKS = {Verdict.MET: "met", Verdict.FAILED: "FAILED", Verdict.NOT_ASKED: "not asked", Verdict.OPEN: "OPEN"}


@click.group(cls=Noun)
def policy() -> None:
    """Ask the rules: what they are, why a record may go or not, and whether they do as lawyers expect."""


@trail(writes_nothing("the rules alone"))
@policy.command(examples=("hub policy rules",))
def rules() -> Answer:
    """List every rule with the code it refuses with, where it is written and what changes its verdict."""
    cells = [(row.code, row.rule, row.source.value, row.remedy) for row in RULES]
    return Answer(
        document={
            "rules": [
                {"code": code, "rule": rule, "written_in": source, "remedy": remedy}
                for code, rule, source, remedy in cells
            ]
        },
        people=(table(("code", "rule", "written in", "what changes it"), cells),),
        then=("hub policy explain --record RECORD --to AGENCY",),
    )


@trail(writes_nothing("what the rules say of a record; its content is opened, not shown", opens=True))
@policy.command(
    examples=(
        f"hub policy explain --record {SOME_ID} --to cis-atc",
        f"hub policy explain --record {SOME_ID} --to cis-atc --version 1 --as-released",
        f"hub policy explain --record {SOME_ID} --to cis-atc --officer bolat",
    )
)
@click.option("--record", "record_id", required=True, metavar="RECORD", help="The record's id.")
@click.option("--to", "recipient", required=True, metavar="PARTNER", help="A partner or a member.")
@click.option("--version", type=click.IntRange(1), metavar="N", help="This version; without it the newest.")
@click.option("--as-released", is_flag=True, help="Ask as of its release, with the agreements of that time.")
@click.option("--officer", metavar="NAME", help="Say also what this officer may do with it now.")
@originator_option
@home_option
@unlock_option
def explain(
    record_id: str,
    recipient: str,
    version: int | None,
    as_released: bool,
    officer: str | None,
    originator: str | None,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Say why a record may go to a partner or not: each rule, its verdict, source and remedy."""
    with opened(home, unlock) as hub:
        told = explain_record(
            hub.broker,
            record_id,
            recipient,
            version=version,
            originator=originator,
            as_released=as_released,
            officer=officer,
        )
    return Answer(document=_document(told), people=_page(told))


@trail(writes_nothing("files are looked at, and no hub"))
@policy.command(examples=("hub policy test cases/cis-1999.toml", "hub policy test cases/*.toml"))
@click.argument("files", metavar="FILE...", nargs=-1, required=True, help="Tables of cases in TOML.")
def test(files: tuple[str, ...]) -> Answer:
    """Try the cases in tables that lawyers write; exit code 1 says that the rules decide otherwise.

    The agreements and the policy that a table names are read beside it; without a policy, rows on who may do
    what are tried against the one shipped. Needs no hub.
    """
    tried = [(name, each) for name in files for each in _tried(name)]
    wrong = [(name, each) for name, each in tried if not each.right]
    cells = [
        (each.case.name, each.case.expected.value, _because(each.case.because), _found(each))
        for _, each in tried
    ]
    verdict = "all as expected" if not wrong else f"{len(wrong)} decided otherwise than expected"
    people: list[RenderableType] = [
        table(("case", "expected", "because", "decided"), cells),
        f"{len(tried)} cases in {len(files)} {'table' if len(files) == 1 else 'tables'}: {verdict}.",
    ]
    return Answer(
        document={
            "cases": [
                {
                    "table": name,
                    "case": each.case.name,
                    "expected": each.case.expected.value,
                    "expected_because": sorted(each.case.because),
                    "decided": each.found.value,
                    "because": sorted(each.because),
                    "right": each.right,
                }
                for name, each in tried
            ],
            "wrong": len(wrong),
        },
        people=tuple(people),
        exit=CODES["cases-failed"].exit if wrong else 0,
    )


def _tried(name: str) -> Sequence[Tried | AccessTried]:
    found = load_table(read_text(name))
    beside = Path() if name == "-" else Path(name).parent
    agreements = [load_agreement(read_text(str(beside / file))) for file in found.agreements]
    rulebook = load_rulebook(
        shipped_text() if found.policy is None else read_text(str(beside / found.policy))
    )
    return [
        *(try_case(case, agreements) for case in found.cases),
        *(try_access(case, rulebook) for case in found.access),
    ]


def _because(codes: frozenset[str]) -> str:
    return ", ".join(sorted(codes))


def _found(each: Tried | AccessTried) -> str:
    if each.right:
        return "as expected"
    why = f": {_because(each.because)}" if each.because else ""
    return f"OTHERWISE: {each.found.value}{why}"


def _page(told: Explained) -> tuple[RenderableType, ...]:
    explained = told.explanation
    cells = [(one.code, _MARKS[one.verdict], one.told, one.source) for one in explained.findings]
    partners = [
        f"{explained.recipient} itself {'refuses' if one.refuses else 'asks'}, {one.code}: {one.sentence}"
        for one in told.remarks
    ]
    remedies = [
        f"{one.code}: {one.remedy}."
        for one in explained.findings
        if one.remedy is not None and one.code != "four-eyes"
    ]
    lines = [
        f"As of {instant(told.at)}, version {told.row.version} of {told.row.record_id} {_outcome(told)}.",
        *partners,
        *(["What would change it:", *(f"  {line}" for line in remedies)] if remedies else []),
    ]
    rules = table(("rule", "verdict", "what was held against what", "source"), cells)
    if not told.people:
        return (rules, *lines)
    people = [
        (
            one.who,
            one.doing.value,
            "may" if one.permitted else "MAY NOT",
            " ".join(reason.sentence for reason in one.reasons) or one.allowed_by,
        )
        for one in told.people
    ]
    return (rules, *lines, table(("who", "does", "verdict", "why"), people))


def _outcome(told: Explained) -> str:
    explained = told.explanation
    if told.recalled:
        return (
            f"is a withdrawal: whatever else is said, it goes to {explained.recipient} if it has the "
            "record, unless traffic is stopped"
        )
    if not told.permitted:
        return f"may not go to {explained.recipient}"
    if told.by_rule:
        return f"may go to {explained.recipient} by rule, without a second officer"
    return f"may go to {explained.recipient} once a second officer has released it"


def _document(told: Explained) -> dict[str, object]:
    explained = told.explanation
    return {
        "record_id": told.row.record_id,
        "version": told.row.version,
        "recipient": explained.recipient,
        "at": instant(told.at),
        "permitted": told.permitted,
        "by_rule": told.by_rule,
        "withdrawal": told.recalled,
        "rules": [_finding(one) for one in explained.findings],
        "people": [
            {
                "who": one.who,
                "doing": one.doing.value,
                "permitted": one.permitted,
                "allowed_by": one.allowed_by,
                "reasons": [
                    {"code": reason.code, "sentence": reason.sentence, "clause": reason.clause}
                    for reason in one.reasons
                ],
            }
            for one in told.people
        ],
        "partner_rules": [
            {"refuses": one.refuses, "code": one.code, "sentence": one.sentence} for one in told.remarks
        ],
    }


def _finding(one: Finding) -> dict[str, object]:
    return {
        "code": one.code,
        "rule": one.rule,
        "verdict": one.verdict.value,
        "told": one.told,
        "source": one.source,
        "remedy": one.remedy,
    }


for command in (check, show, propose, approve):
    policy.add_command(command)
