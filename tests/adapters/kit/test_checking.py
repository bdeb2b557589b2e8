"""The kit finds what it is there to find: adapters that break one promise each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from adapters import registry
from adapters.contract import (
    Adapter,
    Finding,
    Interpretation,
    Opened,
    Parcel,
    PartnerReceipt,
    Translation,
    Verdict,
    Weight,
)
from adapters.kit.checking import check
from adapters.reading import read_json, write_json
from hub.errors import IntegrityFailure, Refused
from hub.records.kinds import Kind
from tests.amounts import examples


class Base:
    """Plain JSON that keeps the contract; those below break it."""

    name = "base/1"
    media_type = "application/json"
    kinds = frozenset({Kind.DIFFUSION})

    def translate(self, record: Mapping[str, Any]) -> Translation:
        if record["kind"] != "diffusion":
            raise Refused("kind-not-carried", "Diffusions alone.")
        return Translation(document=write_json(self.out(dict(record))), lost=self.lost(record))

    def interpret(self, document: bytes) -> Interpretation:
        value = read_json(document, max_bytes=1024 * 1024)
        if not isinstance(value, dict) or not value:
            raise IntegrityFailure("partner-document-ambiguous", "It is not one.")
        unknown = {name: value.pop(name) for name in list(value) if name == "kit_unknown"}
        if "kit_unknown" in str(value):
            raise IntegrityFailure("partner-document-ambiguous", "It is not one.")
        return Interpretation(record=self.back(value), unknown=unknown)

    def out(self, record: dict[str, Any]) -> dict[str, Any]:
        return record

    def lost(self, record: Mapping[str, Any]) -> tuple[str, ...]:
        return ()

    def back(self, record: dict[str, Any]) -> dict[str, Any]:
        return record


class Drops(Base):
    def out(self, record: dict[str, Any]) -> dict[str, Any]:
        record.pop("narrative")
        return record


class ReportsTooMuch(Base):
    def lost(self, record: Mapping[str, Any]) -> tuple[str, ...]:
        return ("purpose",)


class ReportsWhatIsNotThere(Base):
    def lost(self, record: Mapping[str, Any]) -> tuple[str, ...]:
        return ("details.nothing",)


class HidesInADocument(Base):
    """Says that the narrative is lost and does not give it back, but sends it all the same."""

    def lost(self, record: Mapping[str, Any]) -> tuple[str, ...]:
        return ("narrative",) if record["narrative"] else ()

    def back(self, record: dict[str, Any]) -> dict[str, Any]:
        record.pop("narrative")
        return record


class Alters(Base):
    def out(self, record: dict[str, Any]) -> dict[str, Any]:
        record["purpose"] = record["purpose"].upper()
        return record


class ChangesWhatItIsGiven(Base):
    def translate(self, record: Mapping[str, Any]) -> Translation:
        if isinstance(record, dict) and record["kind"] == "diffusion":
            record["details"].pop("sent_to", None)
        return super().translate(record)


class SaysItEachTimeAnew(Base):
    counter = 0

    def out(self, record: dict[str, Any]) -> dict[str, Any]:
        SaysItEachTimeAnew.counter += 1
        return {**record, "counter": SaysItEachTimeAnew.counter}

    def back(self, record: dict[str, Any]) -> dict[str, Any]:
        record.pop("counter", None)
        return record


class DropsTheUnknown(Base):
    def interpret(self, document: bytes) -> Interpretation:
        return replace(super().interpret(document), unknown={})


class TrustsEverything(Base):
    def interpret(self, document: bytes) -> Interpretation:
        import json

        return Interpretation(record=json.loads(document))


class TakesEveryKind(Base):
    def translate(self, record: Mapping[str, Any]) -> Translation:
        return Translation(document=write_json(dict(record)))


class Hoards(Base):
    def interpret(self, document: bytes) -> Interpretation:
        document.replace(b"[", b"[" * 40)
        return super().interpret(document)


class Strange:
    def check(self, record: Mapping[str, Any], *, on: Any) -> list[Finding]:
        return [Finding(weight=Weight.ASKS, code="no-such-code", sentence="What?")]


class Transparent:
    """Seals nothing and opens anything."""

    def seal(self, document: bytes) -> bytes:
        return b"seal" + document[::-1]

    def open(self, sealed: bytes) -> Opened:
        return Opened(document=sealed[4:][::-1], signer="anyone")


class Forgetful:
    """Forgets a parcel as soon as it was pulled."""

    def __init__(self) -> None:
        self.waiting: list[Parcel] = []

    def push(self, parcel: Parcel) -> None:
        self.waiting.append(parcel)

    def pull(self, *, limit: int) -> list[Parcel]:
        taken, self.waiting = self.waiting[:limit], self.waiting[limit:]
        return taken

    def acknowledge(self, parcel_id: str, verdict: Verdict) -> None: ...
    def receipts(self, *, limit: int) -> list[PartnerReceipt]:
        return []

    def settle(self, parcel_id: str) -> None: ...
    def health(self) -> Any: ...


def made(dialect: Any = None, **more: Any) -> Adapter:
    """Return an adapter that keeps the contract but for what is given."""
    whole = registry.make("bilateral")
    return replace(whole, dialect=dialect or Base(), max_document_bytes=1024 * 1024, **more)


def broken(adapter: Adapter, *only: str) -> dict[str, str]:
    results = check(adapter, examples=examples(40), only=only or None)
    return {one.check: one.sentence for one in results if not one.holds}


@pytest.mark.slow
def test_an_adapter_that_keeps_the_contract_passes() -> None:
    assert broken(made()) == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dialect", "where", "what"),
    [
        (Drops, "round trips and loss reports", "narrative was not reported lost"),
        (ReportsTooMuch, "round trips and loss reports", "purpose"),
        (ReportsWhatIsNotThere, "round trips and loss reports", "no such field"),
        (HidesInADocument, "round trips and loss reports", "its text is in the document"),
        (Alters, "round trips and loss reports", "came back as"),
        (ChangesWhatItIsGiven, "round trips and loss reports", "changed the record"),
        (SaysItEachTimeAnew, "round trips and loss reports", "two documents"),
        (DropsTheUnknown, "unknown parts", "dropped"),
        (TrustsEverything, "hostile documents", "was read"),
        (TakesEveryKind, "kinds", "not among its kinds"),
        (Hoards, "memory", "bytes of memory"),
    ],
)
def test_a_dialect_that_breaks_a_promise_is_found(dialect: Callable[[], Base], where: str, what: str) -> None:
    found = broken(made(dialect()), where)
    assert what in found.get(where, ""), found


def test_rules_with_codes_of_their_own_are_found() -> None:
    assert "no-such-code" in broken(made(rules=Strange()), "rules")["rules"]


def test_a_seal_that_does_not_see_alterations_is_found() -> None:
    assert "altered" in broken(made(seal=Transparent()), "seal")["seal"]


def test_a_carrier_that_forgets_is_found() -> None:
    def rehearse(_: Any) -> tuple[Any, Any]:
        one = Forgetful()
        return one, one

    assert "did not come again" in broken(made(rehearse=rehearse), "carrier")["carrier"]
