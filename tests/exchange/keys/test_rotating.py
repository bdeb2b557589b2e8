"""Keys are rotated while records are under way: announced, taken into use, kept, retired, given up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from hub.audit.events import Act, AuditEvent
from hub.entries import PartnerRow
from hub.errors import HubError, PeerFault
from hub.exchange.broker import Broker
from hub.exchange.cards.telling import tell_all, unaware
from hub.exchange.drafting import draft
from hub.exchange.keys.affected import affected
from hub.exchange.keys.changing import compromise, current_key, log_steps, retire, rotate
from hub.exchange.keys.keeping import KeyKeeper
from hub.exchange.keys.rules import RULES
from hub.exchange.suspending import resume as resume_partner
from hub.exchange.suspending import suspend
from hub.exchange.upkeep import expire, resume, trace
from hub.ports import Introduction, KeyFacts, UnitOfWork
from hub.records.lifecycle import EntryState
from keys.changes import KeyChanges
from keys.keyring import FileKeyring
from tests.exchange.hubs import AIGUL, BOLAT, CUSTODIAN, START, Hubs, document, released, run_lanes
from tests.exchange.keyed import UNLOCK, Keyed, keyed

#: Hubs with key stores of their own: not for the quick gate.
pytestmark = pytest.mark.slow


@pytest.fixture
def ours(hubs: Hubs) -> Keyed:
    return keyed(hubs, "kz-knb")


@pytest.fixture
def theirs(hubs: Hubs, ours: Keyed) -> Keyed:
    made = keyed(hubs, "cis-atc")
    hubs.pair_all()
    hubs.agree(extra=("kz-mvd",))
    return made


def steps(broker: Broker) -> list[AuditEvent]:
    with broker.store.read() as view:
        events = [event for _, event in view.events(after=0, limit=1000)]
    return [event for event in events if event.act is Act.KEY_CHANGED]


def state(hub: Keyed, key_id: str) -> str:
    return next(key.state for key in hub.custody.inventory() if key.key_id == key_id)


def sent(hub: Keyed, to: str) -> EntryState:
    """Release a record, carry it, and return what became of its entry."""
    row = released(hub.broker, to)
    run_lanes(hub.broker)
    with hub.broker.store.read() as view:
        (entry,) = view.outbox.of_record(row.record_id)
    return entry.state


def refused(code: str, step: Callable[[], object]) -> HubError:
    with pytest.raises(HubError) as caught:
        step()
    assert caught.value.code == code
    return caught.value


ALONE = [purpose for purpose, rule in RULES.items() if not rule.together and not rule.wraps]


@pytest.mark.parametrize("purpose", ALONE)
def test_a_key_is_rotated_by_a_serving_hub_and_records_flow_both_ways(
    hubs: Hubs, ours: Keyed, theirs: Keyed, purpose: str
) -> None:
    assert sent(ours, "cis-atc") is EntryState.ACCEPTED
    rotation = rotate(ours.broker, ours.custody, CUSTODIAN, purpose)
    assert state(ours, rotation.fresh.key_id) == "next"
    assert sent(ours, "cis-atc") is EntryState.ACCEPTED
    hubs.clock.pass_(10)
    ours.keeper.take_turn()
    assert state(ours, rotation.fresh.key_id) == "current"
    assert state(ours, rotation.before.key_id) == "kept"
    assert sent(ours, "cis-atc") is EntryState.ACCEPTED
    assert sent(theirs, "kz-knb") is EntryState.ACCEPTED
    hubs.clock.pass_(10)
    ours.keeper.take_turn()
    assert sent(theirs, "kz-knb") is EntryState.ACCEPTED
    told = [(event.details["step"], event.details["key"]) for event in steps(ours.broker)]
    assert (told[0], set(told[1:])) == (
        ("key-next", rotation.fresh.key_id),
        {("key-current", rotation.fresh.key_id), ("key-kept", rotation.before.key_id)},
    )


def test_a_signing_key_waits_for_partners_that_do_not_know_it_but_not_for_ever(
    hubs: Hubs, ours: Keyed, theirs: Keyed
) -> None:
    hubs.network.down.add("cis-atc")
    fresh = rotate(ours.broker, ours.custody, CUSTODIAN, "sign-es256").fresh
    hubs.clock.pass_(60)
    ours.keeper.take_turn()
    assert unaware(ours.broker) == ("cis-atc",)
    assert state(ours, fresh.key_id) == "next"
    hubs.clock.pass_(ours.broker.limits.key_overlap_s)
    ours.keeper.take_turn()
    assert state(ours, fresh.key_id) == "current"


def test_no_key_takes_over_before_every_process_has_it(ours: Keyed, theirs: Keyed) -> None:
    fresh = rotate(ours.broker, ours.custody, CUSTODIAN, "token-es256").fresh
    ours.keeper.take_turn()
    assert state(ours, fresh.key_id) == "next"


@pytest.mark.parametrize("purpose", ["sign-es256", "sign-ml-dsa-65"])
def test_what_a_partner_cannot_verify_yet_waits_and_is_not_refused(
    hubs: Hubs, ours: Keyed, theirs: Keyed, purpose: str
) -> None:
    hubs.clock.pass_(1)
    rotate(ours.broker, ours.custody, CUSTODIAN, purpose, now=True)
    row = released(ours.broker, "cis-atc")
    run_lanes(ours.broker)
    with ours.broker.store.read() as view:
        assert [entry.state for entry in view.outbox.of_record(row.record_id)] == [EntryState.PENDING]
    ours.keeper.take_turn()  # tells of the card, signed by the pair of before
    hubs.clock.pass_(600)
    run_lanes(ours.broker)
    with ours.broker.store.read() as view:
        assert [entry.state for entry in view.outbox.of_record(row.record_id)] == [EntryState.ACCEPTED]


def test_a_receipt_that_cannot_be_verified_yet_is_given_again(hubs: Hubs, ours: Keyed, theirs: Keyed) -> None:
    rotate(theirs.broker, theirs.custody, replace(CUSTODIAN, agency="cis-atc"), "sign-es256", now=True)
    row = released(ours.broker, "cis-atc")
    run_lanes(ours.broker)
    with ours.broker.store.read() as view:
        assert [entry.state for entry in view.outbox.of_record(row.record_id)] == [EntryState.PENDING]
    hubs.clock.pass_(600)
    ours.keeper.take_turn()
    run_lanes(ours.broker)
    with ours.broker.store.read() as view:
        assert [entry.state for entry in view.outbox.of_record(row.record_id)] == [EntryState.ACCEPTED]


def test_what_was_sealed_before_a_rotation_opens_after_it(hubs: Hubs, ours: Keyed, theirs: Keyed) -> None:
    row = released(ours.broker, "cis-atc")
    custodian = replace(CUSTODIAN, agency="cis-atc")
    for purpose in ("decrypt-xwing", "decrypt-p256"):
        rotate(theirs.broker, theirs.custody, custodian, purpose, now=True)
    run_lanes(ours.broker)
    with ours.broker.store.read() as view:
        assert [entry.state for entry in view.outbox.of_record(row.record_id)] == [EntryState.ACCEPTED]


def test_rotating_twice_makes_one_next_key(ours: Keyed, theirs: Keyed) -> None:
    one, other = (rotate(ours.broker, ours.custody, CUSTODIAN, "sign-es256") for _ in range(2))
    assert one.fresh.key_id == other.fresh.key_id
    assert len(steps(ours.broker)) == 1


def test_a_serving_hub_may_be_the_one_that_takes_the_next_key_into_use(
    ours: Keyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_next = ours.custody.make_next

    def seen_at_once(purpose: str, *, at: datetime) -> KeyFacts:
        made = make_next(purpose, at=at)
        ours.custody.switch(purpose, at=at)
        return made

    monkeypatch.setattr(ours.custody, "make_next", seen_at_once)
    told = rotate(ours.broker, ours.custody, CUSTODIAN, "token-es256", now=True)
    assert told.fresh.key_id != told.before.key_id
    assert (told.fresh.state, state(ours, told.fresh.key_id)) == ("current", "current")


def test_a_purpose_that_is_not_rotated_so_is_refused(ours: Keyed) -> None:
    refused("request-invalid", lambda: rotate(ours.broker, ours.custody, CUSTODIAN, "tls-authority"))


def test_only_a_custodian_changes_keys(ours: Keyed) -> None:
    for step in (
        lambda: rotate(ours.broker, ours.custody, AIGUL, "sign-es256"),
        lambda: retire(ours.broker, ours.custody, AIGUL, "sign-es256"),
        lambda: compromise(ours.broker, ours.custody, AIGUL, "sign-es256", why="x"),
    ):
        refused("role-missing", step)


def test_a_key_is_kept_while_what_it_made_may_be_under_way(hubs: Hubs, ours: Keyed, theirs: Keyed) -> None:
    old = rotate(ours.broker, ours.custody, CUSTODIAN, "sign-es256", now=True).before
    refused("key-needed", lambda: retire(ours.broker, ours.custody, CUSTODIAN, "sign-es256"))
    limits = ours.broker.limits
    hubs.clock.pass_(limits.time_to_live_s + limits.clock_skew_s + 1)
    (ended,) = retire(ours.broker, ours.custody, CUSTODIAN, "sign-es256")
    assert (ended.key_id, ended.state) == (old.key_id, "retired")
    refused("not-found", lambda: retire(ours.broker, ours.custody, CUSTODIAN, "sign-es256"))


def test_a_key_that_opens_records_is_kept_with_them(hubs: Hubs, ours: Keyed, theirs: Keyed) -> None:
    assert sent(theirs, "kz-knb") is EntryState.ACCEPTED
    old = rotate(ours.broker, ours.custody, CUSTODIAN, "decrypt-xwing", now=True).before
    hubs.clock.pass_(30 * 86400)
    refused("key-needed", lambda: retire(ours.broker, ours.custody, CUSTODIAN, old.key_id))
    (ended,) = retire(ours.broker, ours.custody, CUSTODIAN, old.key_id, give_up_old=True)
    assert ended.state == "retired"


def test_the_current_key_is_not_retired(ours: Keyed) -> None:
    current = current_key(ours.custody, "sign-es256")
    refused("transition-invalid", lambda: retire(ours.broker, ours.custody, CUSTODIAN, current.key_id))


def test_a_token_key_ends_by_itself(hubs: Hubs, ours: Keyed) -> None:
    old = rotate(ours.broker, ours.custody, CUSTODIAN, "token-es256", now=True).before
    ours.keeper.take_turn()
    assert state(ours, old.key_id) == "kept"
    hubs.clock.pass_(ours.broker.limits.token_life_s + 1)
    ours.keeper.take_turn()
    assert state(ours, old.key_id) == "retired"


def test_a_compromise_says_why_and_lists_what_the_key_signed(hubs: Hubs, ours: Keyed, theirs: Keyed) -> None:
    rows = []
    for _ in range(5):
        hubs.clock.pass_(1)
        rows.append(released(ours.broker, "cis-atc").record_id)
    refused(
        "justification-missing",
        lambda: compromise(ours.broker, ours.custody, CUSTODIAN, "sign-es256", why=" "),
    )
    hubs.clock.pass_(1)
    gone = compromise(ours.broker, ours.custody, CUSTODIAN, "sign-es256", why="a disk was stolen")
    hubs.clock.pass_(1)
    released(ours.broker, "cis-atc")
    told = next(event for event in steps(ours.broker) if event.details["step"] == "key-compromised")
    assert (told.justification, told.details["key"]) == ("a disk was stolen", gone.key_id)
    found, after = [], 0
    with ours.broker.store.read() as view:
        while page := affected(view, gone, ours.broker.limits, after=after, limit=2):
            assert len(page) <= 2
            found += [one.record_id for one in page]
            after = page[-1].position
    assert found == rows


def test_a_compromise_lists_what_was_sealed_to_the_key(hubs: Hubs, ours: Keyed, theirs: Keyed) -> None:
    row = released(theirs.broker, "kz-knb")
    run_lanes(theirs.broker)
    hubs.clock.pass_(1)
    gone = compromise(ours.broker, ours.custody, CUSTODIAN, "decrypt-xwing", why="seen by others")
    with ours.broker.store.read() as view:
        (one,) = affected(view, gone, ours.broker.limits, limit=10)
        assert (one.record_id, one.originator) == (row.record_id, "cis-atc")
        token = current_key(ours.custody, "token-es256")
        assert affected(view, token, ours.broker.limits, limit=10) == []


def test_a_compromise_lists_what_was_sealed_anew_with_the_key(hubs: Hubs, ours: Keyed, theirs: Keyed) -> None:
    row = released(ours.broker, "cis-atc")
    hubs.network.down.add("cis-atc")
    hubs.clock.pass_(8 * 86400)
    assert expire(ours.broker) == 1
    rotate(ours.broker, ours.custody, CUSTODIAN, "sign-es256", now=True)
    (dead,) = trace(ours.broker, row.record_id).entries
    renewed = resume(ours.broker, BOLAT, dead.entry_id)
    suspend(ours.broker, CUSTODIAN, "cis-atc")
    resume_partner(ours.broker, CUSTODIAN, "cis-atc")  # back in its lane, as it was signed
    hubs.clock.pass_(1)
    gone = compromise(ours.broker, ours.custody, CUSTODIAN, "sign-es256", why="a disk was stolen")
    with ours.broker.store.read() as view:
        (one,) = affected(view, gone, ours.broker.limits, limit=10)
    assert (one.record_id, one.recipients) == (row.record_id, ("cis-atc",))
    assert one.envelopes == (renewed.envelope_id,)


def test_a_compromise_of_the_master_key_lists_all_that_lay_here(
    hubs: Hubs, ours: Keyed, theirs: Keyed
) -> None:
    mine = released(ours.broker, "cis-atc")
    came = released(theirs.broker, "kz-knb")
    run_lanes(theirs.broker)
    hubs.clock.pass_(1)
    rotate(ours.broker, ours.custody, CUSTODIAN, "master")  # what lies here comes under it too
    hubs.clock.pass_(1)
    written = draft(ours.broker, AIGUL, document("spontaneous-information"), recipients=["cis-atc"])
    hubs.clock.pass_(1)
    gone = compromise(ours.broker, ours.custody, CUSTODIAN, "master", why="the machine was stolen")
    hubs.clock.pass_(ours.broker.limits.rewrap_settle_s)
    draft(ours.broker, AIGUL, document("spontaneous-information"), recipients=["cis-atc"])
    with ours.broker.store.read() as view:
        page = affected(view, gone, ours.broker.limits, limit=2)
        page = [*page, *affected(view, gone, ours.broker.limits, after=page[-1].position, limit=2)]
    assert [(one.record_id, one.originator) for one in page] == [
        (mine.record_id, ""),
        (came.record_id, "cis-atc"),
        (written.record_id, ""),
    ]


def test_a_step_that_a_crash_kept_out_of_the_log_is_logged_at_the_next_look(hubs: Hubs, ours: Keyed) -> None:
    fresh = ours.custody.make_next("sign-es256", at=hubs.clock.now())  # and the process ends here
    assert steps(ours.broker) == []
    ours.keeper.take_turn()
    assert steps(ours.broker) == []  # a command may be just about to log it
    hubs.clock.pass_(10)
    ours.keeper.take_turn()
    assert steps(ours.broker)[0].details["key"] == fresh.key_id
    assert log_steps(ours.broker, ours.custody, ours.broker.itself) == 0


def test_a_database_that_cannot_be_written_leaves_a_step_that_says_so(
    ours: Keyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_work: UnitOfWork) -> None:
        raise PeerFault("partner-unreachable", "simulated")

    with monkeypatch.context() as patched:
        from hub.storage.unit import SqlUnitOfWork

        patched.setattr(SqlUnitOfWork, "commit", broken)
        with pytest.raises(PeerFault):
            rotate(ours.broker, ours.custody, CUSTODIAN, "sign-es256")
    assert [key.state for key in ours.custody.inventory() if not key.logged] == ["next"]
    rotate(ours.broker, ours.custody, CUSTODIAN, "sign-es256")
    assert all(key.logged for key in ours.custody.inventory())


def test_old_evidence_keys_stay_with_what_they_proved(hubs: Hubs, ours: Keyed, tmp_path: Path) -> None:
    old = rotate(ours.broker, ours.custody, CUSTODIAN, "sign-es256", now=True).before
    hubs.clock.pass_(30 * 86400)
    retire(ours.broker, ours.custody, CUSTODIAN, old.key_id)
    assert old.kid in ours.broker.keyring.public_ever().es256


def test_after_a_key_was_given_up_all_partners_are_told_at_once(
    hubs: Hubs, ours: Keyed, theirs: Keyed
) -> None:
    far = keyed(hubs, "sco-rats")
    hubs.pair(ours.broker, far.broker)
    hubs.pair(far.broker, ours.broker)
    hubs.network.down.add("sco-rats")
    compromise(ours.broker, ours.custody, CUSTODIAN, "decrypt-xwing", why="seen by others")
    hubs.clock.pass_(1)
    assert tell_all(ours.broker) == ("sco-rats",)
    assert theirs.card_of("kz-knb").public.encrypt_xwing == ours.broker.keyring.public().encrypt_xwing


def test_a_step_that_two_processes_log_at_once_is_logged_once(hubs: Hubs, ours: Keyed) -> None:
    ours.custody.make_next("token-es256", at=START)
    store = hubs.folder / "kz-knb" / "keys"
    other = KeyChanges(FileKeyring.open(store, agency="kz-knb", unlock=UNLOCK))
    start = threading.Barrier(2)

    def log(custody: KeyChanges) -> None:
        start.wait(10)
        log_steps(ours.broker, custody, CUSTODIAN)

    threads = [threading.Thread(target=log, args=(one,)) for one in (ours.custody, other)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert steps_of(ours) == ["key-next"]


def test_a_step_whose_process_was_killed_after_the_commit_is_not_logged_again(
    hubs: Hubs, ours: Keyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours.custody.make_next("token-es256", at=START)
    with monkeypatch.context() as patch:
        patch.setattr(KeyChanges, "note_logged", lambda *_told: None)
        log_steps(ours.broker, ours.custody, CUSTODIAN)
    hubs.clock.pass_(60)
    assert log_steps(ours.broker, ours.custody, CUSTODIAN) == 0
    assert steps_of(ours) == ["key-next"]
    assert all(key.logged for key in ours.custody.inventory())


def steps_of(hub: Keyed) -> list[str]:
    with hub.broker.store.read() as view:
        found = [event for _, event in view.events(after=0, limit=1000)]
    return [e.details["step"] for e in found if e.act is Act.KEY_CHANGED and "purpose" in e.details]


def test_a_partner_that_is_slow_delays_no_other(hubs: Hubs, ours: Keyed) -> None:
    for agency in ("cis-atc", "de-bka"):
        hubs.add(agency)
    hubs.pair_all()
    held, answered = threading.Event(), threading.Event()

    class Slow:
        def __getattr__(self, name: str) -> Any:
            return getattr(ours.broker.carrier, name)

        def introduce(self, partner: PartnerRow, card: Introduction) -> Introduction:
            if partner.agency == "cis-atc":
                assert held.wait(90)
            else:
                answered.set()
            return ours.broker.carrier.introduce(partner, card)

    keeper = KeyKeeper(replace(ours.broker, carrier=Slow()), ours.custody)
    keeper.start()
    try:
        assert answered.wait(60), "the one behind the slow one was told"
    finally:
        held.set()
        keeper.stop()
