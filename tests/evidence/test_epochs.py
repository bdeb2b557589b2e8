"""Evidence outlives the keys of the log and of witnesses; keys that were given up prove nothing alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.errors import IntegrityFailure
from hub.evidence.anchors import Anchors, read_anchors, write_anchors
from hub.evidence.findings import Outcome, Standing
from hub.evidence.verifying import verify_bundle
from hub.exchange.broker import Broker
from hub.exchange.keys.log_keys import begin_log_keys, end_log_keys
from keys.log_keys import log_signers, witness_signers
from tests.evidence.world import World, keys_of, proven, small
from tests.exchange.hubs import CUSTODIAN, Hubs, LooseKeyring, key_set


@pytest.fixture
def world(hubs: Hubs) -> World:
    return small(hubs)


def keyring_of(broker: Broker) -> LooseKeyring:
    assert isinstance(broker.keyring, LooseKeyring)
    return broker.keyring


def witness_of(world: World) -> Broker:
    return world.hubs.network.brokers["sco-rats"]


def change_log_keys(world: World) -> None:
    keyring_of(world.ours).later_log_sets = (
        key_set(log_signers("kz-knb", ed25519=b"n" * 32, ml_dsa_44=b"n" * 32)),
    )
    begin_log_keys(world.ours, CUSTODIAN)
    world.hubs.clock.pass_(60)
    end_log_keys(world.ours, CUSTODIAN)
    world.hubs.clock.pass_(60)


def change_witness_keys(world: World) -> None:
    keyring = keyring_of(witness_of(world))
    world.hubs.clock.pass_(60)
    keyring.later_witness_sets = (
        key_set(witness_signers("sco-rats", ed25519=b"x" * 32, ml_dsa_44=b"x" * 32)),
    )
    keyring.witness_until = world.hubs.clock.at
    world.hubs.clock.pass_(60)
    world.hubs.pair(world.ours, witness_of(world))


def anchors(world: World) -> Anchors:
    made = world.anchors(witnesses=("sco-rats",))
    return read_anchors(write_anchors(made))


def test_a_bundle_of_before_is_proven_with_the_anchors_of_after(world: World) -> None:
    before = world.export()
    assert proven(before, anchors(world)).outcome is Outcome.PROVEN
    change_log_keys(world)
    change_witness_keys(world)
    assert proven(before, anchors(world)).outcome is Outcome.PROVEN


def test_a_bundle_of_after_shows_checkpoints_of_both_epochs_and_is_proven(world: World) -> None:
    world.witness(world.ours, "sco-rats")
    change_log_keys(world)
    change_witness_keys(world)
    verdict = proven(world.export(), anchors(world))
    assert sum(one.what == "checkpoint" for one in verdict.signatures) >= 2


def test_a_bundle_of_after_is_not_proven_with_the_anchors_of_before(world: World) -> None:
    """They do not know the new keys, and take none from the bundle."""
    old = anchors(world)
    change_log_keys(world)
    assert verify_bundle(world.export(), old).outcome is not Outcome.PROVEN


def test_a_witness_that_signs_with_keys_whose_time_is_over_does_not_count(world: World) -> None:
    change_witness_keys(world)
    keyring = keyring_of(witness_of(world))
    known = anchors(world)
    later, keyring.later_witness_sets, keyring.witness_until = keyring.later_witness_sets, (), None
    raw = world.export()
    verdict = verify_bundle(raw, known)
    assert "quorum-missing" in keys_of(verdict, Standing.NOT_SHOWN)
    assert verdict.outcome is Outcome.INCOMPLETE
    assert later


def test_what_compromised_keys_signed_stands_where_witnesses_saw_it(world: World) -> None:
    before = world.export()
    unseen = world.export(witnessed=False)
    change_log_keys(world)
    keyring_of(world.ours).log_given_up = True
    proven(before, anchors(world))
    alone = replace(anchors(world), needed=0, witnesses=())
    verdict = verify_bundle(unseen, alone)
    assert "log-keys-compromised" in keys_of(verdict, Standing.NOT_SHOWN)
    assert verdict.outcome is Outcome.INCOMPLETE


def test_what_compromised_keys_signed_stands_where_later_keys_continue_it(world: World) -> None:
    world.witness(world.ours, "sco-rats")
    change_log_keys(world)
    keyring_of(world.ours).log_given_up = True
    verdict = verify_bundle(world.export(), replace(anchors(world), needed=0, witnesses=()))
    assert verdict.outcome is Outcome.PROVEN
    assert "log-keys-compromised" not in keys_of(verdict, Standing.NOT_SHOWN)


@pytest.mark.parametrize(
    ("before", "after"),
    [('"first": 0', '"first": -1'), ('"compromised": true', '"compromised": false'), ('"last":', '"lost":')],
)
def test_anchors_with_impossible_epochs_are_refused(world: World, before: str, after: str) -> None:
    change_log_keys(world)
    keyring_of(world.ours).log_given_up = True
    raw = write_anchors(world.anchors(witnesses=("sco-rats",)))
    assert before.encode() in raw
    with pytest.raises(IntegrityFailure) as refused:
        read_anchors(raw.replace(before.encode(), after.encode(), 1))
    assert refused.value.code == "anchors-invalid"
