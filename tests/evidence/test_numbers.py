"""The recipient's bundle proves which number the originator signed for each envelope."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.audit.events import Act
from hub.envelope.suites import Suite
from hub.envelope.transfers import Numbered, state_transfer
from hub.evidence.bundle import Bundle, read_bundle
from hub.evidence.findings import Finding, Outcome, Standing, Verdict
from hub.evidence.parts import Mode
from hub.evidence.verifying import verify_bundle
from hub.exchange.broker import Broker
from tests.evidence.world import World, keys_of, resigned, small
from tests.exchange.hubs import Hubs


@pytest.fixture(scope="module")
def received(world: World) -> bytes:
    return world.export(world.theirs)


def numbered(verdict: Verdict, standing: Standing = Standing.PROVEN) -> list[Finding]:
    return [
        finding
        for finding in verdict.findings
        if finding.standing is standing and finding.key.startswith("number-")
    ]


def with_transfers(world: World, raw: bytes, *transfers: str) -> Verdict:
    """Return the verdict on a bundle whose exporter, who lies, put other statements into it."""
    lied = resigned(raw, world.theirs, lambda whole: replace(whole, transfers=transfers))
    return verify_bundle(lied, world.anchors(world.theirs))


def stated(by: Broker, whole: Bundle, *, to: str, number: int, at: int = 0, of: str | None = None) -> str:
    """Return a statement of one agency that numbers one envelope of a bundle."""
    part = whole.envelopes[at]
    assert part.digest is not None
    return state_transfer(
        [Numbered(number=number, envelope_id=part.envelope_id, digest=of or part.digest)],
        sender=by.agency,
        recipient=to,
        at=whole.exported_at,
        keys=by.keyring.signing(),
        suite=Suite.HYBRID_1,
    ).decode()


@pytest.mark.parametrize("mode", Mode)
def test_the_recipient_proves_the_number_of_each_envelope(world: World, mode: Mode) -> None:
    verdict = verify_bundle(world.export(world.theirs, mode), world.anchors(world.theirs))
    found = numbered(verdict)
    assert [(one.key, one.about["by"], one.about["to"]) for one in found] == [
        ("number-signed", "kz-knb", "cis-atc")
    ] * 2
    assert int(found[1].about["count"]) > int(found[0].about["count"]) > 0
    assert {one.over for one in verdict.signatures if one.what == "number"} == {
        one.about["envelope"] for one in found
    }


def test_the_originator_brings_no_word_of_its_own_about_numbers(world: World, bundle: bytes) -> None:
    assert read_bundle(bundle).bundle.transfers == ()
    assert not numbered(verify_bundle(bundle, world.anchors()))


def test_a_statement_that_was_left_out_is_missed(world: World, received: bytes) -> None:
    first = read_bundle(received).bundle.transfers[0]
    verdict = with_transfers(world, received, first)
    assert verdict.outcome is Outcome.INCOMPLETE
    assert keys_of(verdict, Standing.NOT_SHOWN) == {"number-left-out"}


def test_a_statement_that_the_log_never_took_proves_no_number(world: World, received: bytes) -> None:
    whole = read_bundle(received).bundle
    later = stated(world.ours, whole, to="cis-atc", number=77)
    verdict = with_transfers(world, received, *whole.transfers, later)
    assert verdict.outcome is Outcome.INCOMPLETE
    assert keys_of(verdict, Standing.NOT_SHOWN) == {"number-not-in-log"}


def test_a_statement_to_another_recipient_is_disproven(world: World, received: bytes) -> None:
    whole = read_bundle(received).bundle
    verdict = with_transfers(
        world, received, *whole.transfers, stated(world.ours, whole, to="sco-rats", number=1)
    )
    assert keys_of(verdict, Standing.DISPROVEN) == {"number-false"}


@pytest.mark.parametrize("by", ["cis-atc", "sco-rats"])
def test_only_the_originator_numbers_what_it_sent(world: World, received: bytes, by: str) -> None:
    whole = read_bundle(received).bundle
    other = stated(world.hubs.network.brokers[by], whole, to="cis-atc", number=1)
    verdict = with_transfers(world, received, *whole.transfers, other)
    assert verdict.outcome is Outcome.INCOMPLETE
    assert {(one.key, one.code) for one in numbered(verdict, Standing.NOT_SHOWN)} == {
        ("number-unknown-key", "key-unknown")
    }


def test_a_log_that_tells_of_another_number_is_disproven(hubs: Hubs) -> None:
    world = small(hubs)
    broker = world.theirs
    with broker.store.work() as work:
        admitted = next(
            event
            for _position, event in work.events_about([world.record_id], limit=10)
            if event.act is Act.ADMITTED
        )
        told = {**admitted.details, "number": "99"}
        work.stage([broker.event(Act.ADMITTED, admitted.actor, world.record_id, admitted.at, **told)])
        work.commit()
    anchors = world.anchors(broker, witnesses=("sco-rats",))
    verdict = verify_bundle(world.export(broker), anchors)
    assert keys_of(verdict, Standing.DISPROVEN) == {"number-not-the-logged"}


def test_a_statement_with_a_spoilt_signature_is_disproven(world: World, received: bytes) -> None:
    whole = read_bundle(received).bundle
    text = whole.transfers[0]
    at = text.index('"signature":"') + len('"signature":"')
    spoilt = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
    verdict = with_transfers(world, received, spoilt, *whole.transfers[1:])
    assert "number-false" in keys_of(verdict, Standing.DISPROVEN)


def test_anchors_without_the_key_leave_the_number_open(world: World, received: bytes) -> None:
    anchors = world.anchors(world.theirs)
    fewer = {name: one for name, one in anchors.agencies.items() if name != "kz-knb"}
    verdict = verify_bundle(received, replace(anchors, agencies=fewer))
    assert "number-unknown-key" in keys_of(verdict, Standing.NOT_SHOWN)
    assert not numbered(verdict)


def test_bundles_of_before_are_not_missed_numbers(world: World, received: bytes) -> None:
    lied = resigned(
        received,
        world.theirs,
        lambda whole: replace(whole, transfers=(), parcels=(), approvals=(), format="hub-evidence/2"),
    )
    verdict = verify_bundle(lied, world.anchors(world.theirs))
    assert verdict.outcome is Outcome.PROVEN
    assert not [one for one in verdict.findings if one.key.startswith("number-")]
