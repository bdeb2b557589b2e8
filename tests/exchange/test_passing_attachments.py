"""Attachments of what is passed on: the originator's own ciphertext, under the digest that it signed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from hub.audit.events import Act
from hub.entries import AttachmentRow, RecordRow
from hub.errors import HubError
from hub.exchange.attachments import read_attachment
from hub.exchange.broker import Broker
from hub.exchange.correcting import correct, withdraw
from hub.exchange.erasing import confirm_erasure, propose_erasure
from hub.exchange.passing.following import follow_passages
from hub.exchange.passing.passing_on import pass_on
from hub.exchange.routing import read_record
from hub.records.actor import Actor, ActorKind, Role
from hub.records.lifecycle import EntryState
from tests.exchange.hubs import AIGUL, BOLAT, Hubs, officer, release_it, released, run_lanes
from tests.exchange.passages import (
    ORCON,
    A,
    B,
    C,
    consented,
    named,
    newest,
    offered,
    passed_on,
    run,
    signed,
    three,
)
from tests.exchange.test_attachments import ref, refused, sha256, uploaded

pytestmark = pytest.mark.slow

WHY = "case 17"
D = "sco-rats"


@pytest.fixture(scope="module")
def hubs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hubs]:
    made = three(tmp_path_factory.mktemp("hubs"), D)
    yield made
    made.close()


@pytest.fixture
def content() -> bytes:
    """Some bytes that no other test has."""
    return os.urandom(3000)


def push(hubs: Hubs, ours: str, theirs: str, row: RecordRow) -> None:
    """Hand the attachments of a record's envelopes to a partner, as the dispatcher's streams do."""
    broker = hubs.network.broker(ours)
    with broker.store.read() as view:
        names = {
            name
            for entry in view.outbox.of_record(row.record_id)
            if entry.recipient == theirs
            for name in entry.attachments
        }
        rows = [found for name in sorted(names) if (found := view.attachments.get(name)) is not None]
        partner = view.directory.partner(theirs)
    assert partner is not None
    for one in rows:
        broker.carrier.carry_attachment(partner, one.digest, one.size_bytes, broker.blobs)


def sent_with(hubs: Hubs, *contents: bytes) -> RecordRow:
    """Send a record with attachments from the first hub to the second."""
    a = hubs.network.broker(A)
    for one in contents:
        uploaded(a, one)
    row = released(a, B, label=ORCON, attachments=[ref(one) for one in contents])
    push(hubs, A, B, row)
    run(hubs)
    return row


def passed_with(hubs: Hubs, row: RecordRow, to: str = C, by: str = B) -> RecordRow:
    """Pass a record on with its attachments."""
    broker = hubs.network.broker(by)
    passage = pass_on(broker, AIGUL, row.record_id, to=[to])
    release_it(broker, passage)
    push(hubs, by, to, passage)
    run(hubs)
    return passage


def read(broker: Broker, row: RecordRow, content: bytes) -> bytes:
    parts = read_attachment(broker, BOLAT, row.record_id, sha256(content), justification=WHY)
    return b"".join(parts)


def held(broker: Broker, content: bytes, ours: Broker) -> AttachmentRow | None:
    """Return a hub's row of the ciphertext that another hub made of some content."""
    with ours.store.read() as view:
        (made,) = view.attachments.by_plain_digest(sha256(content))
    with broker.store.read() as view:
        return view.attachments.get(made.digest)


def test_the_originators_ciphertext_goes_on_and_opens_at_the_end_of_a_chain(
    hubs: Hubs, content: bytes
) -> None:
    row = sent_with(hubs, content)
    consented(hubs, row)
    passed_with(hubs, row)
    c, d = hubs.network.broker(C), hubs.network.broker(D)
    assert read(c, row, content) == content
    consented(hubs, row, D, by=C)
    passed_with(hubs, row, to=D, by=C)
    assert read(d, row, content) == content
    assert held(d, content, hubs.network.broker(A)) is not None


def test_a_member_of_the_recipient_reads_it_too(hubs: Hubs, content: bytes) -> None:
    a = hubs.network.broker(A)
    uploaded(a, content)
    row = released(a, B, label=ORCON | {"originator_control": False}, attachments=[ref(content)])
    push(hubs, A, B, row)
    run(hubs)
    consented(hubs, row)
    passed_with(hubs, row)
    system = Actor(kind=ActorKind.SYSTEM, id="de-lka", agency="de-lka")
    c = hubs.network.broker(C)
    parts = read_attachment(c, system, row.record_id, sha256(content), justification=WHY, originator=A)
    assert b"".join(parts) == content


