"""Record files: the kinds, a template to start from, a check that says what is wrong and how to fix it."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import click

from hub.audit.trail import writes_nothing
from hub.cli.answer import Answer, facts, table
from hub.cli.files import called, read_json
from hub.cli.frame import leaf, trail
from hub.errors import Refused
from hub.exchange.preparing import fill_in
from hub.records.ids import is_agency
from hub.records.kinds import MEANS, Kind
from hub.records.problems import Problem
from hub.records.record import Record, load_record
from hub.records.template import template as template_of

_STEP: Final = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
#: Stands for the hub that will draft the record, where the file leaves the originator to it.
_SOME_AGENCY: Final = "any-hub"
kind_argument: Final = click.argument(
    "kind",
    metavar="KIND",
    help="One of `hub record kinds`.",
    type=click.Choice([kind.value for kind in Kind]),
)


@dataclass(frozen=True, kw_only=True)
class Found:
    """One thing wrong with a file, where it is, and how to fix it where the template shows that."""

    path: str
    sentence: str
    fix: str | None = None


@trail(writes_nothing("what can be exchanged"))
@leaf(examples=("hub record kinds",))
def kinds() -> Answer:
    """List the kinds of record and what each is for."""
    return Answer(
        document={"kinds": [{"kind": kind.value, "means": means} for kind, means in MEANS.items()]},
        people=(table(("kind", "what it is for"), [(kind.value, means) for kind, means in MEANS.items()]),),
        then=("hub record template KIND > record.json",),
    )


@trail(writes_nothing("an example"))
@leaf(examples=("hub record template wanted-person > record.json",))
@kind_argument
def template(kind: str) -> Answer:
    """Print a filled example of a kind, to be edited. Needs no hub.

    What the hub that drafts it fills in by itself (id, originator, times, conversation) is left out.
    """
    document = start_of(Kind(kind))
    return Answer(document=document, people=(json.dumps(document, ensure_ascii=False, indent=2),))


@trail(writes_nothing("a file is looked at, and no hub"))
@leaf(examples=("hub record check record.json", "hub record check - < record.json"))
@click.argument("file", metavar="FILE|-", help="The JSON file, or - for standard input.")
def check(file: str) -> Answer:
    """Say what is wrong with a record file, where, and how to fix it. Needs no hub, and changes nothing."""
    found = checked(file, read_json(file))
    return Answer(
        document={"valid": True, "kind": found.kind.value, "agreement": found.legal_basis.agreement},
        people=(
            f"{called(file)} is a valid {found.kind.value}.",
            facts(
                {
                    "label": f"{found.label.classification.value}, TLP {found.label.tlp.value}",
                    "agreement": f"{found.legal_basis.agreement}, {', '.join(found.legal_basis.articles)}",
                    "subjects": len(found.subjects),
                    "attachments": len(found.attachments),
                }
            ),
        ),
        then=(f"hub record draft {file} --to AGENCY --as NAME",),
    )


def start_of(kind: Kind) -> dict[str, object]:
    """Return the template without what the hub that drafts it fills in by itself."""
    filled_in = fill_in({}, agency=_SOME_AGENCY, at=datetime.now(UTC))
    return {name: value for name, value in template_of(kind).items() if name not in filled_in}


def checked(name: str, document: Mapping[str, object]) -> Record:
    """Return the record that a file holds; raise its refusal with every problem and how to fix it.

    What the hub that drafts it fills in may be absent.
    """
    told = document.get("originator")
    agency = told if isinstance(told, str) and is_agency(told) else _SOME_AGENCY
    filled = fill_in(document, agency=agency, at=datetime.now(UTC))
    try:
        return load_record(filled)
    except Refused as refusal:
        problems: list[Problem] = refusal.details["problems"]  # type: ignore[assignment]
        count = "1 thing is" if len(problems) == 1 else f"{len(problems)} things are"
        raise Refused(
            refusal.code,
            f"{called(name)} cannot be drafted: {count} wrong with it.",
            problems=[_with_fix(problem, filled) for problem in problems],
            then=(*_templates(filled), f"hub record check {name}      (when it is edited)"),
        ) from None


def _templates(document: Mapping[str, object]) -> tuple[str, ...]:
    kind = document.get("kind")
    if kind in {known.value for known in Kind}:
        return (f"hub record template {kind}      (a filled example)",)
    return ("hub record kinds",)


def _with_fix(problem: Problem, document: Mapping[str, object]) -> Found:
    return Found(path=problem.path, sentence=problem.sentence, fix=_fix(problem, document))


def _fix(problem: Problem, document: Mapping[str, object]) -> str | None:
    """Return what the template of the same kind has in this place, or the name that was meant."""
    kind = document.get("kind")
    if kind not in {known.value for known in Kind}:
        near = difflib.get_close_matches(str(kind), [known.value for known in Kind], n=1)
        return f"did you mean {near[0]}?" if near and problem.path == "kind" else None
    example = template_of(Kind(kind))
    steps = list(_steps(problem.path))
    if not steps:
        return None
    parent = _at(example, steps[:-1])
    if isinstance(parent, dict) and steps[-1] not in parent:
        near = difflib.get_close_matches(str(steps[-1]), list(parent), n=1)
        return f"did you mean {near[0]}?" if near else None
    value = _at(example, steps)
    return None if value is None else f"for example {_short(value)}"


def _steps(path: str) -> Iterator[str | int]:
    for name, index in _STEP.findall(path):
        yield name or int(index)


def _at(value: object, steps: list[str | int]) -> object:
    """Follow a path in the template; any place of a list is like its first."""
    for one in steps:
        if isinstance(one, int):
            value = value[0] if isinstance(value, list) and value else None
        else:
            value = value.get(one) if isinstance(value, dict) else None
    return value


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else f"{text[:99]}…"
