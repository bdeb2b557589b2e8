"""tear: a record's document with parts left out, and the check that nothing of them is said elsewhere in it.

Parts are named by their paths, as problems are: `details.targets[1]`, `subjects[*].addresses`. The narrative
counts as its paragraphs, parted by empty lines: `narrative[2]` is the third. What is read here is one version
of a record, which was checked; what comes of it is checked again by `load_record`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from marshmallow import Schema

from hub.errors import Refused
from hub.records.details import SHAPES
from hub.records.fields import Choice, Many, Part
from hub.records.head import RecordSchema
from hub.records.iso import COUNTRIES, CURRENCIES, SCRIPTS
from hub.records.subjects import SUBJECTS

#: A place in a document: names of fields and places in lists.
Path = tuple[str | int, ...]

#: The fields of a head in and under which parts may be left out. What binds a recipient is none of them.
TEARABLE: Final = ("grading", "subjects", "narrative", "details", "attachments")
#: As many as one order names; each may stand for a whole list.
ORDERS_MAX: Final = 200

_PATH: Final = re.compile(r"[a-z_]{1,40}(\[([0-9]{1,4}|\*)\]|\.[a-z_]{1,40}){0,16}")
_STEP: Final = re.compile(r"[a-z_]+|\[([0-9]+|\*)\]")
_ANY: Final = "*"
_BETWEEN: Final = re.compile(r"\n[ \t]*\n\s*")
#: What the hub itself says of a record: names, days and codes that are the same for all of its kind.
_OF_THE_HUB: Final = frozenset(
    {
        *(
            "id",
            "version",
            "kind",
            "action",
            "originator",
            "created_at",
            "purpose",
            "conversation",
            "language",
        ),
        *("in_reply_to", "reply_due_at", "review_on", "retain_until"),
    }
)


@dataclass(frozen=True, kw_only=True)
class Torn:
    """What is left of a document, and what was left out: paths and the values of all leaves under them.

    `kept` are the leaves that are left, by their places in the document that was torn.
    """

    document: Mapping[str, Any] = field(repr=False)
    kept: Mapping[Path, str] = field(repr=False)
    left_out: tuple[str, ...]
    values: frozenset[str] = field(repr=False)


def tear(document: Mapping[str, Any], leave_out: Sequence[str]) -> Torn:
    """Return a document without some parts; the original stays as it is.

    Raises Refused `tear-invalid` for a path that leads nowhere, or to what may not be left out.
    """
    if not 1 <= len(leave_out) <= ORDERS_MAX:
        raise _wrong(f"expected 1 to {ORDERS_MAX} parts to leave out; {len(leave_out)} are named")
    parted = {**document, "narrative": _BETWEEN.split(document["narrative"])}
    gone = {path for order in leave_out for path in find(parted, order)}
    kept = {name: _without(value, (name,), gone) for name, value in parted.items() if (name,) not in gone}
    paragraphs = kept.pop("narrative", [])
    untouched = len(paragraphs) == len(parted["narrative"])
    kept["narrative"] = document["narrative"] if untouched else "\n\n".join(paragraphs)
    for name in ("subjects", "attachments"):
        kept.setdefault(name, [])
    values = {value for path in gone for _, value in _leaves(_at(parted, path), path)}
    return Torn(
        document=kept,
        kept={path: value for path, value in _leaves(parted, ()) if not _under(path, gone)},
        left_out=tuple(sorted(map(as_text, gone))),
        values=frozenset(values - _closed()),
    )


def find(document: Mapping[str, Any], order: str) -> Sequence[Path]:
    """Return the places that one order names; raise Refused `tear-invalid` where there are none."""
    steps = _steps(order)
    if steps[0] not in TEARABLE or steps == ("details",):
        raise _wrong(f"{order}: only what is in {', '.join(TEARABLE)} may be left out")
    found = list(_matching(document, steps))
    if not found:
        raise _wrong(f"{order}: the record has no such part")
    return found


def said_again(torn: Torn, values: Collection[str], *, may_stay: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the places at which values that were left out are said all the same.

    Whole words are compared, without regard to case. Words of closed lists, single characters and numbers of
    less than four digits say nothing by themselves, and are not looked for. `may_stay` are paths that a
    person has looked at; what stands under them is not told.
    """
    allowed = [_steps(order) for order in may_stay]
    told = {
        path: _plain(value)
        for path, value in torn.kept.items()
        if path[0] not in _OF_THE_HUB and not any(_covers(one, path) for one in allowed)
    }
    whole = "\n".join(told.values())  # most values are nowhere, which one look tells
    wanted = [_as_words(text) for text in map(_plain, values) if _says_something(text) and text in whole]
    return tuple(
        sorted(as_text(path) for path, text in told.items() if any(one.search(text) for one in wanted))
    )


