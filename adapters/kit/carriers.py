"""What every seal and every carrier must do: nothing lost, nothing altered unseen, repeats harmless."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from adapters.contract import Adapter, Carrier, Parcel, PartnerReceipt, Seal, Verdict
from adapters.kit.dialects import expect
from hub.errors import HubError

_DOCUMENT: Final = b"a document of the kit " * 20
_TAKEN: Final = Verdict(taken=True)
_REFUSED: Final = Verdict(taken=False, code="partner-document-malformed", sentence="It is no document.")


def seals(adapter: Adapter) -> str:
    """Check that a seal opens to the same bytes, and that no altered byte goes unseen."""
    if adapter.seal is None:
        return "no seal: the envelope between hubs is its seal"
    sealed = adapter.seal.seal(_DOCUMENT)
    expect(_DOCUMENT not in sealed, "the document stands readable in what is sealed")
    expect(adapter.seal.open(sealed).document == _DOCUMENT, "what is opened is not what was sealed")
    for place in range(0, len(sealed), max(1, len(sealed) // 400)):
        altered = bytes((*sealed[:place], sealed[place] ^ 1, *sealed[place + 1 :]))
        expect(_stays_true(adapter.seal, altered), f"byte {place} was altered, and other content was opened")
    return f"{len(sealed)} bytes sealed"


def _stays_true(seal: Seal, altered: bytes) -> bool:
    try:
        return seal.open(altered).document == _DOCUMENT
    except HubError:
        return True


def carries(adapter: Adapter) -> str:
    """Check both ends of the carrier: duplicate and late delivery, receipts, and what was cut off."""
    if adapter.rehearse is None:
        return "no carrier of its own"
    with TemporaryDirectory() as folder:
        ours, theirs = adapter.rehearse(Path(folder))
        for check in (_comes_until_acknowledged, _comes_late, _comes_twice, _answers):
            check(ours, theirs)
        expect(ours.health().well, "the carrier says that it is not well")
    return "4 ways of delivery"


def _ids(carrier: Carrier) -> list[str]:
    return [parcel.parcel_id for parcel in carrier.pull(limit=100)]


def _comes_until_acknowledged(ours: Carrier, theirs: Carrier) -> None:
    ours.push(Parcel(parcel_id="parcel-1", content=_DOCUMENT))
    first, again = theirs.pull(limit=10), theirs.pull(limit=10)
    expect([p.content for p in first] == [_DOCUMENT], "a parcel that was pushed did not come whole, once")
    expect(list(first) == list(again), "a parcel that was not acknowledged did not come again")
    theirs.acknowledge("parcel-1", _TAKEN)
    theirs.acknowledge("parcel-1", _TAKEN)
    expect(_ids(theirs) == [], "a parcel came again after it was acknowledged")


def _comes_late(ours: Carrier, theirs: Carrier) -> None:
    for number in (4, 3, 2):
        ours.push(Parcel(parcel_id=f"parcel-{number}", content=b"late"))
    expect(sorted(_ids(theirs)) == ["parcel-2", "parcel-3", "parcel-4"], "a parcel pushed late was lost")
    expect(len(theirs.pull(limit=2)) == 2, "pull returned more than its limit, or fewer")
    for number in (2, 4, 3):
        theirs.acknowledge(f"parcel-{number}", _TAKEN if number != 3 else _REFUSED)


def _comes_twice(ours: Carrier, theirs: Carrier) -> None:
    ours.push(Parcel(parcel_id="parcel-5", content=b"once"))
    ours.push(Parcel(parcel_id="parcel-5", content=b"once"))
    expect(_ids(theirs) == ["parcel-5"], "a parcel pushed twice came twice")
    theirs.acknowledge("parcel-5", _TAKEN)
    ours.push(Parcel(parcel_id="parcel-5", content=b"once"))
    expect(
        "parcel-5" not in _ids(theirs) or "parcel-5" in _receipts(ours),
        "a parcel pushed after its receipt came again, and its receipt was lost",
    )


def _receipts(carrier: Carrier) -> dict[str, PartnerReceipt]:
    return {receipt.parcel_id: receipt for receipt in carrier.receipts(limit=100)}


def _answers(ours: Carrier, theirs: Carrier) -> None:
    receipts = _receipts(ours)
    expect("parcel-1" in receipts, "a receipt did not come back")
    expect(receipts["parcel-1"].verdict.taken, "a receipt says refused of what was taken")
    expect(
        "parcel-3" in receipts and receipts["parcel-3"].verdict.code is not None,
        "a refusal did not come back as one, with a code",
    )
    named = receipts["parcel-1"].digest
    expect(named in (None, sha256(_DOCUMENT).digest()), "a receipt names other bytes than were pushed")
    expect(_receipts(ours) == receipts, "a receipt that was not settled did not come again")
    for parcel_id in receipts:
        ours.settle(parcel_id)
        ours.settle(parcel_id)
    expect(not ours.receipts(limit=100), "a receipt came again after it was settled")
