"""`docs/records.md` from the schemas, so that it cannot say anything else than what is checked."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import getdoc, getmembers, isfunction
from typing import Any, Final

from marshmallow import Schema, fields

from hub.records.details import SHAPES, Withdrawal
from hub.records.fields import Many, Part, Plain
from hub.records.grading import MEANINGS, PARTS
from hub.records.head import RecordSchema
from hub.records.kinds import MEANS, PURPOSE_MEANS, Kind
from hub.records.schema import OneOf
from hub.records.subjects import SUBJECTS, AnySubject

_PREAMBLE: Final = """\
# Records

Made from the schemas in `hub/records` by `hub/records/describe.py`; a test fails when this page is stale.
`hub record template KIND` prints a filled example; `hub record check FILE` says what is wrong, and where.

A record is a JSON object. What it does not need is left out, never null. Numbers are whole; money,
quantities and coordinates are decimal text, because binary fractions do not keep them. Fields that are not
listed here are refused everywhere. A record has at most 1 MiB.

**Text** is kept in Unicode's form NFC, without outer blanks. Control characters, line separators,
bidirectional embeddings, overrides and isolates (U+202A to U+202E, U+2066 to U+2069), byte order marks,
surrogates, noncharacters and tag characters are refused: they make a screen show something else than what
is stored. Text of several lines may hold line feeds and tabs. The joiners that Persian, Urdu and other
scripts need are kept.

**Times** carry their offset and are kept in UTC with a Z. **Ids** are UUIDv7: they sort by when they were
made.

**Versions.** Version 1 has the action `new`. Each later version has a higher number and the same id, and is
a `correction`, complete in itself, or a `withdrawal`. A withdrawal keeps the head and the kind; its details
are only the reason (a passage's say more), and it needs no subjects. It must reach everyone who got the
record.
"""


def records_page() -> str:
    """Return the whole of `docs/records.md`."""
    shared: dict[str, type[Schema]] = {}
    parts = [_PREAMBLE, "## The head\n", _table(RecordSchema, shared), *_sets()]
    parts.append("## Kinds\n")
    parts.append("\n".join(f"- [`{kind.value}`](#{kind.value}): {MEANS[kind]}" for kind in Kind) + "\n")
    for kind, shape in SHAPES.items():
        needs = f" Needs a subject of type {' or '.join(sorted(shape.needs))}." if shape.needs else ""
        needs += " Needs `in_reply_to`." if shape.answers else ""
        parts.append(f"### {kind.value}\n\n{MEANS[kind]}{needs}\n\n{_object(shape.details, shared)}")
    parts.append(f"### Withdrawal of any kind\n\n{_object(Withdrawal, shared)}")
    for kind, shape in SHAPES.items():
        if shape.recall is not Withdrawal:
            parts.append(f"### Withdrawal of a {kind.value}\n\n{_object(shape.recall, shared)}")
    parts.append("## Subjects\n")
    parts += [f"### {name}\n\n{_object(schema, shared)}" for name, schema in SUBJECTS.items()]
    parts.append("## Objects that these share\n")
    done: set[str] = set()
    while todo := sorted(shared.keys() - done):  # describing one may name others
        done.add(todo[0])
        shared[todo[0]] = shared.pop(todo[0])
        parts.append(f"### {todo[0]}\n\n{_object(shared[todo[0]], shared)}")
    return "\n".join(parts)


def _sets() -> Iterator[str]:
    yield "## Purposes\n"
    yield "\n".join(f"- `{purpose.value}`: {means}" for purpose, means in PURPOSE_MEANS.items()) + "\n"
    yield "## Grading scales\n"
    yield "A grading stays in the scale that it came in, and is shown with what its grades mean there.\n"
    for scale, meanings in MEANINGS.items():
        yield f"`{scale.value}`\n"
        yield "| part | grade | means |\n|---|---|---|"
        yield (
            "\n".join(
                f"| {part} | {grade} | {means} |"
                for part, grades in zip(PARTS, meanings, strict=True)
                for grade, means in grades.items()
            )
            + "\n"
        )


def _object(schema: type[Schema], shared: dict[str, type[Schema]]) -> str:
    return f"{' '.join((getdoc(schema) or '').split())}\n\n{_table(schema, shared)}"


def _table(schema: type[Schema], shared: dict[str, type[Schema]]) -> str:
    rows = [
        f"| `{name}` | {'yes' if field.required else ''} | {_said(field, shared)} |"
        for name, field in schema().load_fields.items()
    ]
    rules = [f"- {rule}" for rule in _rules(schema)]
    table = "\n".join(["| field | required | |", "|---|---|---|", *rows]) + "\n"
    return table + ("\n" + "\n".join(rules) + "\n" if rules else "")


def _said(field: fields.Field[Any], shared: dict[str, type[Schema]]) -> str:
    if isinstance(field, Many):
        return f"{field.expected}: {_said(field.inner, shared)}"
    if isinstance(field, Part):
        name = type(field.schema).__name__.removesuffix("Schema")
        shared[name] = type(field.schema)
        return f"[{name}](#{name.lower()})"
    if isinstance(field, AnySubject):
        return "[subjects](#subjects)"
    assert isinstance(field, Plain)
    return field.expected


def _rules(schema: type[Schema]) -> Iterator[str]:
    if issubclass(schema, OneOf):
        yield f"Refused: an object with none of {', '.join(schema.one_of)}."
    for name, member in getmembers(schema, isfunction):
        if (getdoc(member) or "").startswith("Refuse ") and name != "has_one":
            yield f"Refused: {(getdoc(member) or '').removeprefix('Refuse ')}"