def test_it_waits_until_its_attachments_are_there(hubs: Hubs, content: bytes) -> None:
    row = sent_with(hubs, content)
    consented(hubs, row)
    b, c = hubs.network.broker(B), hubs.network.broker(C)
    passage = passed_on(hubs, row)
    with b.store.read() as view:
        (entry,) = [one for one in view.outbox.of_record(passage.record_id) if one.recipient == C]
    assert (entry.state, entry.reason) == (EntryState.PENDING, "attachment-missing")
    assert newest(c, row) is None
    push(hubs, B, C, passage)
    hubs.clock.pass_(3600)
    run_lanes(b)
    assert read(c, row, content) == content


def test_corrections_bring_their_attachments_and_a_withdrawal_closes_all(hubs: Hubs, content: bytes) -> None:
    a, b, c = (hubs.network.broker(name) for name in (A, B, C))
    row = sent_with(hubs, content)
    consented(hubs, row)
    passage = passed_with(hubs, row)
    more = os.urandom(2000)
    uploaded(a, more)
    told = dict(read_record(a, BOLAT, row.record_id, justification=WHY).document)
    release_it(a, correct(a, AIGUL, row.record_id, told | {"attachments": [ref(content), ref(more)]}))
    push(hubs, A, B, row)
    hubs.clock.pass_(3600)
    run_lanes(a)
    assert follow_passages(b) == 1
    push(hubs, B, C, passage)
    run(hubs)
    found = newest(c, row)
    assert found is not None
    assert found.version == 2
    assert read(c, row, more) == more
    release_it(a, withdraw(a, AIGUL, row.record_id, reason="a mistake"))
    run(hubs)
    with refused("not-found"):
        read(c, row, more)


def test_a_passage_that_brings_other_attachments_than_were_signed_is_refused(
    hubs: Hubs, content: bytes
) -> None:
    row = sent_with(hubs, content)
    consent = consented(hubs, row)
    b = hubs.network.broker(B)
    details: Mapping[str, Any] = {
        "record": named(row),
        "signed": signed(b, row),
        "consent": signed(b, consent),
    }
    assert offered(hubs, details) == "passage-invalid"
    assert newest(hubs.network.broker(C), row) is None


def test_what_was_forgotten_here_is_not_passed_on(hubs: Hubs, content: bytes) -> None:
    row = sent_with(hubs, content)
    consented(hubs, row)
    b = hubs.network.broker(B)
    mine = held(b, content, hubs.network.broker(A))
    assert mine is not None
    b.blobs.discard(mine.digest)
    with refused("attachment-missing"):
        pass_on(b, AIGUL, row.record_id, to=[C])


def erased(broker: Broker, record_id: str, *, originator: str) -> None:
    dana, erlan = officer("dana", Role.CUSTODIAN), officer("erlan", Role.AUDITOR)
    propose_erasure(broker, dana, record_id, justification=WHY, originator=originator)
    confirm_erasure(broker, erlan, record_id, originator=originator)


@pytest.mark.parametrize("what", ["the record", "the passage"])
def test_erasing_either_erases_the_attachments(hubs: Hubs, content: bytes, what: str) -> None:
    row = sent_with(hubs, content)
    consented(hubs, row)
    passage = passed_with(hubs, row)
    a, b, c = (hubs.network.broker(name) for name in (A, B, C))
    assert held(c, content, a) is not None
    if what == "the record":
        erased(c, row.record_id, originator=A)
    else:
        erased(c, passage.record_id, originator=B)
    assert held(c, content, a) is None
    with pytest.raises(HubError):
        read(c, row, content)
    assert held(b, content, a) is not None
    erased(b, row.record_id, originator=A)
    assert held(b, content, a) is None


def test_erasing_our_own_record_erases_the_passages_that_told_us_of_it(hubs: Hubs, content: bytes) -> None:
    row = sent_with(hubs, content)
    consented(hubs, row)
    passage = passed_with(hubs, row)
    a = hubs.network.broker(A)
    assert read_record(a, BOLAT, passage.record_id, justification=WHY, originator=B)
    erased(a, row.record_id, originator=A)
    with refused("content-erased"):
        read_record(a, BOLAT, passage.record_id, justification=WHY, originator=B)
    with a.store.read() as view:
        assert view.attachments.by_plain_digest(sha256(content)) == []
        assert [one for _, one in view.events_about([row.record_id], limit=99) if one.act is Act.ERASED]
