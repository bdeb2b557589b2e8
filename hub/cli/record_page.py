"""A record's content as lines to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields

from hub.cli.answer import plain
from hub.records.record import Record


def page(found: Record) -> str:
    """Return a record's content as lines to read, in the order in which a record is told.

    A grading is told in its own scale, each grade with what it means there.
    """
    order = [name for name in (field.name for field in fields(Record)) if name in found.document]
    told = {name: found.document[name] for name in order}
    if found.grading is not None:
        means = found.grading.means
        told["grading"] = {
            part: f"{grade} ({means[part]})" if part in means else grade
            for part, grade in told["grading"].items()
        }
    return "\n".join(_outline(told))


def _outline(value: Mapping[str, object] | Sequence[object], depth: int = 0) -> Iterator[str]:
    """Yield a document as indented lines, without the punctuation of JSON."""
    pad = "  " * depth
    pairs = value.items() if isinstance(value, Mapping) else enumerate(value, start=1)
    for name, below in pairs:
        if isinstance(below, Mapping) or (isinstance(below, list) and any(_nested(one) for one in below)):
            yield f"{pad}{name}:"
            yield from _outline(below, depth + 1)
        else:
            yield f"{pad}{name}: {plain(below)}"


def _nested(value: object) -> bool:
    return isinstance(value, (Mapping, list))
