"""A directory is followed by itself, by courier and through any follower, and says what needs a person."""

from __future__ import annotations

import logging
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hub.errors import Refused
from hub.exchange.directory.keeper import DirectoryKeeper
from hub.exchange.directory.place import State
from hub.exchange.directory.publishing import export
from hub.exchange.directory.serving import served_file
from hub.exchange.directory.watching import expiring
from tests.exchange.directory.steps import recard, refused, warned
from tests.exchange.directory.world import Agency, Federation
from tests.federation.directory.repos import founded

pytestmark = pytest.mark.slow


# --- joining


def test_a_root_whose_words_were_not_confirmed_is_not_followed(kz: Agency, uz: Agency) -> None:
    failure = refused(lambda: uz.begin(kz.source_here, confirmed_fingerprint="0" * 64))
    assert failure.code == "pin-not-confirmed"
    assert not uz.place.joined


def test_another_directory_is_only_followed_when_that_is_said(kz: Agency, uz: Agency, tmp_path: Path) -> None:
    uz.begin(kz.source_here)
    other = founded().write(tmp_path / "other")
    assert refused(lambda: uz.begin(other)).code == "conflict"
    assert uz.refresh().name == "cis-directory"
    state = uz.begin(other, again=True)
    assert {one.code for one in state.agencies.values()} == {"directory-entry-invalid"}
    assert uz.place.state().source == other


def test_a_directory_that_cannot_be_fetched_is_not_begun_with(kz: Agency, uz: Agency, tmp_path: Path) -> None:
    source = tmp_path / "medium"
    export(kz.place, source)
    (source / "metadata/timestamp.json").unlink()
    assert refused(lambda: uz.begin(str(source))).code == "directory-mismatched"
    assert not uz.place.joined


# --- by courier


@pytest.mark.parametrize("name", ["medium", "medium.zip"])
def test_a_courier_brings_the_directory_with_all_its_checks(
    name: str, kz: Agency, uz: Agency, tmp_path: Path
) -> None:
    export(kz.place, tmp_path / name)
    state = uz.begin(str(tmp_path / name), followed=False)
    assert state.source is None
    assert sorted(state.agencies) == ["kg-gknb", "kz-knb", "tj-gknb"]
    kz.publish(give=[("sco-member", "tj-gknb")])
    export(kz.place, tmp_path / f"later-{name}")
    assert uz.refresh(str(tmp_path / f"later-{name}")).agencies["tj-gknb"].marks
    assert refused(lambda: uz.refresh(str(tmp_path / name))).code == "directory-rolled-back"
    assert warned(uz) == ()
    assert [event.details["code"] for event in uz.events("refused")] == ["directory-rolled-back"]


