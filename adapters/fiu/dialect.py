"""Suspicious-transaction reports as goAML 5.0.2, the format of financial intelligence units."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from lxml import etree
from lxml.etree import _Element

from adapters.contract import Interpretation, Translation
from adapters.fiu.additions import ORDER, read_additions, write_addition, write_additions
from adapters.fiu.codes import UNKNOWN, is_day, upto
from adapters.fiu.parties import read_account, read_entity, write_account, write_entity
from adapters.fiu.persons import read_person, write_person
from adapters.fiu.slots import Part, Slot, add, one, read, take_filler, write
from adapters.fiu.transactions import Movements
from adapters.reading import malformed, read_xml
from adapters.rest import Rest, assemble
from adapters.tables import TEXT, tree
from hub.errors import Refused
from hub.records.kinds import Kind

_VERSION: Final = "5.0.2"
_REPORT: Final = "STR"
_BRANCH: Final = Slot(element="rentity_branch", path=("details", "institution", "branch"), takes=upto(255))
_NUMBER: Final = Slot(
    element="entity_reference", path=("details", "report_number"), takes=upto(255), needed=UNKNOWN
)
#: A withdrawal reports nothing, and the schema wants a day all the same.
_NO_DAY: Final = "1900-01-01T00:00:00"
_DAYS: Final = tuple(
    Slot(element=name, path=("details", "reported_on"), takes=is_day, day=True, needed=_NO_DAY)
    for name in ("submission_date", "report_date")
)
NARRATIVE_MAX: Final = 8000
_REASON: Final = Slot(element="reason", path=("narrative",), takes=upto(NARRATIVE_MAX))
#: type of a subject -> its element in a party, and what writes and reads it
_PARTIES: Final[
    Mapping[str, tuple[str, Callable[[_Element, Rest], None], Callable[[Rest], Iterator[Part]]]]
] = {
    "person": ("person", write_person, read_person),
    "organisation": ("entity", write_entity, read_entity),
    "account": ("account", write_account, read_account),
}
_SUSPECT: Final = "suspect"


class GoAml:
    """One report a document. Our profile of the schema: parties once, movements by account numbers."""

    name = "goaml/5"
    media_type = "application/xml"
    kinds = frozenset({Kind.SUSPICIOUS_TRANSACTION})

    def __init__(
        self,
        *,
        entity: int,
        indicators: frozenset[str],
        no_indicator: str,
        currency: str,
        movements: Movements,
        max_bytes: int,
    ) -> None:
        self._entity = str(entity)
        self._indicators = indicators - {no_indicator}
        self._no_indicator = no_indicator
        self._currency = currency
        self._movements = movements
        self._max_bytes = max_bytes

    def translate(self, record: Mapping[str, Any]) -> Translation:
        """Write a report; movements in another currency, and subjects without a shape there, are lost."""
        if Kind(record["kind"]) not in self.kinds:
            raise Refused("kind-not-carried", "goAML reports suspicious transactions.")
        rest = Rest(record)
        rest.take("kind")
        root = etree.Element("report")
        add(root, "schema_version", _VERSION)
        add(root, "rentity_id", self._entity)
        write(root, rest, (_BRANCH,))
        add(root, "submission_code", "E")
        add(root, "report_code", _REPORT)
        write(root, rest, (_NUMBER, _DAYS[0]))
        add(root, "currency_code_local", self._currency)
        write(root, rest, (_REASON,))
        order = self._write_subjects(root, rest)
        coded = self._write_indicators(root, rest)
        more = add(root, "additional_information")
        write_additions(more, rest, coded=coded)
        if order:
            write_addition(more, ORDER, order)
        document = etree.tostring(root, encoding="utf-8", xml_declaration=True)
        return Translation(document=document, lost=rest.lost())

    def _write_subjects(self, root: _Element, rest: Rest) -> str:
        """Append transactions, then parties; return in which order they stood."""
        subjects = list(rest.each("subjects"))
        moved = [each for each in subjects if self._is_movement(each)]
        parties = [each for each in subjects if each.see("type") in _PARTIES]
        for each in moved:
            self._movements.write(add(root, "transaction"), each)
        if parties or not moved:
            outer = add(add(root, "activity"), "report_parties")
            for each in parties:
                _write_party(add(outer, "report_party"), each)
            if not parties:
                empty = add(outer, "report_party")
                add(add(empty, "entity"), "name", UNKNOWN)
                add(empty, "reason", UNKNOWN)  # what tells it from a party of which nothing is carried
        if not (moved and parties):
            return ""
        letters = dict.fromkeys(moved, "t") | dict.fromkeys(parties, "p")
        return "".join(letters[each] for each in subjects if each in letters)

    def _is_movement(self, subject: Rest) -> bool:
        return subject.see("type") == "transaction" and self._movements.carries(subject)

    def _write_indicators(self, root: _Element, rest: Rest) -> int:
        """Append the indicators that are codes, up to the first that is none, and return how many."""
        outer = add(root, "report_indicators")
        for each in rest.each("details", "indicators"):
            if each.see() not in self._indicators:
                break
            add(outer, "indicator", each.take())
        coded = len(outer)
        if not coded:
            add(outer, "indicator", self._no_indicator)
        return coded

    def interpret(self, document: bytes) -> Interpretation:
        """Read a report of any type; what a record has no place for is kept as unknown."""
        root = read_xml(document, max_bytes=self._max_bytes)
        if root.tag != "report":
            raise malformed("its root is no report of goAML")
        rest = Rest(tree(root, ""))
        parts: list[Part] = [(("kind",), Kind.SUSPICIOUS_TRANSACTION.value)]
        for name, said in (
            ("schema_version", _VERSION),
            ("rentity_id", self._entity),
            ("submission_code", "E"),
            ("report_code", _REPORT),
            ("currency_code_local", self._currency),
        ):
            take_filler(rest, name, said)
        parts += read(rest, (_BRANCH, _NUMBER, *_DAYS, _REASON))
        found = [value for outer in rest.each("report_indicators") for value in self._indicated(outer)]
        parts += [(("details", "indicators", place), code) for place, code in enumerate(found)]
        added = dict(read_additions(rest, coded=len(found)))
        order = added.pop((ORDER,), "")
        parts += added.items()
        local = one(rest, "currency_code_local") or self._currency
        subjects, matched = _ordered(*self._read_subjects(rest, local), order)
        parts += [
            (("subjects", place, *path), value)
            for place, one_of in enumerate(subjects)
            for path, value in one_of
        ]
        try:
            record = assemble(parts)
        except ValueError as error:
            raise malformed(f"its parts do not fit together: {error}") from None
        unknown = dict(zip(rest.lost(), (each for _, each in rest.left()), strict=True))
        if not matched:
            unknown[ORDER] = order
        return Interpretation(record=record, unknown=unknown)

    def _indicated(self, outer: Rest) -> Iterator[str]:
        for each in outer.each("indicator"):
            code = each.see(TEXT)
            if code == self._no_indicator:
                each.take()
            elif code in self._indicators:
                yield each.take(TEXT)

    def _read_subjects(self, rest: Rest, local: str) -> tuple[list[list[Part]], list[list[Part]]]:
        moved: list[list[Part]] = []
        parties: list[list[Part]] = []
        for number, each in enumerate(rest.each("transaction"), start=1):
            said, people = self._movements.read(each, number)
            moved.append([(path, local if path == ("currency",) else value) for path, value in said])
            parties += people
        for outer in rest.each("activity"):
            for group in outer.each("report_parties"):
                for party in group.each("report_party"):
                    parties += _read_party(party)
        return moved, parties


def _write_party(parent: _Element, view: Rest) -> None:
    element, writes, _ = _PARTIES[view.take("type")]
    writes(add(parent, element), view)
    if view.see("capacity") == _SUSPECT:
        view.take("capacity")
        add(parent, "is_suspected", "true")
    add(parent, "reason")


def _read_party(party: Rest) -> Iterator[list[Part]]:
    if one(party, "reason") == "":
        party.take("reason")
    for sort, (element, _, reads) in _PARTIES.items():
        for view in (*party.each(element), *party.each(f"{element}_my_client")):
            said = list(reads(view))
            if not said and one(party, "reason") == UNKNOWN:
                party.take("reason")
                continue
            if one(party, "is_suspected") in ("true", "1"):
                party.take("is_suspected")
                said.append((("capacity",), _SUSPECT))
            yield [(("type",), sort), *said]


def _ordered(moved: list[list[Part]], parties: list[list[Part]], order: str) -> tuple[list[list[Part]], bool]:
    """Return subjects as the record had them, and whether the document's word on that could be followed."""
    if not order:
        return [*parties, *moved], True
    if order.count("t") != len(moved) or order.count("p") != len(parties) or set(order) > {"t", "p"}:
        return [*parties, *moved], False
    both = {"t": iter(moved), "p": iter(parties)}
    return [next(both[letter]) for letter in order], True
