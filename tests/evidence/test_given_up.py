"""Signing keys that were given up: what they signed stands where others saw it before, and else is open."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from hub.envelope.parcels import sign_parcel, verify_parcel
from hub.envelope.receipts import issue, verify_receipt
from hub.envelope.suites import Suite
from hub.errors import IntegrityFailure
from hub.evidence.anchors import Anchors, read_anchors, write_anchors
from hub.evidence.bundle import Bundle, read_bundle
from hub.evidence.findings import Outcome, Standing, Verdict
from hub.evidence.parcel_parts import ParcelPart, Way
from hub.evidence.verifying import verify_bundle
from hub.exchange.broker import Broker
from hub.exchange.erasing import confirm_erasure, propose_erasure
from hub.exchange.keys.changing import compromise
from hub.exchange.partners import pair, present_card
from hub.federation.card import fingerprint
from hub.records.actor import Role
from hub.records.ids import new_id
from hub.records.lifecycle import ReceiptStatus
from tests.evidence.parcels import Parcelled
from tests.evidence.world import World, keys_of, play, proven, resigned
from tests.exchange.hubs import CUSTODIAN, Hubs, officer, released, run_lanes
from tests.exchange.keyed import keyed

WHY = "a disk was stolen"


def anchors_without(anchors: Anchors, broker: Broker, at: datetime) -> Anchors:
    """Return anchors that know of a signing key of a hub that it gave up at a time, as a file brings them."""
    kid = broker.keyring.signing().es256_kid
    mended = replace(anchors.agencies[broker.agency], given_up={kid: at})
    changed = replace(anchors, agencies={**anchors.agencies, broker.agency: mended})
    return read_anchors(write_anchors(changed))


def open_in(verdict: Verdict) -> set[str]:
    return keys_of(verdict, Standing.NOT_SHOWN)


def test_what_others_saw_before_the_key_was_given_up_is_proven(world: World) -> None:
    raw = world.export(world.theirs)
    later = world.hubs.clock.now() + timedelta(days=1)
    verdict = proven(raw, anchors_without(world.anchors(world.theirs), world.ours, later))
    assert "key-given-up-later" in keys_of(verdict, Standing.NOT_CHECKED)


def test_what_nobody_saw_before_the_key_was_given_up_is_open(world: World) -> None:
    raw = world.export(world.theirs)
    at = world.hubs.clock.now() - timedelta(days=1)
    verdict = verify_bundle(raw, anchors_without(world.anchors(world.theirs), world.ours, at))
    assert (verdict.outcome, open_in(verdict)) == (Outcome.INCOMPLETE, {"key-given-up-before"})


def test_without_witnesses_and_time_stamps_nothing_is_older_than_that(world: World) -> None:
    raw = world.export(world.theirs)
    later = world.hubs.clock.now() + timedelta(days=1)
    known = anchors_without(world.anchors(world.theirs, needed=0, witnesses=()), world.ours, later)
    assert open_in(verify_bundle(raw, known)) == {"key-given-up-before"}


def test_the_recipients_receipt_is_weighed_in_the_same_way(world: World) -> None:
    raw = world.export()
    at = world.hubs.clock.now() - timedelta(days=1)
    verdict = verify_bundle(raw, anchors_without(world.anchors(), world.theirs, at))
    assert open_in(verdict) == {"key-given-up-before"}


def test_no_erasure_excuses_a_receipt_that_is_in_no_log_and_by_a_key_that_was_given_up(hubs: Hubs) -> None:
    """An exporter that holds another agency's stolen key signs whatever it likes, and dates it back."""
    world = play(hubs)
    propose_erasure(world.ours, officer("dana", Role.CUSTODIAN), world.record_id, justification=WHY)
    confirm_erasure(world.ours, officer("erlan", Role.AUDITOR), world.record_id)
    raw, gone = world.export(), hubs.clock.now() + timedelta(days=1)
    known = anchors_without(world.anchors(), world.theirs, gone)
    assert verify_bundle(raw, known).outcome is Outcome.PROVEN
    real = read_bundle(raw).bundle.receipts[0]
    said = verify_receipt(real.encode(), by=world.theirs.keyring.public(), allowed=frozenset(Suite))
    invented = replace(said, receipt_id=new_id(), status=ReceiptStatus.ACTIONED)
    forged = issue(invented, world.theirs.keyring.signing(), Suite.HYBRID_1).decode()
    lied = resigned(raw, world.ours, lambda one: replace(one, receipts=(*one.receipts, forged)))
    verdict = verify_bundle(lied, known)
    assert (verdict.outcome, open_in(verdict)) == (Outcome.INCOMPLETE, {"receipt-not-in-log"})