def test_nothing_is_copied_over_or_out_of_nothing(kz: Agency, uz: Agency, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    assert refused(lambda: export(kz.place, tmp_path / "there")).code == "file-exists"
    assert refused(lambda: export(uz.place, tmp_path / "new")).code == "directory-unknown"


def test_any_follower_hands_the_directory_on(kz: Agency, kg: Agency, uz: Agency) -> None:
    kz.publish(give=[("sco-member", "tj-gknb")])
    kg.refresh()
    state = uz.begin(kg.source_here)
    assert state.agencies["tj-gknb"].marks == ("kz-knb:sco-member",)
    assert served_file(kg.place, "metadata/timestamp.json") == served_file(
        kz.place, "metadata/timestamp.json"
    )
    assert refused(lambda: served_file(kg.place, "metadata/9.root.json")).code == "not-found"
    assert refused(lambda: served_file(None, "metadata/timestamp.json")).code == "not-found"


def test_old_files_are_taken_out_of_what_is_handed_on(kz: Agency) -> None:
    for _ in range(3):
        kz.publish()
    names = sorted(path.name for path in (kz.place.repository / "metadata").iterdir())
    assert names == [
        "1.kg-gknb.json",
        "1.kz-knb.json",
        "1.root.json",
        "1.targets.json",
        "1.tj-gknb.json",
        "4.snapshot.json",
        "timestamp.json",
    ]


# --- by itself


def keeper(agency: Agency) -> DirectoryKeeper:
    return DirectoryKeeper(agency.broker, agency.client, agency.keys, agency.place, card=agency.card)


def test_the_publisher_says_daily_that_all_is_current(kz: Agency, tj: Agency, federation: Federation) -> None:
    keeper(kz).take_turn()
    assert kz.place.state().versions["timestamp"] == 1
    federation.hubs.clock.at += timedelta(days=2)
    keeper(kz).take_turn()
    assert kz.place.state().versions["timestamp"] == 2
    keeper(tj).take_turn()
    assert tj.place.state().versions["timestamp"] == 2
    assert len(kz.events("published")) == 1


def test_the_publishers_entry_follows_its_card(kz: Agency, federation: Federation) -> None:
    recard(kz, name="Another name")
    keeper(kz).take_turn()
    assert kz.place.state().agencies["kz-knb"].version == 2


def test_a_follower_fetches_after_an_interval_and_not_before(
    kz: Agency, tj: Agency, federation: Federation
) -> None:
    kz.publish()
    keeper(tj).take_turn()
    assert tj.place.state().versions["timestamp"] == 1
    federation.hubs.clock.at += timedelta(hours=2)
    keeper(tj).take_turn()
    assert tj.place.state().versions["timestamp"] == 2


def test_a_hub_without_a_directory_does_nothing(federation: Federation) -> None:
    keeper(federation["uz-sgb"]).take_turn()
    assert not federation["uz-sgb"].place.folder.exists()
    assert warned(federation["uz-sgb"]) == ()


def test_a_keeper_outlives_a_failure_and_stops(
    kz: Agency, tj: Agency, federation: Federation, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.rmtree(kz.place.repository)
    at_work = keeper(tj)
    federation.hubs.clock.at += timedelta(hours=2)
    with caplog.at_level(logging.WARNING, logger="hub.directory"):
        at_work._guarded()
    assert [record.code for record in caplog.records] == ["request-invalid"]  # type: ignore[attr-defined]
    at_work.start()
    at_work.stop()


def test_one_process_at_a_time_is_at_it(kz: Agency, tj: Agency) -> None:
    tj.place = replace(tj.place, wait_s=0.1)
    with tj.place.alone():
        assert refused(tj.refresh).code == "conflict"
        keeper(tj)._guarded()
    assert tj.refresh().failure is None


def test_what_expires_is_told_before(kz: Agency, tj: Agency, federation: Federation) -> None:
    def soon() -> set[str]:
        return set(
            expiring(
                tj.place.state(),
                agency="tj-gknb",
                limits=tj.broker.limits,
                at=federation.hubs.clock.at,
            )
        )

    assert soon() == set()
    federation.hubs.clock.at += timedelta(days=6)
    assert soon() == {"snapshot", "timestamp"}
    assert warned(tj) == ("directory-expires",)
    federation.hubs.clock.at += timedelta(days=75)
    assert "our entry" in soon()
    federation.hubs.clock.at += timedelta(days=280)
    assert soon() >= {"root", "targets"}


def test_a_state_file_that_cannot_be_read_says_what_to_do(kz: Agency) -> None:
    (kz.place.folder / "state.json").write_text("{}")
    failure = refused(kz.place.state)
    assert failure.code == "storage-unavailable"
    (kz.place.folder / "state.json").unlink()
    assert kz.place.state() == State()


def test_only_a_custodian_joins_proposes_and_publishes(kz: Agency) -> None:
    from hub.exchange.directory import joining
    from tests.exchange.hubs import AIGUL

    with pytest.raises(Refused) as caught:
        joining.ask_to_join(kz.broker, kz.keys, kz.place, AIGUL, kz.card())
    assert caught.value.code == "role-missing"
