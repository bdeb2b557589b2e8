"""One element, one field: written where the schema takes the value, filled where it must not be missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree
from lxml.etree import _Element

from adapters.fiu.codes import UNKNOWN, Test
from adapters.reading import malformed
from adapters.rest import Path, Rest
from adapters.tables import TEXT

_MIDNIGHT: Final = "T00:00:00"

#: The path of an element that a document needs and no field of a record fills.
NOWHERE: Final[Path] = ("",)

Part = tuple[Path, Any]


@dataclass(frozen=True, kw_only=True)
class Slot:
    """An element and the field that it carries.

    `takes` says which values the schema lets through; `words` are codes for a closed set; `day` is a date,
    which goAML writes with a time. With `needed` the element stands in every document.
    """

    element: str
    path: Path
    takes: Test | None = None
    words: Mapping[str, str] | None = None
    day: bool = False
    needed: str | None = None


def add(parent: _Element, name: str, text: str = "") -> _Element:
    """Append an element."""
    element = etree.SubElement(parent, name)
    element.text = text or None
    return element


def write(parent: _Element, view: Rest, slots: Sequence[Slot]) -> None:
    """Append elements for what a view has; what the schema does not take is left, and lost."""
    for slot in slots:
        text = _theirs(view.see(*slot.path), slot)
        if text is not None:
            view.take(*slot.path)
            add(parent, slot.element, text)
        elif slot.needed is not None:
            add(parent, slot.element, slot.needed)


def _theirs(value: Any, slot: Slot) -> str | None:
    if not isinstance(value, str) or value == slot.needed:
        return None
    if slot.words is not None:
        return slot.words.get(value)
    if slot.takes is not None and not slot.takes(value):
        return None
    return value + _MIDNIGHT if slot.day else value


def one(view: Rest, element: str) -> str | None:
    """Return the text of an element that stands alone; "" where it is empty, None where it is absent."""
    found = view.see(element)
    if found is None:
        return None
    if len(found) > 1:
        raise malformed("an element that stands alone stands in it twice")
    return str(view.see(element, 0, TEXT, default="")) if set(found[0]) <= {TEXT} else None


def take_filler(view: Rest, element: str, filler: str = UNKNOWN) -> bool:
    """Take an element that says nothing; tell whether it did."""
    if one(view, element) not in (filler, ""):
        return False
    view.take(element)
    return True


def read(view: Rest, slots: Sequence[Slot]) -> Iterator[Part]:
    """Yield what a tree says; what says nothing is taken, what has no form of ours is left."""
    for slot in slots:
        text = one(view, slot.element)
        if text is None or (slot.needed is not None and take_filler(view, slot.element, slot.needed)):
            continue
        if slot.path == NOWHERE:
            continue
        value = _ours(text, slot)
        if value is not None:
            view.take(slot.element)
            yield slot.path, value


def _ours(text: str, slot: Slot) -> str | None:
    if slot.words is not None:
        return next((ours for ours, theirs in slot.words.items() if theirs == text), None)
    value = text
    if slot.day:
        value, time = text[:10], text[10:]
        if time not in ("", _MIDNIGHT, f"{_MIDNIGHT}Z"):
            return None
    return value if value and (slot.takes is None or slot.takes(value)) else None
