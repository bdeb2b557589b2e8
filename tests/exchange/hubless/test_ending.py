"""What ends with a partner without a hub: content is erased both ways, a life that is over begins anew."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from adapters.contract import Verdict
from hub.audit.events import SECRET_DETAILS, Act
from hub.entries import RecordRow
from hub.evidence.parts import Mode
from hub.exchange.erasing import confirm_erasure, propose_erasure
from hub.exchange.evidence.collecting import collect
from hub.exchange.hubless.pinning import resume_hubless, suspend_hubless
from hub.exchange.taxii.collecting import collect_objects, collections_of
from hub.exchange.taxii.laying import lay_out, open_posts
from hub.exchange.taxii.posting import post_objects, waiting_posts
from hub.exchange.upkeep import expire, resume
from hub.ports.taxii import FORGOTTEN, CollectionRow, Filter, ObjectRow
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
        events = [one for _, one in view.events_about([row.record_id, parcel.parcel_id], limit=50)]
    assert pair.parcel(row).digest == bytes(32)
    assert {Act.RELEASED, Act.CARRIED, Act.RECEIPT_KEPT} <= {one.act for one in events}
    assert not any(SECRET_DETAILS & one.details.keys() for one in events)
    (erased,) = [one.details for one in events if one.act is Act.ERASED]
    assert (erased["parcels"], erased["envelopes"]) == (parcel.parcel_id, "")
    assert (erased["parcel_recipients"], erased["parcel_answers"]) == (THEM, "accepted")


def test_erasing_what_came_leaves_no_parcel_and_no_unknown_parts(made: Any) -> None:
    pair: Pair = made(dialect="record-json")
    pair.send(json.dumps({**theirs(pair), "mood": "grim"}).encode())
    pair.look()
    (row,), (intake,) = records(pair), intakes(pair)
    erase(pair, row.record_id, THEM)
    with pair.broker.store.read() as view:
        assert view.bodies.get_many([intake.body_id, str(intake.unknown_id), row.body_id]) == {}
        events = [one for _, one in view.events_about([row.record_id], limit=50)]
    assert not any(SECRET_DETAILS & one.details.keys() for one in events)


def held(pair: Pair, collection: CollectionRow) -> list[ObjectRow]:
    with pair.broker.store.read() as view:
        return list(view.taxii.page(collection.collection_id, Filter(every=True), after=0, limit=100))


def laid_out(pair: Pair, row: RecordRow) -> CollectionRow:
    """Lay out what is released, as the carrier would whose partner collects; the partner takes it."""
    pair.carry()
    content = pair.take()
    lay_out(pair.broker, THEM, pair.parcel(row).parcel_id, "unmarked", content)
    pair.look()
    (collection,) = [one for one in collections_of(pair.broker, THEM) if not one.writes]
    return collection


def test_erasing_what_was_laid_out_leaves_no_digest_in_the_collection(pair: Pair) -> None:
    first, second = pair.release(pair.drafted()), pair.release(pair.drafted())
    pair.carry()
    for parcel in pair.carrier.pull(limit=5):
        lay_out(pair.broker, THEM, parcel.parcel_id, "unmarked", parcel.content)
        pair.carrier.acknowledge(parcel.parcel_id, Verdict(taken=True))
    pair.look()
    (collection,) = collections_of(pair.broker, THEM)
    before = held(pair, collection)
    erase(pair, first.record_id)
    with pair.broker.store.read() as view:
        laid = view.taxii.laid(pair.parcel(first).parcel_id)
        others = {one.number for one in view.taxii.contents(pair.parcel(second).parcel_id)}
        assert view.taxii.contents(pair.parcel(first).parcel_id) == []
    assert laid is not None
    assert laid.digest == bytes(32)
    told = {one.number: one.digest for one in held(pair, collection)}
    assert FORGOTTEN in told.values()
    assert told == {one.number: one.digest if one.number in others else FORGOTTEN for one in before}


def test_an_object_whose_digest_was_forgotten_is_laid_out_again(pair: Pair) -> None:
    first = pair.release(pair.drafted())
    collection = laid_out(pair, first)
    names = {one.object_id for one in held(pair, collection)}
    erase(pair, first.record_id)
    second = pair.release(pair.drafted())
    laid_out(pair, second)
    shared = {one.object_id: one for one in held(pair, collection) if one.object_id in names}
    with pair.broker.store.read() as view:
        listed = view.taxii.contents(pair.parcel(second).parcel_id)
    again = [one for one in listed if one.object_id in shared]
    assert again
    assert FORGOTTEN not in {one.digest for one in again}
    given = collect_objects(
        pair.broker, CUSTODIAN, collection, Filter(every=True), after=0, limit=100, thumbprint=None
    )
    assert [one.number for one in given.rows] == sorted(one.number for one in listed)


def test_erasing_what_was_posted_leaves_no_digest_and_touches_no_others_parcel(made: Any) -> None:
    pair: Pair = made()
    open_posts(pair.broker, THEM)
    (collection,) = collections_of(pair.broker, THEM)
    other = {"type": "identity", "id": f"identity--{uuid4()}", "name": "x"}
    lay_out(pair.broker, "cis-atc", "theirs-1", "unmarked", json.dumps({"objects": [other]}).encode())
    posted = post_objects(pair.broker, CUSTODIAN, collection, packed(pair, theirs(pair)))
    ((post_id, bundle),) = waiting_posts(pair.broker, THEM, limit=5)
    pair.send(bundle, post_id)
    pair.send(packed(pair, theirs(pair)), "theirs-1")  # an id that is another agency's parcel
    pair.look()
    assert not intakes(pair)[0].code
    (row, named) = records(pair)
    erase(pair, named.record_id, THEM)
    assert FORGOTTEN not in {one.digest for one in posted.objects}
    erase(pair, row.record_id, THEM)
    assert {one.digest for one in held(pair, collection)} == {FORGOTTEN}
    with pair.broker.store.read() as view:
        laid = view.taxii.laid("theirs-1")
        assert laid is not None
        assert laid.digest != bytes(32)
        assert len(view.taxii.contents("theirs-1")) == 1


def test_a_receipt_after_the_erasure_is_not_kept_and_not_called_invalid(pair: Pair) -> None:
    row = pair.release(pair.drafted())
    pair.carry()
    pair.hubs.clock.pass_(pair.broker.limits.time_to_live_s + 1)
    assert expire(pair.broker) == 1
    erase(pair, row.record_id)
    pair.take()
    pair.look()
    assert pair.parcel(row).receipt_id is None
    with pair.broker.store.read() as view:
        told = [one.details for _, one in view.events(after=0, limit=500) if one.act is Act.REFUSED]
    assert [one["code"] for one in told] == ["content-erased"]
    assert pair.carrier.receipts(limit=5) == []


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


def bodies_held(pair: Pair) -> int:
    """Return how many of the partner's parcels are kept with their bytes."""
    with pair.broker.store.read() as view:
        rows = [row for name in ("theirs-1", "again") for row in view.hubless.intakes_by_id(THEM, name)]
        return len(view.bodies.get_many([row.body_id for row in rows]))


