"""A record's life is exported, and proven by nothing but the file and the anchors."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from hub.audit.events import Act
from hub.errors import Refused
from hub.evidence.bundle import PARTS_MAX, Bundle, read_bundle
from hub.evidence.findings import Outcome, Standing
from hub.evidence.parts import DeliveryPart, Mode, Shown
from hub.evidence.verifying import verify_bundle
from hub.exchange.broker import Broker
from hub.exchange.correcting import withdraw
from hub.exchange.erasing import confirm_erasure, propose_erasure
from hub.exchange.evidence import collecting
from hub.exchange.evidence.exporting import export
from hub.exchange.routing import acknowledge, collect
from hub.records.actor import Actor, ActorKind, Role
from hub.records.ids import new_id
from hub.records.lifecycle import DeliveryState
from tests.evidence.world import READER, WHY, World, keys_of, play, proven, resigned, told
from tests.exchange.hubs import (
    AIGUL,
    CUSTODIAN,
    Hubs,
    LooseKeyring,
    add_member,
    officer,
    release_it,
    released,
    run_lanes,
)
from tests.exchange.test_delivering import NOT_TO_RATS, approved, corrected, put_in_force


def test_the_originator_proves_what_it_sent_and_who_got_it(world: World, bundle: bytes) -> None:
    verdict = proven(bundle, world.anchors())
    signed = {(one.by, one.what) for one in verdict.signatures}
    assert {("kz-knb", "record"), ("cis-atc", "receipt: accepted"), ("cis-atc", "receipt: opened")} <= signed
    assert {("kz-knb", "bundle"), ("kz-knb/log", "checkpoint"), ("sco-rats/witness", "cosignature")} <= signed
    assert {one.algorithms for one in verdict.signatures if one.what == "record"} == {("ES256", "ML-DSA-65")}
    assert [one.document["narrative"] for one in verdict.contents] == [
        "Жедел хабарлама",
        "Түзетілген хабарлама",
    ]
    steps = [(one.act, one.who) for one in verdict.moments if one.subject == world.record_id]
    assert ("drafted", "officer:aigul") in steps
    assert ("released", "officer:bolat") in steps
    assert keys_of(verdict, Standing.NOT_CHECKED) == {
        "revocation",
        "completeness",
        "other-logs",
        "claimed-times",
        "certificate-not-recorded",
        "no-timestamp",
    }


def test_every_step_says_who_confirms_it_and_no_later_than_when(world: World, bundle: bytes) -> None:
    verdict = proven(bundle, world.anchors())
    first = next(one for one in verdict.moments if one.act == "released")
    last = [one for one in verdict.moments if one.act == "released"][-1]
    assert first.before is not None
    assert last.before is not None
    assert first.before < last.before
    assert set(first.by) <= {"sco-rats/witness", "cis-atc/witness"}


def test_the_recipient_proves_what_it_got_and_that_it_said_so(world: World) -> None:
    verdict = proven(world.export(world.theirs), world.anchors(world.theirs))
    assert verdict.exporter == "cis-atc"
    assert verdict.originator == "kz-knb"
    assert {one.version for one in verdict.contents} == {1, 2}
    acts = {one.act for one in verdict.moments}
    assert {"admitted", "consulted", "receipt-issued", "partner-changed"} <= acts
    consulted = next(one for one in verdict.moments if one.act == "consulted")
    assert (consulted.who, consulted.justification) == ("officer:igor", "identity check")
    assert "pin-in-force" in keys_of(verdict, Standing.PROVEN)


def test_commitments_alone_hold_no_content_and_say_what_they_leave_open(world: World) -> None:
    raw = world.export(mode=Mode.COMMITMENTS)
    assert "хабарлама" not in raw.decode()
    assert WHY not in raw.decode()
    shown = read_bundle(raw).bundle
    assert {one.shown for one in shown.envelopes} == {Shown.WITHHELD}
    assert all(one.sealed is None and one.content_key is None for one in shown.envelopes)
    assert all("justification" not in {d.field for d in one.disclosed} for one in shown.entries)
    verdict = verify_bundle(raw, world.anchors())
    assert verdict.outcome is Outcome.INCOMPLETE
    assert keys_of(verdict, Standing.NOT_SHOWN) == {"content-withheld"}
    assert {"receipt-signed", "entries-included", "envelope-in-log", "released-by-second"} <= keys_of(
        verdict, Standing.PROVEN
    )


def test_a_bundle_is_small_and_every_byte_is_canonical(bundle: bytes) -> None:
    assert len(bundle) < 300_000
    assert json.dumps(json.loads(bundle), ensure_ascii=False, sort_keys=True, separators=(",", ":")) == (
        bundle.decode()
    )


def test_what_was_exported_by_whom_and_why_is_logged_before_and_not_in_the_bundle(world: World) -> None:
    before = read_bundle(world.export()).bundle
    later = proven(world.export(), world.anchors(needed=0))
    exports = [one for one in later.moments if one.act == Act.EXPORTED.value]
    assert exports
    assert {(one.who, one.justification) for one in exports} == {("hub:local:test", WHY)}
    told_before = [one for one in before.entries if '"exported"' in json.dumps(str(one.disclosed))]
    assert len(told_before) < len(exports)


@pytest.mark.parametrize("role", [Role.READER, Role.OPERATOR, Role.CUSTODIAN])
def test_only_an_auditor_or_the_console_exports(world: World, role: Role) -> None:
    with pytest.raises(Refused) as refused:
        export(world.ours, officer("dana", role), world.record_id, justification=WHY)
    assert refused.value.code == "role-missing"
    assert export(world.ours, officer("dana", Role.AUDITOR), world.record_id, justification=WHY)


def test_an_export_takes_a_justification_and_a_record(world: World) -> None:
    with pytest.raises(Refused) as refused:
        export(world.ours, CUSTODIAN, world.record_id, justification=" ")
    assert refused.value.code == "justification-missing"
    with pytest.raises(Refused) as missing:
        export(world.ours, CUSTODIAN, "0195e9a0-0000-7000-8000-00000000000a", justification=WHY)
    assert missing.value.code == "not-found"


def test_a_life_that_does_not_fit_is_refused_and_not_cut(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, most in (("receipts", 2), ("entries", 3)):
        monkeypatch.setitem(PARTS_MAX, name, most)
        with pytest.raises(Refused) as refused:
            world.export()
        assert refused.value.code == "evidence-too-large"
        monkeypatch.undo()
    monkeypatch.setattr(collecting, "BUNDLE_MAX_BYTES", 1000)
    with pytest.raises(Refused) as large:
        world.export()
    assert large.value.code == "evidence-too-large"
    assert world.export(mode=Mode.COMMITMENTS)


def test_corrections_withdrawals_members_and_refusals_are_in_one_bundle(hubs: Hubs) -> None:
    world = play(hubs)
    add_member(world.theirs, "ru-fsb")
    row = withdraw(world.ours, AIGUL, world.record_id, reason="issued by mistake")
    release_it(world.ours, row)
    run_lanes(world.ours)
    hubs.clock.pass_(60)
    world.witness(world.ours)
    verdict = proven(world.export(), world.anchors(needed=2))
    assert [one.action for one in verdict.contents] == ["new", "correction", "withdrawal"]


def erase(broker: Broker, record_id: str) -> None:
    propose_erasure(broker, officer("dana", Role.CUSTODIAN), record_id, justification="retention has ended")
    confirm_erasure(broker, officer("erlan", Role.AUDITOR), record_id)


@pytest.mark.parametrize("mode", Mode)
def test_an_erased_record_is_still_proven_and_tells_what_was_erased(hubs: Hubs, mode: Mode) -> None:
    world = play(hubs)
    erase(world.ours, world.record_id)
    raw = world.export(mode=mode)
    assert "хабарлама" not in raw.decode()
    verdict = proven(raw, world.anchors())
    assert {"envelope-erased", "entry-erased", "release-not-in-log"} == keys_of(verdict, Standing.ERASED)
    assert {
        "erasure-in-log",
        "receipt-signed",
        "envelope-in-log",
        "entries-included",
        "pin-in-force",
    } <= keys_of(verdict, Standing.PROVEN)
    erasure = next(one for one in verdict.moments if one.act == "erased")
    assert (erasure.who, erasure.details["recipients"]) == ("officer:erlan", "cis-atc")


def test_the_recipient_proves_what_it_erased(hubs: Hubs) -> None:
    world = play(hubs)
    erase(world.theirs, world.record_id)
    verdict = proven(world.export(world.theirs), world.anchors(world.theirs))
    assert keys_of(verdict, Standing.ERASED) == {"envelope-erased"}
    assert not verdict.contents


def test_what_is_said_to_be_erased_without_an_erasure_is_missing(hubs: Hubs) -> None:
    world = play(hubs)
    raw = world.export()

    def hide(whole: Bundle) -> Bundle:
        first, *rest = whole.envelopes
        hidden = replace(first, shown=Shown.ERASED, sealed=None, content_key=None)
        return replace(whole, envelopes=(hidden, *rest))

    verdict = verify_bundle(resigned(raw, world.ours, hide), world.anchors())
    assert verdict.outcome is Outcome.INCOMPLETE
    assert "envelope-erased" in keys_of(verdict, Standing.NOT_SHOWN)


def test_what_a_partner_signed_before_it_changed_its_keys_is_still_proven(hubs: Hubs) -> None:
    world = play(hubs)
    theirs = world.theirs
    hubs.clock.pass_(60)
    renewed = replace(theirs, keyring=LooseKeyring("cis-atc", 77))
    hubs.network.brokers["cis-atc"] = renewed
    hubs.pair(world.ours, renewed)
    later = released(world.ours, "cis-atc", narrative="under new keys")
    run_lanes(world.ours)
    raw = world.export()
    proven(raw, world.anchors())
    world.record_id = later.record_id
    proven(world.export(), world.anchors())
    # By the old keys nobody signs any more: the card that was pinned by then has none of them.
    whole = read_bundle(raw).bundle
    old = whole.cards[0]

    def old_keys(bundle: Bundle) -> Bundle:
        return replace(bundle, cards=(old,))

    verdict = verify_bundle(resigned(world.export(), world.ours, old_keys), world.anchors())
    assert "card-not-shown" in keys_of(verdict, Standing.NOT_SHOWN)


def test_what_went_to_members_alone_is_proven_by_the_release(hubs: Hubs) -> None:
    world = play(hubs)
    add_member(world.ours, "kz-mvd")
    world.hubs.agree_again(2, extra=["kz-mvd"])
    row = released(world.ours, "kz-mvd", narrative="Только участнику")
    world.record_id = row.record_id
    system = Actor(kind=ActorKind.SYSTEM, id="kz-mvd", agency="kz-mvd")
    (got,) = collect(world.ours, "kz-mvd", after=0, limit=9)
    acknowledge(world.ours, system, [got.delivery.delivery_id], DeliveryState.OPENED)
    world.witness(world.ours)
    verdict = proven(world.export(), world.anchors())
    assert "content-in-log" in keys_of(verdict, Standing.PROVEN)
    assert {"disclosed", "delivered"} <= {one.act for one in verdict.moments}
    assert "delivery-in-log" in keys_of(verdict, Standing.PROVEN)
    bare = verify_bundle(world.export(mode=Mode.COMMITMENTS), world.anchors())
    assert keys_of(bare, Standing.NOT_SHOWN) == {"content-not-shown"}

    def lie(whole: Bundle) -> Bundle:
        states = tuple(replace(one, state=DeliveryState.ACTIONED) for one in whole.deliveries)
        return replace(whole, deliveries=states)

    lied = verify_bundle(resigned(world.export(), world.ours, lie), world.anchors())
    assert keys_of(lied, Standing.NOT_SHOWN) == {"delivery-not-in-log"}


def test_what_the_policy_holds_from_a_member_is_told_by_the_log_alone(hubs: Hubs) -> None:
    world = play(hubs)
    add_member(world.ours, "kz-mvd")
    world.hubs.agree_again(2, extra=["kz-mvd"])
    world.record_id = released(world.ours, "cis-atc", "kz-mvd").record_id
    put_in_force(world.ours, NOT_TO_RATS.replace("sco-rats", "kz-mvd"))
    approved(world.ours, corrected(world.ours, world.record_id))
    run_lanes(world.ours)
    world.witness(world.ours)
    bundle = world.export()
    assert [one.version for one in read_bundle(bundle).bundle.deliveries] == [1]
    verdict = proven(bundle, world.anchors())
    assert [one.act for one in verdict.moments].count("held") == 1
    held = {"delivery_id": new_id(), "member": "kz-mvd", "version": 2, "state": "held"}
    with pytest.raises(ValueError, match="by the log alone"):
        DeliveryPart.load(held | {"at": "2026-11-22T09:00:00.000Z"})


def test_without_a_cosigned_checkpoint_it_is_incomplete(hubs: Hubs) -> None:
    world = play(hubs)
    run_lanes(world.ours)
    row = released(world.ours, "cis-atc")
    run_lanes(world.ours)
    world.record_id = row.record_id
    verdict = verify_bundle(world.export(witnessed=False), world.anchors())
    assert verdict.outcome is Outcome.INCOMPLETE, told(verdict)
    assert keys_of(verdict, Standing.NOT_SHOWN) == {"quorum-missing"}


def test_a_reader_that_opens_and_no_receipt_yet(hubs: Hubs) -> None:
    world = play(hubs)
    world.record_id = released(world.ours, "cis-atc").record_id
    world.witness(world.ours)
    verdict = verify_bundle(world.export(), world.anchors())
    assert keys_of(verdict, Standing.NOT_SHOWN) == {"no-receipts"}
    assert READER.agency == "cis-atc"
