"""What ends with a partner without a hub: content is erased both ways, a life that is over begins anew."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub.audit.events import Act
from hub.evidence.parts import Mode
from hub.exchange.erasing import confirm_erasure, propose_erasure
from hub.exchange.evidence.collecting import collect
from hub.exchange.hubless.pinning import resume_hubless, suspend_hubless
from hub.exchange.upkeep import expire, resume
from hub.records.actor import Role
from hub.records.lifecycle import EntryState
from tests.exchange.hubless.conftest import THEM, Pair
from tests.exchange.hubless.test_taking import intakes, packed, records, theirs
from tests.exchange.hubs import CUSTODIAN, officer

ERASER = officer("erlan", Role.CUSTODIAN)
SECOND = officer("sabina", Role.CUSTODIAN)


def erase(pair: Pair, record_id: str, originator: str | None = None) -> None:
    propose_erasure(pair.broker, ERASER, record_id, justification="kept too long", originator=originator)
    confirm_erasure(pair.broker, SECOND, record_id, originator=originator)


def test_erasing_what_was_sent_leaves_no_parcel_no_losses_and_no_digest(pair: Pair) -> None:
    row = pair.release(pair.drafted())
    pair.carry()
    pair.take()
    pair.look()
    parcel = pair.parcel(row)
    erase(pair, row.record_id)
    with pair.broker.store.read() as view:
        assert parcel.receipt_id is not None
        bodies = [parcel.parcel_id, parcel.about_id, parcel.receipt_id]
        assert view.bodies.get_many(bodies) == {}
        events = [one for _, one in view.events_about([row.record_id], limit=50)]
    assert pair.parcel(row).digest == bytes(32)
    assert all("losses" not in one.details for one in events if one.act is Act.RELEASED)


def test_erasing_what_came_leaves_no_parcel_and_no_unknown_parts(made: Any) -> None:
    pair: Pair = made(dialect="record-json")
    pair.send(json.dumps({**theirs(pair), "mood": "grim"}).encode())
    pair.look()
    (row,), (intake,) = records(pair), intakes(pair)
    erase(pair, row.record_id, THEM)
    with pair.broker.store.read() as view:
        assert view.bodies.get_many([intake.body_id, str(intake.unknown_id), row.body_id]) == {}
        events = [one for _, one in view.events_about([row.record_id], limit=50)]
    assert all("digest" not in one.details for one in events if one.act is Act.ADMITTED)


def test_what_died_of_age_goes_out_again_as_the_same_bytes(pair: Pair) -> None:
    row = pair.release(pair.drafted())
    pair.carry()
    (sent,) = pair.carrier.pull(limit=5)
    pair.hubs.clock.pass_(pair.broker.limits.time_to_live_s + 1)
    assert expire(pair.broker) == 1
    again = resume(pair.broker, CUSTODIAN, pair.entry(row).entry_id)
    assert again.envelope_id == sent.parcel_id
    pair.carry()
    assert pair.carrier.pull(limit=5) == [sent]


def test_what_a_suspension_held_goes_out_when_it_ends(pair: Pair) -> None:
    row = pair.release(pair.drafted())
    suspend_hubless(pair.broker, CUSTODIAN, THEM)
    assert pair.entry(row).state is EntryState.HELD
    assert pair.carry() == 0
    assert resume_hubless(pair.broker, CUSTODIAN, THEM)[1] == 1
    assert pair.carry() == 1


@pytest.mark.parametrize("mode", list(Mode))
def test_evidence_of_a_record_shows_its_release_and_no_parcel_as_an_envelope(pair: Pair, mode: Mode) -> None:
    row = pair.release(pair.drafted())
    pair.carry()
    with pair.broker.store.read() as view:
        found = collect(pair.broker, view, row.record_id, mode, originator=None)
    assert found.envelopes == ()
    assert [one.act for one in found.events if one.act is Act.RELEASED]


def test_of_what_came_too(made: Any) -> None:
    pair: Pair = made(dialect="record-json")
    pair.send(packed(pair, theirs(pair)))
    pair.look()
    (row,) = records(pair)
    with pair.broker.store.read() as view:
        found = collect(pair.broker, view, row.record_id, Mode.FULL, originator=THEM)
    assert [one.act for one in found.events if one.act is Act.ADMITTED]
