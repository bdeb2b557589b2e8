"""Two officers destroy a record's content; what is left tells nobody what it was, and proves the rest."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from hub.audit.events import Act, AuditEvent
from hub.entries import RecordRow
from hub.envelope.canonical import canonical, digest
from hub.exchange.attachments import read_attachment
from hub.exchange.broker import Broker
from hub.exchange.correcting import correct, withdraw
from hub.exchange.drafting import draft
from hub.exchange.erasing import confirm_erasure, propose_erasure
from hub.exchange.routing import collect, read_record
from hub.exchange.upkeep import drop, resume, trace
from hub.records.actor import Role
from hub.records.lifecycle import EntryState
from tests.exchange.hubs import (
    AIGUL,
    BOLAT,
    CUSTODIAN,
    Hubs,
    add_member,
    document,
    officer,
    release_it,
    released,
    run_lanes,
)
from tests.exchange.test_attachments import CHUNK, acts, refused, sha256, uploaded
from tests.exchange.test_routing import Meanwhile

#: Many hubs and stores: not for the quick gate.
pytestmark = pytest.mark.slow

DANA = officer("dana", Role.CUSTODIAN)
ERLAN = officer("erlan", Role.AUDITOR)
WHY = "the retention period has ended"
SECRET = "Meets the courier on Abay avenue."


@pytest.fixture
def pair(embedded_pair: Hubs) -> Hubs:
    embedded_pair.agree(extra=("kz-mvd",))
    return embedded_pair


def erased(broker: Broker, record_id: str) -> None:
    propose_erasure(broker, DANA, record_id, justification=WHY)
    confirm_erasure(broker, ERLAN, record_id)


def about(broker: Broker, record_id: str) -> list[AuditEvent]:
    with broker.store.read() as view:
        return [event for _, event in view.events_about([record_id], limit=100)]


def sent(ours: Broker, **more: object) -> RecordRow:
    row = released(ours, "cis-atc", narrative=SECRET, **more)
    run_lanes(ours)
    return row


def test_what_was_sent_is_erased_by_two_and_read_by_nobody(ours: Broker, theirs: Broker) -> None:
    row = sent(ours)
    erased(ours, row.record_id)
    with refused("content-erased"):
        read_record(ours, BOLAT, row.record_id, justification="case 17")
    with refused("content-erased"):
        withdraw(ours, AIGUL, row.record_id, reason="a mistake")
    assert read_record(theirs, BOLAT, row.record_id, justification="case 17").document["narrative"] == SECRET
    (told,) = [event for event in about(ours, row.record_id) if event.act is Act.ERASED]
    assert (str(told.actor), told.justification) == ("officer:erlan", WHY)
    assert told.details["proposed_by"] == "officer:dana"
    assert told.details["recipients"] == "cis-atc"
    assert told.details["envelopes"] == trace(ours, row.record_id).entries[0].envelope_id
    (admitted,) = [event for event in about(theirs, row.record_id) if event.act is Act.ADMITTED]
    assert told.details["envelope_digests"] == admitted.details["envelope_digest"]


def test_what_came_is_erased_too_and_never_comes_back(ours: Broker, theirs: Broker) -> None:
    row = sent(ours)
    erased(theirs, row.record_id)
    with refused("content-erased"):
        read_record(theirs, BOLAT, row.record_id, justification="case 17")
    assert Act.ERASED in acts(theirs)


@pytest.mark.slow
def test_a_members_system_gets_the_delivery_without_content(ours: Broker, theirs: Broker) -> None:
    add_member(ours, "kz-mvd")
    row = released(ours, "kz-mvd", narrative=SECRET)
    erased(ours, row.record_id)
    before = acts(ours).count(Act.DISCLOSED)
    (found,) = collect(ours, "kz-mvd", after=0, limit=10)
    assert (found.record, found.withheld) == (None, ())
    assert acts(ours).count(Act.DISCLOSED) == before


@pytest.mark.slow
def test_what_is_erased_while_a_system_collects_it_stays_inside(ours: Broker) -> None:
    add_member(ours, "kz-mvd")
    row = released(ours, "kz-mvd", narrative=SECRET)
    racing = Meanwhile(ours.store, lambda: erased(ours, row.record_id))
    before = acts(ours).count(Act.DISCLOSED)
    with refused("conflict"):
        collect(replace(ours, store=racing), "kz-mvd", after=0, limit=10)  # type: ignore[arg-type]
    assert acts(ours).count(Act.DISCLOSED) == before
    (found,) = collect(ours, "kz-mvd", after=0, limit=10)
    assert found.record is None


def test_nothing_that_is_stored_lets_a_guess_be_tested(ours: Broker, theirs: Broker, tmp_path: Path) -> None:
    row = sent(ours)
    guess = digest(canonical(read_record(ours, BOLAT, row.record_id, justification="a test").document))
    assert guess == row.digest
    home = tmp_path / "kz-knb" / "hub.sqlite3"
    before = "\n".join(stored(home))
    assert guess.hex() in before
    salts = {event.salt for event in about(ours, row.record_id) if "digest" in event.details}
    erased(ours, row.record_id)
    after = "\n".join(stored(home))
    assert guess.hex() not in after
    assert SECRET not in after
    assert all(salt is not None and salt.hex() not in after for salt in salts)
    for event in about(ours, row.record_id):
        assert "digest" not in event.details
        erased_with_it = event.act in {Act.DRAFTED, Act.RELEASED}
        assert (event.salt is None) is erased_with_it, event.act


def stored(path: Path) -> list[str]:
    """Return every value in a database as text; bytes in hex."""
    with closing(sqlite3.connect(path)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [row for table in tables for row in database.execute(f'SELECT * FROM "{table}"')]
    return [value.hex() if isinstance(value, bytes) else str(value) for row in rows for value in row]


@pytest.mark.slow
def test_who_read_it_and_why_stays_known(ours: Broker) -> None:
    row = sent(ours)
    read_record(ours, BOLAT, row.record_id, justification="case 17")
    erased(ours, row.record_id)
    (read,) = [event for event in about(ours, row.record_id) if event.act is Act.CONSULTED]
    assert (read.justification, read.salt is not None) == ("case 17", True)


def test_it_takes_two_and_neither_wrote_it(ours: Broker) -> None:
    row = sent(ours)
    both = officer("dana", Role.CUSTODIAN, Role.AUDITOR)
    for actor in (AIGUL, BOLAT, ERLAN, CUSTODIAN, officer("aigul", Role.CUSTODIAN)):
        with pytest.raises(Exception, match=r"^(role-missing|four-eyes|policy-denied): "):
            propose_erasure(ours, actor, row.record_id, justification=WHY)
    with refused("not-found"):
        confirm_erasure(ours, ERLAN, row.record_id)
    with refused("justification-missing"):
        propose_erasure(ours, DANA, row.record_id, justification=" ")
    propose_erasure(ours, both, row.record_id, justification=WHY)
    for actor in (both, AIGUL, BOLAT, officer("aigul", Role.AUDITOR)):
        with pytest.raises(Exception, match=r"^(role-missing|four-eyes|policy-denied): "):
            confirm_erasure(ours, actor, row.record_id)
    assert read_record(ours, BOLAT, row.record_id, justification="still there")
    confirm_erasure(ours, ERLAN, row.record_id)
    with refused("not-found"):
        confirm_erasure(ours, ERLAN, row.record_id)
    with refused("content-erased"):
        propose_erasure(ours, DANA, row.record_id, justification=WHY)


def test_a_version_that_came_since_the_proposal_is_not_erased_with_it(ours: Broker, theirs: Broker) -> None:
    row = sent(ours)
    propose_erasure(theirs, DANA, row.record_id, justification=WHY)
    told = dict(read_record(ours, BOLAT, row.record_id, justification="case 17").document)
    release_it(ours, correct(ours, AIGUL, row.record_id, told))
    run_lanes(ours)
    with refused("conflict"):
        confirm_erasure(theirs, ERLAN, row.record_id)
    propose_erasure(theirs, DANA, row.record_id, justification=WHY)
    assert confirm_erasure(theirs, ERLAN, row.record_id).versions == (1, 2)


def test_a_draft_and_what_is_on_its_way_are_not_erased(ours: Broker) -> None:
    written = draft(ours, AIGUL, document(), recipients=["cis-atc"])
    with refused("transition-invalid"):
        propose_erasure(ours, DANA, written.record_id, justification=WHY)
    moving = released(ours, "cis-atc")
    with refused("transition-invalid"):
        propose_erasure(ours, DANA, moving.record_id, justification=WHY)
    (entry,) = trace(ours, moving.record_id).entries
    drop(ours, BOLAT, entry.entry_id, reason="to be erased")
    erased(ours, moving.record_id)


@pytest.mark.slow
def test_what_is_resumed_after_its_erasure_is_held_and_goes_nowhere(ours: Broker, theirs: Broker) -> None:
    row = released(ours, "cis-atc")
    (entry,) = trace(ours, row.record_id).entries
    drop(ours, BOLAT, entry.entry_id, reason="to be erased")
    erased(ours, row.record_id)
    resume(ours, BOLAT, entry.entry_id)
    run_lanes(ours)
    assert trace(ours, row.record_id).entries[0].state is EntryState.HELD
    with theirs.store.read() as view:
        assert view.records.get(row.record_id) is None


@pytest.mark.slow
def test_attachments_go_with_it_unless_another_record_names_them(
    pair: Hubs, ours: Broker, theirs: Broker
) -> None:
    shared, own = b"s" * (3 * CHUNK), b"o" * (2 * CHUNK)
    named = [uploaded(ours, content) for content in (shared, own)]
    first = released(ours, "cis-atc", attachments=[ref(content) for content in (shared, own)])
    second = released(ours, "cis-atc", attachments=[ref(shared)])
    assert named
    for row in (first, second):
        for entry in trace(ours, row.record_id).entries:
            drop(ours, BOLAT, entry.entry_id, reason="not for this test")
    propose_erasure(ours, DANA, first.record_id, justification=WHY)
    done = confirm_erasure(ours, ERLAN, first.record_id)
    assert (len(done.attachments), len(done.kept)) == (1, 1)
    assert ours.blobs.size(done.attachments[0]) == 0
    parts = read_attachment(ours, BOLAT, second.record_id, sha256(shared), justification="still there")
    assert b"".join(parts) == shared
    with refused("content-erased"):
        read_attachment(ours, BOLAT, first.record_id, sha256(own), justification="gone")
    with ours.store.read() as view:
        assert not view.attachments.by_plain_digest(sha256(own))


def ref(content: bytes) -> dict[str, object]:
    return {
        "digest": sha256(content),
        "name": "scan.pdf",
        "media_type": "application/pdf",
        "size_bytes": len(content),
    }