def test_an_originator_that_nobody_knows_is_no_failure_of_ours(parcelled: Parcelled, parcels: bytes) -> None:
    keys = parcelled.ours.keyring

    def change(bundle: Bundle) -> Bundle:
        def restated(part: ParcelPart) -> ParcelPart:
            if part.way is not Way.SENT or part.statement is None:
                return part
            stated = verify_parcel(part.statement.encode(), keys=keys.public())
            renamed = sign_parcel(replace(stated, originator="xx-nobody"), keys=keys.signing())
            return replace(part, statement=renamed.decode())

        return replace(bundle, originator="xx-nobody", parcels=tuple(map(restated, bundle.parcels)))

    verdict = parcelled.verdict(resigned(parcels, parcelled.ours, change))
    assert verdict.outcome is Outcome.DISPROVEN


def test_what_was_stated_of_parcels_is_weighed_too(parcelled: Parcelled, parcels: bytes) -> None:
    at = parcelled.hubs.clock.now() - timedelta(days=365)
    verdict = parcelled.verdict(parcels, anchors_without(parcelled.anchored(), parcelled.ours, at))
    assert open_in(verdict) == {"key-given-up-before", "exporter-key-given-up"}


@pytest.mark.slow
def test_anchors_of_either_side_know_what_was_given_up_and_a_new_export_is_proven(hubs: Hubs) -> None:
    ours, theirs = keyed(hubs, "kz-knb"), keyed(hubs, "cis-atc")
    hubs.add("sco-rats")
    hubs.pair_all()
    hubs.agree()
    hubs.clock.pass_(60)
    world = World(hubs=hubs, witnesses=("sco-rats",))
    world.record_id = released(ours.broker, "cis-atc").record_id
    run_lanes(ours.broker)
    before, known_before = world.export(), world.anchors(witnesses=("sco-rats",))
    world.witness(theirs.broker, "sco-rats")
    hubs.clock.pass_(60)
    gone = compromise(ours.broker, ours.custody, CUSTODIAN, "sign-es256", why=WHY)
    given_up = hubs.clock.now()
    card = present_card(ours.broker)
    hubs.clock.pass_(60)
    pinned = hubs.clock.now()
    for broker in (theirs.broker, hubs.network.brokers["sco-rats"]):
        pair(broker, CUSTODIAN, card, confirmed_fingerprint=fingerprint(card))
    for hub, at in ((ours, given_up), (theirs, pinned)):
        known = read_anchors(write_anchors(world.anchors(hub.broker, witnesses=("sco-rats",))))
        assert known.agencies["kz-knb"].given_up == {gone.kid: at}
        verdict = proven(world.export(hub.broker), known)
        assert "key-given-up-later" in keys_of(verdict, Standing.NOT_CHECKED)
        assert open_in(verify_bundle(before, known)) == {"exporter-key-given-up"}
    proven(before, known_before)


@pytest.mark.parametrize(
    ("before", "after"),
    [('"kid":', '"kids":'), ('Z"\n    }\n   ]', '"\n    }\n   ]'), ('"given_up": [', '"given_up": [1,')],
)
def test_anchors_that_tell_of_it_otherwise_are_refused(world: World, before: str, after: str) -> None:
    raw = write_anchors(anchors_without(world.anchors(), world.ours, world.hubs.clock.now()))
    assert before.encode() in raw
    with pytest.raises(IntegrityFailure) as refused:
        read_anchors(raw.replace(before.encode(), after.encode(), 1))
    assert refused.value.code == "anchors-invalid"
