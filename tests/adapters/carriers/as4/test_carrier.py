"""Both ends of the AS4 carrier over mutual TLS: receipts, repeats, and what is cut off."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from adapters import registry
from adapters.carriers.as4 import As4Carrier
from adapters.contract import Parcel, Verdict
from adapters.kit.carriers import carries
from hub.errors import IntegrityFailure, PeerFault
from tests.adapters.carriers.as4.ends import Desk, desk, end, sides
from tests.servers.mutual import Served

pytestmark = pytest.mark.slow
TAKEN = Verdict(taken=True)
REFUSED = Verdict(taken=False, code="policy-denied", sentence="No agreement allows it.")
Ends = Callable[..., tuple[As4Carrier, As4Carrier]]


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[tuple[Desk, Served], tuple[Desk, Served]]]:
    with desk() as ours, desk() as theirs:
        yield ours, theirs


@pytest.fixture
def ends(servers: tuple[tuple[Desk, Served], tuple[Desk, Served]], tmp_path: Path) -> Ends:
    """Make both ends; the other side decides as it is told."""
    us, them = sides()
    (here, at_us), (there, at_them) = servers

    def made(decide: Callable[[Parcel], Verdict | None] = lambda _: None) -> tuple[As4Carrier, As4Carrier]:
        ours = end(us, them, url=at_them.url, state=tmp_path)
        theirs = end(them, us, url=at_us.url, state=tmp_path)
        here.carrier, there.carrier, there.decide = ours, theirs, decide
        there.replies.clear()
        there.bodies.clear()
        there.loses, there.says = False, None
        return ours, theirs

    return made


@pytest.fixture
def there(servers: tuple[tuple[Desk, Served], tuple[Desk, Served]]) -> Desk:
    return servers[1][0]


@pytest.fixture
def at_them(servers: tuple[tuple[Desk, Served], tuple[Desk, Served]]) -> str:
    return servers[1][1].url


def test_both_ends_keep_the_contract(ends: Ends) -> None:
    adapter = replace(registry.make("bilateral"), rehearse=lambda _: ends())
    assert carries(adapter) == "4 ways of delivery"


def test_a_receipt_comes_in_the_answer_and_proves_who_signed_it(ends: Ends, there: Desk) -> None:
    ours, theirs = ends(lambda _: TAKEN)
    ours.push(Parcel(parcel_id="p", content=b"record"))
    (receipt,) = ours.receipts(limit=5)
    assert receipt.verdict == TAKEN
    assert receipt.digest == sha256(b"record").digest()
    assert (receipt.signer or "").startswith("CN=de-bka ")
    assert receipt.raw == there.replies[0].body
    assert theirs.pull(limit=5) == []


def test_a_refusal_is_a_signed_error_with_its_code(ends: Ends) -> None:
    ours, _ = ends(lambda _: REFUSED)
    ours.push(Parcel(parcel_id="p", content=b"record"))
    (receipt,) = ours.receipts(limit=5)
    assert receipt.verdict == Verdict(
        taken=False, code="partner-refused", sentence="EBMS:0004 Other policy-denied"
    )
    assert (receipt.signer or "").startswith("CN=de-bka ")


def test_a_lost_answer_is_asked_for_with_the_same_message(ends: Ends, there: Desk) -> None:
    seen: list[str] = []

    def decide(parcel: Parcel) -> Verdict:
        seen.append(parcel.parcel_id)
        return TAKEN

    ours, _ = ends(decide)
    there.loses = True
    with pytest.raises(PeerFault) as fault:
        ours.push(Parcel(parcel_id="p", content=b"record"))
    assert fault.value.code == "partner-unreachable"
    assert ours.receipts(limit=5) == []
    there.loses = False
    ours.push(Parcel(parcel_id="p", content=b"record"))
    assert [one.verdict for one in ours.receipts(limit=5)] == [TAKEN]
    assert there.bodies == [there.bodies[0]] * 2
    assert [one.body for one in there.replies] == [there.replies[0].body] * 2
    assert seen == ["p"]


def test_a_receipt_is_replayed_after_a_restart(ends: Ends, there: Desk, tmp_path: Path) -> None:
    ours, _ = ends(lambda _: TAKEN)
    ours.push(Parcel(parcel_id="p", content=b"record"))
    us, them = sides()
    there.carrier = end(them, us, url="https://127.0.0.1:1", state=tmp_path)
    there.decide = lambda _: REFUSED
    (tmp_path / "kz-knb" / "receipts" / "p").unlink()
    ours.push(Parcel(parcel_id="p", content=b"record"))
    assert [one.body for one in there.replies] == [there.replies[0].body] * 2


def test_other_content_under_a_used_id_is_refused(
    ends: Ends, there: Desk, at_them: str, tmp_path: Path
) -> None:
    ours, theirs = ends(lambda _: TAKEN)
    ours.push(Parcel(parcel_id="p", content=b"record"))
    with pytest.raises(IntegrityFailure) as failure:
        ours.push(Parcel(parcel_id="p", content=b"another"))
    assert failure.value.code == "envelope-id-reused"
    liar = end(*sides(), url=at_them, state=tmp_path / "liar")
    liar.push(Parcel(parcel_id="p", content=b"another"))
    refused = there.replies[-1].refused
    assert refused is not None
    assert refused.code == "envelope-id-reused"
    assert theirs.pull(limit=5) == []


def test_a_repeat_that_was_signed_anew_gets_the_first_receipt(
    ends: Ends, there: Desk, at_them: str, tmp_path: Path
) -> None:
    ours, _ = ends(lambda _: TAKEN)
    ours.push(Parcel(parcel_id="p", content=b"record"))
    anew = end(*sides(), url=at_them, state=tmp_path / "anew")
    with pytest.raises(IntegrityFailure) as failure:
        anew.push(Parcel(parcel_id="p", content=b"record"))
    assert failure.value.code == "receipt-invalid"
    assert there.replies[1].body == there.replies[0].body


def test_what_waits_is_encrypted_and_outlives_the_process(ends: Ends, tmp_path: Path) -> None:
    ours, _theirs = ends()
    ours.push(Parcel(parcel_id="p", content=b"a record in clear " * 20))
    kept = [one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()]
    assert not any(b"a record in clear" in one for one in kept)
    us, them = sides()
    again = end(them, us, url="https://127.0.0.1:1", state=tmp_path)
    assert [one.content for one in again.pull(limit=5)] == [b"a record in clear " * 20]


def test_what_nobody_answered_is_no_receipt(tmp_path: Path) -> None:
    away = end(*sides(), url="https://127.0.0.1:1", state=tmp_path)
    with pytest.raises(PeerFault) as fault:
        away.push(Parcel(parcel_id="p", content=b"record"))
    assert fault.value.code == "partner-unreachable"
    assert away.receipts(limit=5) == []
    assert not away.health().well


def test_of_two_that_come_at_once_under_one_id_one_gets_a_receipt(
    ends: Ends, there: Desk, at_them: str, tmp_path: Path
) -> None:
    other = end(*sides(), url=at_them, state=tmp_path / "other")
    inner: list[str] = []

    def decide(parcel: Parcel) -> Verdict:
        if not inner:
            inner.append("pushed")
            other.push(Parcel(parcel_id="p", content=b"another"))
        return TAKEN

    ours, theirs = ends(decide)
    ours.push(Parcel(parcel_id="p", content=b"record"))
    assert [one.verdict for one in ours.receipts(limit=5)] == [TAKEN]
    (refused,) = other.receipts(limit=5)
    assert refused.verdict.sentence == "EBMS:0004 Other envelope-id-reused"
    assert theirs.pull(limit=5) == []


def test_a_message_that_no_longer_holds_is_put_apart_and_holds_up_nothing(
    ends: Ends, there: Desk, tmp_path: Path
) -> None:
    ours, _ = ends()
    for name in ("p", "q"):
        ours.push(Parcel(parcel_id=name, content=b"record"))
    path = tmp_path / "de-bka" / "arrived" / "p"
    path.write_bytes(path.read_bytes()[:-100])
    us, them = sides()
    again = end(them, us, url="https://127.0.0.1:1", state=tmp_path)
    assert [one.parcel_id for one in again.pull(limit=5)] == ["q"]
    assert [one.suffix for one in (tmp_path / "de-bka" / "refused").iterdir()] == [
        ".partner-document-malformed"
    ]


def test_answers_are_forgotten_after_their_days(ends: Ends, there: Desk, tmp_path: Path) -> None:
    ours, _ = ends(lambda _: TAKEN)
    for name in ("old", "new"):
        ours.push(Parcel(parcel_id=name, content=b"record"))
    kept = tmp_path / "de-bka" / "answers"
    os.utime(kept / "old", (0, 0))
    us, them = sides()
    end(them, us, url="https://127.0.0.1:1", state=tmp_path, repeats_days=1).pull(limit=5)
    assert [one.name for one in kept.iterdir()] == ["new"]


def test_an_answer_that_proves_nothing_is_told_of_and_holds_up_no_receipt(
    ends: Ends, there: Desk, at_them: str, tmp_path: Path
) -> None:
    ours, theirs = ends()
    beside = end(*sides(), url=at_them, state=tmp_path)
    for name in ("p", "q"):
        ours.push(Parcel(parcel_id=name, content=name.encode()))
        theirs.acknowledge(name, TAKEN)
    ours._places.remove("asked", "p")
    ours.push(Parcel(parcel_id="p", content=b"p"))
    there.says = there.replies[-1].body  # the receipt for p, whatever is asked for
    assert [one.parcel_id for one in ours.receipts(limit=5)] == ["p"]
    for asked in (ours, beside):  # another process shows an operator what this one found
        assert asked.health().sentence == "1 answers prove nothing, the last for receipt-invalid."
    there.says = None
    assert [one.parcel_id for one in ours.receipts(limit=5)] == ["p", "q"]
    assert ours.health().well
    assert beside.health().well


def test_a_receipt_by_a_certificate_that_is_no_longer_pinned_counts_no_more(
    ends: Ends, at_them: str, tmp_path: Path
) -> None:
    ours, _ = ends(lambda _: TAKEN)
    ours.push(Parcel(parcel_id="p", content=b"record"))
    us, them = sides()
    other = end(us, them, url=at_them, state=tmp_path, pinned=[us.certificate])
    assert other.receipts(limit=5) == []
    assert other.health().sentence == "1 answers prove nothing, the last for signature-invalid."
    assert len(ours.receipts(limit=5)) == 1
