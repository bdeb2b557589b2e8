"""Single STIX objects, as they come out of a collection, into bundles that say one thing each. Pure.

A report or a grouping comes with all that it refers to; what it shares with others, such as who made it,
comes in each of their bundles. What no report takes up comes by itself, once nothing more is on its way.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final
from uuid import UUID, uuid5

import msgspec

from adapters.bilateral.stix.naming import TLP_OF
from adapters.reading import write_json

#: Objects under names that hold their id, their version and their content.
Objects = Mapping[str, Mapping[str, Any]]
LookUp = Callable[[Collection[str]], Objects]

_HEADS: Final = frozenset({"report", "grouping"})
_NAMESPACE: Final = UUID("1f0a9a0e-7a53-5b8e-9a56-0d7cbb8f1d52")
#: How often what a report refers to is asked for, and how many ids at once.
_ROUNDS: Final = 20
_IDS_EACH: Final = 200
_encode: Final = msgspec.json.Encoder(order="sorted", decimal_format="number").encode


@dataclass(frozen=True, kw_only=True)
class Assembled:
    """Bundles by their parcel's id, the objects that wait for others, and names of what was looked up."""

    bundles: Mapping[str, bytes] = field(repr=False)
    waiting: Objects = field(repr=False)
    looked_up: Collection[str] = ()


def name(each: Mapping[str, Any]) -> str:
    """Return the name of an object: the same content, the same name."""
    return sha256(_encode(each)).hexdigest()


def version(each: Mapping[str, Any]) -> str:
    """Return what STIX tells versions of an object apart by (TAXII 2.1 §3.4); empty where it has one only."""
    return str(each.get("modified") or each.get("created") or "")


def assemble(waiting: Objects, *, at_end: bool, look_up: LookUp) -> Assembled:
    """Bundle what is whole; at the end of the collection, what cannot become whole goes as it is."""
    found = _Found(waiting)
    heads = [one for one, each in waiting.items() if each.get("type") in _HEADS]
    closures = _complete(found, heads, look_up)
    whole = {head: parts for head, (parts, missing) in closures.items() if at_end or not missing}
    kept = set().union(*(parts for head, (parts, _) in closures.items() if head not in whole))
    done = set().union(*whole.values())
    bundles = {f"report-{head}": _bundle(found.of(parts)) for head, parts in whole.items()}
    left = {one: each for one, each in waiting.items() if one in kept or one not in done}
    if at_end:
        for group in _connected(left):
            named = sha256(" ".join(sorted(group)).encode()).hexdigest()
            bundles[f"objects-{named}"] = _bundle(group.values())
        left = {}
    return Assembled(bundles=bundles, waiting=left, looked_up=done - waiting.keys())


def _complete(found: _Found, heads: Sequence[str], look_up: LookUp) -> dict[str, tuple[set[str], set[str]]]:
    """Return what each head refers to and what of it cannot be had, after asking for what is not at hand."""
    asked: set[str] = set()
    closures = {head: found.closure(head) for head in heads}
    for _ in range(_ROUNDS):
        missing = set().union(*(ids for _, ids in closures.values())) - asked
        wanted = sorted(missing)[:_IDS_EACH]
        if not wanted:
            break
        asked |= set(wanted)
        found.add(look_up(wanted))
        closures = {head: found.closure(head) if closures[head][1] else closures[head] for head in heads}
    return closures


class _Found:
    """Objects by id, each with its versions."""

    def __init__(self, objects: Objects) -> None:
        self._objects: dict[str, Mapping[str, Any]] = {}
        self._by_id: dict[str, list[str]] = {}
        self._links: dict[str, list[str]] = {}
        self.add(objects)

    def add(self, objects: Objects) -> None:
        for one, each in objects.items():
            if one in self._objects:
                continue
            self._objects[one] = each
            self._by_id.setdefault(str(each.get("id")), []).append(one)
            if each.get("type") == "relationship":
                self._links.setdefault(str(each.get("source_ref")), []).append(one)

    def of(self, names: Collection[str]) -> Iterator[Mapping[str, Any]]:
        """Yield objects in the order in which they came."""
        return (each for one, each in self._objects.items() if one in names)

    def closure(self, head: str) -> tuple[set[str], set[str]]:
        """Return the names of all that an object refers to, itself among them, and the ids not at hand.

        Relationships between two of them belong to it too, though nothing refers to those.
        """
        at = version(self._objects[head])
        names, ids, missing = {head}, {str(self._objects[head].get("id"))}, set[str]()
        todo = [head]
        while todo:
            each = self._objects[todo.pop()]
            for wanted in references(each):
                if wanted in ids:
                    continue
                ids.add(wanted)
                found = self._versions(wanted, at)
                if not found and wanted not in TLP_OF:
                    missing.add(wanted)
                todo += [one for one in found if one not in names]
                names |= set(found)
            if not todo:
                todo = [one for one in self._between(ids) if one not in names]
                names |= set(todo)
        return names, missing

    def _between(self, ids: Collection[str]) -> Iterator[str]:
        for source in ids:
            for one in self._links.get(source, ()):
                if self._objects[one].get("target_ref") in ids:
                    yield one

    def _versions(self, wanted: str, at: str) -> list[str]:
        """Return the objects of the version that was the last one then; two are told apart by who reads."""
        names = self._by_id.get(wanted, [])
        told = sorted({version(self._objects[one]) for one in names})
        before = [each for each in told if not at or each <= at]
        chosen = before[-1:] or told[:1]
        return [one for one in names if version(self._objects[one]) in chosen]


def references(value: Any) -> Iterator[str]:
    """Yield the ids that an object refers to (STIX 2.1 §2.9: properties that end in `_ref` and `_refs`)."""
    if isinstance(value, Mapping):
        for label, each in value.items():
            if label.endswith("_ref") and isinstance(each, str):
                yield each
            elif label.endswith("_refs") and isinstance(each, list):
                yield from (one for one in each if isinstance(one, str))
            elif label == "extensions" and isinstance(each, Mapping):
                yield from (one for one in each if one.startswith("extension-definition--"))
            else:
                yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def _connected(objects: Objects) -> Iterator[dict[str, Mapping[str, Any]]]:
    """Yield groups of objects between which references lead."""
    by_id: dict[str, list[str]] = {}
    for one, each in objects.items():
        by_id.setdefault(str(each.get("id")), []).append(one)
    near: dict[str, set[str]] = {one: set() for one in objects}
    for one, each in objects.items():
        for wanted in (str(each.get("id")), *references(each)):
            for other in by_id.get(wanted, ()):
                near[one].add(other)
                near[other].add(one)
    seen: set[str] = set()
    for start in objects:
        if start in seen:
            continue
        group, todo = {start}, [start]
        while todo:
            further = near[todo.pop()] - group
            group |= further
            todo += further
        seen |= group
        yield {one: each for one, each in objects.items() if one in group}


def _bundle(objects: Iterable[Mapping[str, Any]]) -> bytes:
    listed = list(objects)
    made = uuid5(_NAMESPACE, " ".join(name(each) for each in listed))
    return write_json({"type": "bundle", "id": f"bundle--{made}", "objects": listed})
