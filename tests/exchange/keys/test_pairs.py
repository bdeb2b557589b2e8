"""Keys of the log, of the witness and the master key, rotated in a real key store while records flow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.audit.checkpoints import verify_checkpoint
from hub.errors import HubError, OurFault
from hub.exchange.keys import pairs
from hub.exchange.keys.changing import compromise, retire, rotate
from hub.exchange.keys.rewrapping import rewrap_some
from hub.exchange.keys.rules import RULES
from hub.exchange.routing import read_record
from hub.ports import NoteKeySet
from hub.records.lifecycle import EntryState
from tests.exchange.hubs import BOLAT, CUSTODIAN, Hubs, officer, released, run_lanes
from tests.exchange.keyed import Keyed, keyed
from tests.exchange.keys.test_log_keys import found
from tests.exchange.log.logs import signed

#: Hubs with key stores of their own: not for the quick gate.
pytestmark = pytest.mark.slow

TOGETHER = [purpose for purpose, rule in RULES.items() if rule.together]
WHY = "a stick with the backup was found on a desk"


@pytest.fixture
def ours(hubs: Hubs) -> Keyed:
    made = keyed(hubs, "kz-knb")
    signed(made.broker, 1)
    return made


@pytest.fixture
def theirs(hubs: Hubs, ours: Keyed) -> Keyed:
    made = keyed(hubs, "cis-atc")
    hubs.pair_all()
    hubs.agree(extra=("kz-mvd",))
    return made


def sets(hub: Keyed, purpose: str) -> tuple[NoteKeySet, ...]:
    keyring = hub.broker.keyring
    return keyring.log_key_sets() if purpose.startswith("log-") else keyring.witness_key_sets()


def states(hub: Keyed, purpose: str) -> list[str]:
    return [
        key.state
        for name in RULES[purpose].together
        for key in hub.custody.inventory()
        if key.purpose == name
    ]


def on_card(hub: Keyed, of: Keyed, purpose: str) -> object:
    card = hub.card_of(of.agency)
    return card.log_keys if purpose.startswith("log-") else card.witness_keys


def sent(hub: Keyed, to: str) -> EntryState:
    row = released(hub.broker, to)
    run_lanes(hub.broker)
    with hub.broker.store.read() as view:
        (entry,) = view.outbox.of_record(row.record_id)
    return entry.state


def refused(step: Callable[[], object]) -> str:
    with pytest.raises(HubError) as caught:
        step()
    return caught.value.code


@pytest.mark.parametrize("purpose", TOGETHER)
def test_both_keys_of_a_set_change_together_once_partners_have_the_card(
    hubs: Hubs, ours: Keyed, theirs: Keyed, purpose: str
) -> None:
    rotate(ours.broker, ours.custody, CUSTODIAN, purpose)
    old, fresh = sets(ours, purpose)
    assert states(ours, purpose) == ["current", "next"] * 2
    assert on_card(theirs, ours, purpose) == old.keys
    assert sent(ours, "cis-atc") is EntryState.ACCEPTED
    hubs.clock.pass_(10)
    ours.keeper.take_turn()
    assert on_card(theirs, ours, purpose) == fresh.keys
    assert states(ours, purpose) == ["kept", "current"] * 2
    assert sent(ours, "cis-atc") is EntryState.ACCEPTED
    assert sent(theirs, "kz-knb") is EntryState.ACCEPTED
    row = signed(ours.broker, 1)
    log = sets(ours, "log-ed25519")
    assert verify_checkpoint(row.note, log[-1].keys).size == row.size
    assert found(ours.broker) == []
    hubs.clock.pass_(10)
    assert len(retire(ours.broker, ours.custody, CUSTODIAN, purpose)) == 2
    assert states(ours, purpose) == ["retired", "current"] * 2
    assert sets(ours, purpose)[0].signers == ()
    assert sets(ours, purpose)[0].keys == old.keys
    assert found(ours.broker) == []


def test_a_witness_cosigns_with_both_sets_until_partners_have_its_card(
    hubs: Hubs, ours: Keyed, theirs: Keyed
) -> None:
    """Whoever pinned the old keys and whoever pinned the new ones gets lines that count."""
    before = len(theirs.broker.keyring.witness_signers())
    rotate(theirs.broker, theirs.custody, replace(CUSTODIAN, agency="cis-atc"), "witness-ed25519")
    assert (before, len(theirs.broker.keyring.witness_signers())) == (2, 4)
    hubs.clock.pass_(10)
    theirs.keeper.take_turn()
    assert len(theirs.broker.keyring.witness_signers()) == 2


@pytest.mark.parametrize("purpose", ["log-ed25519", "witness-ml-dsa-44"])
def test_an_overlap_is_not_waited_for_when_somebody_is_away(
    hubs: Hubs, ours: Keyed, theirs: Keyed, purpose: str
) -> None:
    hubs.network.down.add("cis-atc")
    rotate(ours.broker, ours.custody, CUSTODIAN, purpose)
    hubs.clock.pass_(60)
    ours.keeper.take_turn()
    assert "next" in states(ours, purpose)
    signed(ours.broker, 1)
    hubs.clock.pass_(ours.broker.limits.key_overlap_s)
    ours.keeper.take_turn()
    assert "next" not in states(ours, purpose)


@pytest.mark.parametrize("purpose", TOGETHER)
@pytest.mark.parametrize("after", range(4))
def test_a_crash_between_any_two_steps_is_made_good(
    hubs: Hubs, ours: Keyed, theirs: Keyed, purpose: str, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter(range(99))

    def dying(real: Any) -> Any:
        def step(*args: Any, **more: Any) -> Any:
            if next(calls) == after:
                raise OurFault("internal", "killed here")
            return real(*args, **more)

        return step

    with monkeypatch.context() as patch, pytest.raises(OurFault):  # noqa: PT012 - whichever step it is
        for name in ("begin_log_keys", "end_log_keys", "log_steps"):
            patch.setattr(pairs, name, dying(getattr(pairs, name)))
        patch.setattr(type(ours.custody), "make_next", dying(type(ours.custody).make_next))
        patch.setattr(type(ours.custody), "switch", dying(type(ours.custody).switch))
        rotate(ours.broker, ours.custody, CUSTODIAN, purpose, now=True)
        pytest.fail("it was to be killed")
    signed(ours.broker, 1)
    rotate(ours.broker, ours.custody, CUSTODIAN, purpose, now=True)
    hubs.clock.pass_(10)
    ours.keeper.take_turn()
    hubs.clock.pass_(10)
    ours.keeper.take_turn()
    signed(ours.broker, 1)
    assert "next" not in states(ours, purpose)
    assert states(ours, purpose).count("current") == 2
    assert found(ours.broker) == []


@pytest.mark.parametrize("purpose", TOGETHER)
def test_a_set_that_is_given_up_signs_nothing_more_and_another_has_taken_over(
    hubs: Hubs, ours: Keyed, theirs: Keyed, purpose: str
) -> None:
    compromise(ours.broker, ours.custody, CUSTODIAN, purpose, why=WHY)
    assert states(ours, purpose) == ["compromised", "current"] * 2
    old, fresh = sets(ours, purpose)
    assert old.compromised
    assert old.signers == ()
    row = signed(ours.broker, 1)
    assert verify_checkpoint(row.note, sets(ours, "log-ed25519")[-1].keys).size == row.size
    assert found(ours.broker) == []
    ours.keeper.take_turn()
    assert on_card(theirs, ours, purpose) == fresh.keys


def test_keys_that_sign_the_log_are_never_destroyed(ours: Keyed) -> None:
    rotate(ours.broker, ours.custody, CUSTODIAN, "log-ed25519")
    (current,) = [
        k for k in ours.custody.inventory() if k.purpose == "log-ml-dsa-44" and k.state == "current"
    ]
    assert refused(lambda: retire(ours.broker, ours.custody, CUSTODIAN, current.key_id)) == "key-needed"
    assert refused(lambda: retire(ours.broker, ours.custody, CUSTODIAN, "log-ed25519")) == "not-found"


def rewrapped(hubs: Hubs, hub: Keyed) -> None:
    for _ in range(40):
        hubs.clock.at += timedelta(seconds=30)
        if not rewrap_some(hub.broker):
            return
    raise AssertionError("it never ends")


@pytest.mark.parametrize("how", ["rotate", "compromise"])
def test_the_master_key_changes_records_open_meanwhile_and_the_old_one_goes(
    hubs: Hubs, ours: Keyed, theirs: Keyed, how: str
) -> None:
    row = released(ours.broker, "cis-atc", narrative="before")
    reader = officer("igor", *BOLAT.roles)
    if how == "rotate":
        rotate(ours.broker, ours.custody, CUSTODIAN, "master")
    else:
        compromise(ours.broker, ours.custody, CUSTODIAN, "master", why=WHY)
    old = next(k for k in ours.custody.inventory() if k.purpose == "master" and k.state != "current")
    which = "master" if how == "rotate" else old.key_id

    def opens() -> bool:
        return read_record(ours.broker, reader, row.record_id, justification="check").narrative == "before"

    assert opens()
    hubs.clock.pass_(ours.broker.limits.rewrap_settle_s + 1)
    assert refused(lambda: retire(ours.broker, ours.custody, CUSTODIAN, which)) == "conflict"
    run_lanes(ours.broker)
    rewrapped(hubs, ours)
    assert opens()
    retire(ours.broker, ours.custody, CUSTODIAN, which)
    assert len(ours.broker.keyring.master_key().held) == 1
    assert opens()
    assert sent(ours, "cis-atc") is EntryState.ACCEPTED