def changed_parts(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the paths at which two versions of a record differ, of lists the whole entry."""
    return tuple(sorted(as_text(path) for path in _differing(_parted(before), _parted(after), ())))


def as_text(path: Path) -> str:
    """Return a place as people write it."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def _parted(document: Mapping[str, Any]) -> Mapping[str, Any]:
    told = {name: document.get(name) for name in (*TEARABLE, "label", "legal_basis")}
    return {**told, "narrative": _BETWEEN.split(document["narrative"])}


def _differing(one: Any, other: Any, path: Path) -> Iterator[Path]:
    if one == other:
        return
    if isinstance(one, Mapping) and isinstance(other, Mapping) and len(path) < 2:
        for name in one.keys() | other.keys():
            yield from _differing(one.get(name), other.get(name), (*path, name))
    elif isinstance(one, list) and isinstance(other, list) and len(path) < 2:
        for place in range(max(len(one), len(other))):
            if one[place : place + 1] != other[place : place + 1]:
                yield (*path, place)
    else:
        yield path


def _steps(order: str) -> Path:
    if _PATH.fullmatch(order) is None:
        raise _wrong(f"{order[:100]}: expected a path like details.targets[1] or subjects[*].addresses")
    return tuple(
        step.group() if step.group(1) is None else _ANY if step.group(1) == _ANY else int(step.group(1))
        for step in _STEP.finditer(order)
    )


def _matching(value: Any, steps: Path, path: Path = ()) -> Iterator[Path]:
    if not steps:
        yield path
        return
    step, rest = steps[0], steps[1:]
    if isinstance(value, Mapping):
        if step in value:
            yield from _matching(value[step], rest, (*path, step))
    elif isinstance(value, list):
        places = range(len(value)) if step == _ANY else [step] if isinstance(step, int) else []
        for place in places:
            if place < len(value):
                yield from _matching(value[place], rest, (*path, place))


def _covers(steps: Path, path: Path) -> bool:
    """Tell whether a path lies at or under what some steps name."""
    pairs = zip(steps, path, strict=False)
    return len(steps) <= len(path) and all(
        one == step or (one == _ANY and isinstance(step, int)) for one, step in pairs
    )


def _under(path: Path, places: Collection[Path]) -> bool:
    return any(path[:length] in places for length in range(1, len(path) + 1))


def _at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def _without(value: Any, path: Path, gone: set[Path]) -> Any:
    if isinstance(value, Mapping):
        return {
            name: _without(each, (*path, name), gone)
            for name, each in value.items()
            if (*path, name) not in gone
        }
    if isinstance(value, list):
        return [
            _without(each, (*path, place), gone)
            for place, each in enumerate(value)
            if (*path, place) not in gone
        ]
    return value


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _leaves(each, (*path, name))
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from _leaves(each, (*path, place))
    elif not isinstance(value, bool):
        yield path, str(value)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _says_something(text: str) -> bool:
    return len(text) > 1 and not (text.isdigit() and len(text) < 4)


def _as_words(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(text)}(?!\w)")


@cache
def _closed() -> frozenset[str]:
    """Return every word of a closed list that a record can hold."""
    schemas: list[type[Schema]] = [
        RecordSchema,
        *(shape.details for shape in SHAPES.values()),
        *SUBJECTS.values(),
    ]
    seen: set[type[Schema]] = set()
    words: set[str] = set()
    while schemas:
        schema = schemas.pop()
        if schema in seen:
            continue
        seen.add(schema)
        for each in schema().load_fields.values():
            inner: Any = each.inner if isinstance(each, Many) else each
            if isinstance(inner, Part):
                schemas.append(type(inner.schema))
            elif isinstance(inner, Choice):
                words |= inner.options
    return frozenset(words) | COUNTRIES | CURRENCIES | SCRIPTS


def _wrong(sentence: str) -> Refused:
    return Refused("tear-invalid", f"{sentence}.")