@pytest.mark.parametrize("parcel_id", ["theirs-1", "again"])
def test_what_was_erased_and_comes_again_is_refused_and_nothing_of_it_is_kept(
    made: Any, parcel_id: str
) -> None:
    pair: Pair = made(dialect="record-json")
    content = packed(pair, theirs(pair))
    pair.send(content)
    pair.look()
    (row,) = records(pair)
    erase(pair, row.record_id, THEM)
    pair.carrier.settle("theirs-1")
    for _ in range(2):
        pair.send(content, parcel_id)
        pair.look()
        (receipt,) = pair.carrier.receipts(limit=5)
        assert receipt.verdict.code == "content-erased"
        pair.carrier.settle(parcel_id)
    assert bodies_held(pair) == 0
    assert len(records(pair)) == 1
    with pair.broker.store.read() as view:
        refusals = [one for _, one in view.events(after=0, limit=500) if one.act is Act.REFUSED]
    assert [one.details["code"] for one in refusals] == ["content-erased"] * 2
    assert all("digest" not in one.details for one in refusals)


def test_an_erased_record_under_the_id_of_another_parcel_is_not_kept_either(made: Any) -> None:
    pair: Pair = made(dialect="record-json")
    content = packed(pair, theirs(pair))
    pair.send(content)
    pair.send(packed(pair, theirs(pair)), "again")
    pair.look()
    gone = intakes(pair)[0].record_id
    erase(pair, str(gone), THEM)
    for one in ("theirs-1", "again"):
        pair.carrier.settle(one)
    pair.send(content, "again")
    pair.look()
    assert [one.verdict.code for one in pair.carrier.receipts(limit=5)] == ["content-erased"]
    assert bodies_held(pair) == 1


def test_no_digest_of_what_came_is_left_by_an_erasure(made: Any) -> None:
    pair: Pair = made(dialect="stix")
    first, second = theirs(pair), theirs(pair)
    for name, record in (("theirs-1", first), ("again", second)):
        pair.send(packed(pair, record), name)
    pair.look()
    before = {one.parcel_id: one.digest for one in (*intakes(pair), *intakes(pair, "again"))}
    names = list(pair.theirs.dialect.interpret(packed(pair, first)).versions)
    others = pair.theirs.dialect.interpret(packed(pair, second)).versions
    erase(pair, str(first["id"]), THEM)
    assert intakes(pair)[0].digest != before["theirs-1"]
    assert intakes(pair, "again")[0].digest == before["again"]
    with pair.broker.store.read() as view:
        known = view.hubless.objects(THEM, names)
    assert FORGOTTEN in known.values()
    assert all((told == FORGOTTEN) is (name not in others) for name, told in known.items())
