"""goAML's own place for more: what a record says that the schema has no element for, under its path.

A reader who does not know records sees plain pairs, such as `details.period.start` and a date.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lxml.etree import _Element

from adapters.fiu.slots import Part, add, one
from adapters.reading import malformed
from adapters.rest import Path, Rest, path_of

_TEXTS: Final = (
    "id",
    "action",
    "originator",
    "created_at",
    "label.classification",
    "label.tlp",
    "legal_basis.agreement",
    "purpose",
    "conversation",
    "in_reply_to",
    "language",
    "review_on",
    "retain_until",
    "details.reason",
    "details.institution.name",
    "details.institution.bic",
    "details.institution.country",
    "details.suspicion",
    "details.threshold.party",
    "details.threshold.index.amount",
    "details.threshold.index.currency",
    "details.period.start",
    "details.period.end",
    "details.total.amount",
    "details.total.currency",
    "details.state",
)
_NUMBERS: Final = ("version", "details.threshold.indices", "details.transactions")
_INDICATORS: Final = "details.indicators"
_LISTS: Final = ("legal_basis.articles", _INDICATORS)
_WHOLE: Final = re.compile(r"0|[1-9][0-9]{0,9}")
#: In which order parties and transactions stand in the record: a letter for each.
ORDER: Final = "subjects"


def write_additions(parent: _Element, rest: Rest, *, coded: int) -> None:
    """Append one pair for each field that is there; the first indicators stand elsewhere, as codes."""
    for name in (*_TEXTS, *_NUMBERS):
        value = rest.see(*path_of(name))
        if value is not None:
            rest.take(*path_of(name))
            write_addition(parent, name, str(value))
    for name in _LISTS:
        for each in list(rest.each(*path_of(name)))[coded if name == _INDICATORS else 0 :]:
            write_addition(parent, name, each.take())


def write_addition(parent: _Element, name: str, text: str) -> None:
    """Append a pair."""
    outer = add(parent, "additional_info")
    add(outer, "info_subject", name)
    add(outer, "info_text", text)


def read_additions(rest: Rest, *, coded: int) -> Iterator[Part]:
    """Yield the pairs that are ours; those of others are left."""
    lengths = dict.fromkeys(_LISTS, 0) | {_INDICATORS: coded}
    seen: set[Path] = set()
    for outer in rest.each("additional_information"):
        for pair in outer.each("additional_info"):
            name, text = one(pair, "info_subject"), one(pair, "info_text")
            if name is None or text is None or set(pair.see()) != {"info_subject", "info_text"}:
                continue
            if name in _LISTS:
                yield (*path_of(name), lengths[name]), text
                lengths[name] += 1
            elif name in _TEXTS or (name in _NUMBERS and _WHOLE.fullmatch(text)) or name == ORDER:
                if path_of(name) in seen:
                    raise malformed("it says the same of a report twice")
                seen.add(path_of(name))
                yield path_of(name), int(text) if name in _NUMBERS else text
            else:
                continue
            pair.take()
