"""A directory changes only by as many founders as it needs, and nobody speaks for another agency."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tuf.api.metadata import Root, Targets

from hub.exchange.directory import approving
from hub.federation.card import fingerprint
from hub.federation.directory.changes import Change, joined, read_change, write_change
from hub.federation.directory.documents import foundation_of, participants_of, read_document
from tests.exchange.directory.steps import refused
from tests.exchange.directory.world import FOUNDERS, Agency, Federation
from tests.exchange.hubs import LooseKeyring

pytestmark = pytest.mark.slow


def admit(by: Agency, second: Agency, newcomer: Agency) -> Change:
    return second.approve(by.propose(add=[newcomer.ask()]))


# --- founding


def test_a_directory_is_founded_by_as_many_as_it_needs(federation: Federation) -> None:
    kz, kg, tj = (federation[name] for name in FOUNDERS)
    change = kz.propose(name="cis-directory", needed=2, found=[one.ask(founder=True) for one in (kz, kg, tj)])
    failure = refused(lambda: kz.publish(change))
    assert failure.code == "directory-approval-missing"
    assert "kg-gknb" in failure.sentence
    assert not kz.place.joined
    state = kz.publish(kg.approve(change))
    assert sorted(state.agencies) == sorted(FOUNDERS)
    assert all(one.code is None and one.statement for one in state.agencies.values())


@pytest.mark.parametrize("needed", [1, 4])
def test_half_of_the_founders_or_more_than_all_never_decide(federation: Federation, needed: int) -> None:
    kz, kg, tj = (federation[name] for name in FOUNDERS)
    found = [one.ask(founder=True) for one in (kz, kg, tj)]
    assert refused(lambda: kz.propose(name="x-dir", needed=needed, found=found)).code == (
        "directory-change-invalid"
    )


def test_who_brings_no_root_keys_cannot_found(federation: Federation) -> None:
    kz, kg = federation["kz-knb"], federation["kg-gknb"]
    found = [kz.ask(founder=True), kg.ask()]
    failure = refused(lambda: kz.propose(name="x-dir", needed=2, found=found))
    assert failure.code == "directory-change-invalid"
    assert "kg-gknb brings no root keys" in failure.sentence


def test_a_directory_is_not_proposed_out_of_nothing(federation: Federation) -> None:
    assert refused(lambda: federation["kz-knb"].propose()).code == "directory-change-invalid"


# --- participants


def test_a_newcomer_is_proposed_approved_and_published(kz: Agency, kg: Agency, uz: Agency) -> None:
    state = kz.publish(admit(kz, kg, uz))
    assert state.agencies["uz-sgb"].code is None
    assert kg.refresh().agencies["uz-sgb"].statement == state.agencies["uz-sgb"].statement
    assert "uz-sgb" in uz.begin(kz.source_here).agencies


def test_copies_approved_apart_are_put_together(kz: Agency, kg: Agency, tj: Agency) -> None:
    change = kz.propose(suspend=["tj-gknb"])
    bare = replace(change, targets=unsigned(change.targets))
    apart = [kz.approve(bare), kg.approve(bare)]
    assert refused(lambda: kz.publish(apart[0])).code == "directory-approval-missing"
    assert kz.publish(*apart).agencies["tj-gknb"].suspended


def unsigned(raw: bytes) -> bytes:
    document = read_document(raw, Targets)
    document.signatures.clear()
    return document.to_bytes()


def test_copies_that_say_different_things_are_refused(kz: Agency) -> None:
    one, other = kz.propose(suspend=["tj-gknb"]), kz.propose(suspend=["kg-gknb"])
    assert refused(lambda: joined([one, other])).code == "directory-change-invalid"


def test_a_newcomer_that_nobody_knows_is_confirmed_by_its_words(
    federation: Federation, kz: Agency, tj: Agency, uz: Agency
) -> None:
    change = kz.propose(add=[uz.ask()])
    seen = approving.review(tj.broker, tj.place, change)
    assert dict(seen.strangers) == {"uz-sgb": fingerprint(uz.card())}
    assert refused(lambda: tj.approve(change)).code == "pin-not-confirmed"
    assert tj.approved(change, confirmed=[fingerprint(uz.card())]).approvals.enough


def test_who_asks_with_other_keys_than_are_pinned_is_refused(
    federation: Federation, tmp_path: Path, kz: Agency
) -> None:
    stranger = replace(federation["uz-sgb"].broker, keyring=LooseKeyring("uz-sgb", 99))
    (tmp_path / "other").mkdir()
    forged = Agency(broker=stranger, folder=tmp_path / "other").ask()
    assert refused(lambda: kz.propose(add=[forged])).code == "directory-differs"


def test_a_request_in_our_own_name_must_be_ours(federation: Federation, tmp_path: Path, kz: Agency) -> None:
    (tmp_path / "other").mkdir()
    us = replace(kz.broker, keyring=LooseKeyring("kz-knb", 99))
    forged = Agency(broker=us, folder=tmp_path / "other").ask()
    assert refused(lambda: kz.propose(add=[forged])).code == "directory-change-invalid"


@pytest.mark.parametrize("at", [10, 2000, -10])
def test_an_altered_request_is_refused(at: int, kz: Agency, uz: Agency) -> None:
    raw = bytearray(uz.ask())
    raw[at] ^= 1
    assert refused(lambda: kz.propose(add=[bytes(raw)])).code == "directory-change-invalid"


def test_keys_that_nobody_asked_for_are_not_listed(kz: Agency, kg: Agency, uz: Agency) -> None:
    change = kz.propose(add=[uz.ask()])
    without = replace(change, requests={})
    for step in (lambda: kg.approve(without), lambda: kz.publish(without)):
        failure = refused(step)
        assert failure.code == "directory-change-invalid"
        assert "has not asked for" in failure.sentence


def test_a_change_of_yesterday_is_proposed_again(kz: Agency, kg: Agency, uz: Agency) -> None:
    older = kg.approve(kz.propose(suspend=["tj-gknb"]))
    kz.publish(admit(kz, kg, uz))
    assert refused(lambda: kz.publish(older)).code == "directory-change-invalid"
    assert refused(lambda: kg.refresh() and kg.approve(older)).code == "directory-change-invalid"


def test_a_participant_leaves_and_everybody_sees_it(kz: Agency, kg: Agency, uz: Agency) -> None:
    kz.publish(admit(kz, kg, uz))
    kg.refresh()
    kz.publish(kg.approve(kz.propose(remove=["uz-sgb"])))
    assert "uz-sgb" not in kg.refresh().agencies
    assert [event.subject for event in kg.events("left")] == ["uz-sgb"]


def test_a_suspended_participant_is_seen_and_restored(kz: Agency, kg: Agency) -> None:
    kz.publish(kg.approve(kz.propose(suspend=["tj-gknb"])))
    assert kg.refresh().agencies["tj-gknb"].suspended
    kz.publish(kg.approve(kz.propose(restore=["tj-gknb"])))
    assert not kg.refresh().agencies["tj-gknb"].suspended
    assert [e.details["step"] for e in kg.events() if e.subject == "tj-gknb"][-2:] == [
        "suspended",
        "restored",
    ]


@pytest.mark.parametrize("wish", [{"remove": ["xx-yyy"]}, {"suspend": ["xx-yyy"]}, {"demote": ["xx-yyy"]}])
def test_what_is_not_there_is_not_changed(kz: Agency, wish: dict[str, list[str]]) -> None:
    assert refused(lambda: kz.propose(**wish)).code == "directory-change-invalid"


def test_a_founder_stays_a_participant(kz: Agency) -> None:
    assert refused(lambda: kz.propose(remove=["tj-gknb"])).code == "directory-change-invalid"


# --- founders and thresholds


def test_a_founder_is_added_and_the_threshold_raised(kz: Agency, kg: Agency, uz: Agency) -> None:
    change = kz.propose(found=[uz.ask(founder=True)], needed=3)
    assert change.root is not None
    two = kg.approve(change)
    assert refused(lambda: kz.publish(two)).code == "directory-approval-missing"
    kz.publish(uz_approves(uz, kz, two))
    assert kg.refresh().versions["root"] == 2
    foundation = kg.place.base().foundation
    assert foundation is not None
    assert (foundation.needed, foundation.agencies) == (3, (*FOUNDERS, "uz-sgb"))


def uz_approves(uz: Agency, kz: Agency, change: Change) -> Change:
    uz.begin(kz.source_here)
    strangers = approving.review(uz.broker, uz.place, change).strangers
    return uz.approve(change, confirmed=list(strangers.values()))


def test_a_founder_gets_new_root_keys_and_the_old_ones_decide_nothing(
    kz: Agency, kg: Agency, tj: Agency
) -> None:
    root = kz.place.base().root
    assert root is not None
    before = {key.keyid for founder in foundation_of(root).founders for key in founder.keys}
    change = kz.propose(found=[tj.ask(founder=True, fresh_keys=True)])
    kz.publish(kg.approve(change))
    state = tj.refresh()
    assert state.versions["root"] == 2
    after = tj.place.base().foundation
    assert after is not None
    kept = {f.agency for f in after.founders if {key.keyid for key in f.keys} <= before}
    assert kept == {"kz-knb", "kg-gknb"}
    kz.publish(tj.approve(kz.propose(suspend=["kg-gknb"])))


def test_a_founder_is_demoted(kz: Agency, kg: Agency, tj: Agency) -> None:
    kz.publish(kg.approve(kz.propose(demote=["tj-gknb"], needed=2)))
    tj.refresh()
    assert refused(lambda: tj.publish()).code == "directory-key-missing"
    change = kz.propose()
    assert refused(lambda: tj.approve(change)).code == "directory-key-missing"


def test_another_founder_takes_over_publishing(kz: Agency, kg: Agency, tj: Agency) -> None:
    kg.publish()
    assert tj.refresh(kg.source_here, always=True).versions["timestamp"] == 2
    assert kg.place.state().source is None
    assert tj.place.state().source == kg.source_here
    assert kz.refresh(kg.source_here, always=True).versions["timestamp"] == 2


def test_the_root_is_renewed_when_half_its_year_is_over(kz: Agency, federation: Federation) -> None:
    assert kz.propose().root is None
    federation.hubs.clock.at += timedelta(days=190)
    change = kz.propose()
    assert change.root is not None
    assert read_document(change.root, Root).signed.version == 2


def test_a_file_that_is_no_change_is_refused(kz: Agency) -> None:
    raw = write_change(kz.propose(suspend=["tj-gknb"]))
    for bad in (b"", b"[]", b"{}", raw.replace(b"change/1", b"change/9"), raw[:-200], b"[" * 9999):
        assert refused(lambda bad=bad: read_change(bad)).code == "directory-change-invalid"  # type: ignore[misc]


def test_the_directory_is_not_renamed(kz: Agency, federation: Federation) -> None:
    federation.hubs.clock.at += timedelta(days=190)
    change = kz.propose()
    assert change.root is not None
    renamed = replace(change, root=change.root.replace(b"cis-directory", b"xxx-directory"))
    assert refused(lambda: kz.publish(renamed)).code == "directory-change-invalid"


# --- entries


def test_an_entry_is_renewed_without_approval(kz: Agency, kg: Agency, tj: Agency) -> None:
    state = kz.publish(requests=[tj.ask()])
    assert state.agencies["tj-gknb"].version == 2
    assert kg.refresh().agencies["tj-gknb"].version == 2


def test_an_entry_is_never_set_back(kz: Agency, tj: Agency) -> None:
    older, newer = tj.ask(), tj.ask()
    kz.publish(requests=[newer])
    assert refused(lambda: kz.publish(requests=[older])).code == "directory-change-invalid"


def test_new_entry_keys_need_the_founders(kz: Agency, kg: Agency, tj: Agency) -> None:
    request = tj.ask(fresh_keys=True)
    assert refused(lambda: kz.publish(requests=[request])).code == "directory-change-invalid"
    state = kz.publish(kg.approve(kz.propose(add=[request])))
    assert state.agencies["tj-gknb"].code is None


def test_a_stranger_publishes_nothing(kz: Agency, uz: Agency) -> None:
    assert refused(lambda: uz.publish()).code == "directory-unknown"
    uz.begin(kz.source_here)
    assert refused(lambda: uz.publish()).code == "directory-key-missing"


def test_the_participants_of_a_change_can_be_read_from_it(kz: Agency, uz: Agency) -> None:
    change = kz.propose(add=[uz.ask()])
    participants = participants_of(read_document(change.targets, Targets).signed)
    assert [one.agency for one in participants] == [*FOUNDERS, "uz-sgb"]
