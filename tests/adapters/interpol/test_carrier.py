"""A public list of notices as a carrier: each notice once, changed ones again, what is gone as withdrawn."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters import registry
from adapters.contract import Health, Parcel, Verdict
from adapters.interpol.carrier import FeedCarrier
from hub.errors import PeerFault, Refused
from tests.adapters.interpol.search import Entry, Search
from tests.adapters.interpol.test_feed import Direct, entries, feed, over_https
from tests.adapters.materials import Given

TAKEN = Verdict(taken=True)
DAY_S = 86_400


class Clock:
    """A clock that is put on by hand."""

    def __init__(self) -> None:
        self.at = time.time()

    def __call__(self) -> float:
        return self.at


class Looking:
    """A hub that looks at a list, as its keeper does: pull, take, acknowledge."""

    def __init__(self, folder: Path, *told: Entry, **more: Any) -> None:
        self.search = Search(told)
        self.server = Direct(self.search)
        self.clock = Clock()
        self.folder = folder
        self.more = more
        self.carrier = self.made()

    def made(self, which: str = "red", **told: Any) -> FeedCarrier:
        read = feed(self.server, wait=lambda _: None, **self.more)
        return FeedCarrier(read, which, self.folder, every_s=DAY_S, now=self.clock, **told)

    def look(self, *, limit: int = 50) -> list[str]:
        """Take what comes, look after look, until nothing does; return the numbers."""
        found: list[str] = []
        while parcels := self.carrier.pull(limit=limit):
            for one in parcels:
                told = json.loads(one.content)
                found.append(("gone " if "gone" in told else "") + told["entity_id"])
                self.carrier.acknowledge(one.parcel_id, TAKEN)
        return found

    def later(self) -> None:
        self.clock.at += DAY_S


def red(*numbers: int) -> list[Entry]:
    return [Entry(number=f"2026/{number}") for number in numbers]


def test_each_notice_comes_once_and_again_when_it_was_changed(tmp_path: Path) -> None:
    at = Looking(tmp_path, *red(1, 2, 3))
    assert at.look() == ["2026/1", "2026/2", "2026/3"]
    assert at.look() == []
    asked = len(at.search.asked)
    at.later()
    assert at.look() == []
    assert len(at.search.asked) > asked
    at.search.entries = [replace(at.search.entries[0], sex="F"), *at.search.entries[1:]]
    assert at.look() == [], "the list is looked at once a day"
    at.later()
    assert at.look() == ["2026/1"]


def test_a_form_that_a_notice_had_before_is_another_parcel(tmp_path: Path) -> None:
    at = Looking(tmp_path, *red(1))
    plain, other = at.search.entries[0], replace(at.search.entries[0], sex="F")
    ids: list[str] = []
    for entry in (plain, other, plain, other):
        at.search.entries = [entry]
        (parcel,) = at.carrier.pull(limit=5)
        at.carrier.acknowledge(parcel.parcel_id, TAKEN)
        assert at.look() == []
        ids.append(parcel.parcel_id)
        at.later()
    assert len({*ids}) == 4


def test_of_several_forms_that_wait_the_newest_alone_is_brought(tmp_path: Path) -> None:
    at = Looking(tmp_path, *red(1, 2))
    at.carrier.pull(limit=5)
    at.search.entries = [replace(at.search.entries[0], sex="F"), at.search.entries[1]]
    at.later()
    found = {json.loads(one.content)["entity_id"]: one for one in at.carrier.pull(limit=5)}
    assert json.loads(found["2026/1"].content)["sex_id"] == "F"
    assert at.look() == ["2026/2", "2026/1"]


def test_what_was_noted_before_forms_were_counted_is_known(tmp_path: Path) -> None:
    at = Looking(tmp_path, *red(1))
    at.look()
    known = tmp_path / "known" / "2026-1"
    known.write_bytes(known.read_bytes().partition(b" ")[0])
    at.later()
    assert at.look() == []
    at.search.entries = [replace(at.search.entries[0], sex="F")]
    at.later()
    assert at.look() == ["2026/1"]


def test_a_few_are_fetched_at_each_look_and_nothing_is_lost_by_a_restart(tmp_path: Path) -> None:
    at = Looking(tmp_path, *red(*range(9)))
    first = at.carrier.pull(limit=4)
    assert len(at.search.fetched) == 4
    at.carrier = at.made()
    assert at.carrier.pull(limit=4) == first
    assert len(at.search.fetched) == 4
    assert sorted(at.look(limit=4)) == sorted(one.number for one in at.search.entries)
    assert sorted(at.search.fetched) == sorted({*at.search.fetched})


def test_what_was_refused_is_not_brought_again_until_it_changes(tmp_path: Path) -> None:
    at = Looking(tmp_path, *red(1))
    (one,) = at.carrier.pull(limit=5)
    at.carrier.acknowledge(one.parcel_id, Verdict(taken=False, code="record-invalid", sentence="No."))
    at.later()
    assert at.look() == []


def test_what_two_whole_looks_missed_is_withdrawn_and_told_of_for_a_month(tmp_path: Path) -> None:
    at = Looking(tmp_path, *red(1, 2))
    at.look()
    at.search.entries = at.search.entries[1:]
    at.later()
    assert at.look() == []
    assert at.carrier.gone() == []
    assert at.carrier.health().sentence == (
        "1 notices are listed, 0 of them to be looked at; 1 are missed, and looked for once more."
    )
    at.later()
    assert at.look() == ["gone 2026/1"]
    assert at.carrier.gone() == ["2026-1"]
    assert at.carrier.health() == Health(
        well=True, sentence="1 notices are listed, 0 of them to be looked at; 1 were withdrawn: 2026-1."
    )
    at.later()
    assert at.look() == [], "it is withdrawn once"
    at.search.entries = red(1, 2)
    at.later()
    assert at.look() == ["2026/1"], "it was published again"
    os.utime(tmp_path / "gone" / "2026-1", (0, 0))
    assert at.carrier.gone() == []


def test_a_notice_that_is_published_again_and_gone_again_has_parcels_of_its_own(tmp_path: Path) -> None:
    at = Looking(tmp_path, *red(1, 2))
    ids: list[str] = []
    for entries_now in (red(1, 2), red(2), red(2)) * 2:
        at.search.entries = entries_now
        for one in at.carrier.pull(limit=9):
            ids += [one.parcel_id] if one.parcel_id.startswith("2026-1.") else []
            at.carrier.acknowledge(one.parcel_id, TAKEN)
        at.later()
    assert len(ids) == len({*ids}) == 4


def test_what_is_back_before_the_second_look_was_never_gone(tmp_path: Path) -> None:
    at = Looking(tmp_path, *red(1, 2))
    at.look()
    for entries_now in (red(2), red(1, 2), red(2), red(1, 2)):
        at.search.entries = entries_now
        at.later()
        assert at.look() == []
    assert at.carrier.gone() == []


def test_two_looks_in_a_row_because_one_was_damaged_are_one(tmp_path: Path) -> None:
    at = Looking(tmp_path, *red(1, 2))
    at.look()
    at.search.entries = red(2)
    at.later()
    for _ in range(3):
        assert at.look() == []
        (tmp_path / "sweep").write_bytes(b"{")
    at.later()
    assert at.look() == ["gone 2026/1"]


def test_too_many_that_are_gone_at_once_are_not_believed(tmp_path: Path) -> None:
    at = Looking(tmp_path, *red(*range(12)))
    at.look()
    at.search.entries = red(*range(7))
    for _ in range(3):
        at.later()
        assert at.look() == []
        health = at.carrier.health()
        assert not health.well
        assert "5 that were taken are gone at once" in health.sentence
    at.carrier = at.made(gone_percent_max=50)
    at.later()
    assert at.look() == []
    at.later()
    assert len(at.look()) == 5
    assert at.carrier.health().well


@pytest.mark.parametrize(("percent", "gone"), [(99, 0), (100, 2)])
def test_a_list_that_is_empty_is_believed_by_who_says_so_alone(
    tmp_path: Path, percent: int, gone: int
) -> None:
    at = Looking(tmp_path, *red(1, 2))
    at.carrier = at.made(gone_percent_max=percent)
    at.look()
    at.search.entries = []
    for _ in range(2):
        at.later()
        found = at.look()
    assert len(found) == gone
    assert at.carrier.health().well is bool(gone)


def test_a_withdrawal_takes_the_place_of_a_form_that_waits(tmp_path: Path) -> None:
    at = Looking(tmp_path, *red(1, 2, 3))
    at.look()
    at.search.entries = [replace(at.search.entries[0], sex="F"), *at.search.entries[1:]]
    at.later()
    (changed,) = at.carrier.pull(limit=5)
    at.search.entries = red(2, 3)
    at.later()
    assert at.carrier.pull(limit=5) == [changed]
    at.later()
    (withdrawn,) = at.carrier.pull(limit=5)
    at.later()
    assert at.carrier.pull(limit=5) == [withdrawn]
    at.carrier.acknowledge(changed.parcel_id, TAKEN)
    assert at.look() == ["gone 2026/1"]


def test_who_wants_to_be_told_alone_has_nothing_withdrawn(tmp_path: Path) -> None:
    at = Looking(tmp_path, *red(1, 2))
    at.carrier = at.made(withdraws=False)
    at.look()
    at.search.entries = red(2)
    for _ in range(2):
        at.later()
        assert at.look() == []
    assert at.carrier.gone() == ["2026-1"]


def test_a_list_that_another_takes_the_place_of_withdraws_nothing(tmp_path: Path) -> None:
    at = Looking(tmp_path, *red(1, 2))
    at.look()
    at.search.entries = red(3)
    at.carrier = at.made("yellow")
    for expected in (["2026/3"], [], []):
        at.later()
        assert at.look() == expected
    assert at.carrier.gone() == []
    assert at.carrier.health().well


def test_an_empty_list_is_looked_at_once_a_day_too(tmp_path: Path) -> None:
    at = Looking(tmp_path)
    at.look()
    asked = len(at.search.asked)
    at.look()
    assert len(at.search.asked) == asked


def test_the_source_says_none_of_what_is_ours_to_say(tmp_path: Path) -> None:
    at = Looking(tmp_path, *red(1, 2))
    answer = at.search.answer

    def lying(target: str) -> tuple[int, bytes]:
        status, body = answer(target)
        return status, body.replace(b'"forename"', b'"\\u0067one"') if "2026-1" in target else body

    at.search.answer = lying  # type: ignore[method-assign]
    assert at.look() == ["2026/2"]
    assert at.carrier.health().sentence.endswith("1 cannot be read.")


def test_a_list_with_gaps_says_nothing_of_what_is_gone(tmp_path: Path) -> None:
    at = Looking(tmp_path, *red(1, 2), shown_max=2, countries=[])
    at.look()
    at.search.shown_max = 2
    at.search.entries = red(2, 3, 4)
    for _ in range(3):
        at.later()
        assert "gone 2026/1" not in at.look()
    assert at.carrier.gone() == []
    assert not at.carrier.health().well
    assert "more are not shown to anyone" in at.carrier.health().sentence


def test_a_notice_that_cannot_be_read_holds_up_no_other(tmp_path: Path) -> None:
    at = Looking(tmp_path, *red(1, 2))
    answer = at.search.answer
    at.search.answer = lambda target: (500, b"") if target.endswith("2026-1") else answer(target)  # type: ignore[method-assign]
    assert at.look() == ["2026/2"]
    assert at.carrier.health().sentence.endswith("1 cannot be read.")
    at.search.answer = answer  # type: ignore[method-assign]
    at.later()
    assert at.look() == ["2026/1"]


def test_a_server_that_is_away_is_asked_at_the_next_look(tmp_path: Path) -> None:
    at = Looking(tmp_path, *red(1))
    at.server.fails = 99
    with pytest.raises(PeerFault) as failure:
        at.carrier.pull(limit=5)
    assert failure.value.code == "partner-unreachable"
    at.server.fails = 0
    assert at.look() == ["2026/1"]


def test_what_waits_is_taken_also_while_the_server_is_away(tmp_path: Path) -> None:
    at = Looking(tmp_path, *red(1, 2, 3))
    first = at.carrier.pull(limit=2)
    at.carrier.acknowledge(first[0].parcel_id, TAKEN)
    at.server.fails = 99
    assert at.carrier.pull(limit=2) == first[1:]


def test_a_look_that_was_damaged_is_begun_anew_and_brings_nothing_twice(tmp_path: Path) -> None:
    at = Looking(tmp_path, *red(1, 2))
    at.look()
    (tmp_path / "sweep").write_bytes(b'{"left": 5}')
    assert at.look() == []


def test_a_number_that_is_too_long_for_a_file_has_a_name_of_its_own(tmp_path: Path) -> None:
    at = Looking(tmp_path, Entry(number="2" * 200))
    (found,) = at.carrier.pull(limit=5)
    assert json.loads(found.content)["entity_id"] == "2" * 200
    assert found.parcel_id.startswith("n-")
    assert at.look() == ["2" * 200]


def test_nothing_is_sent_to_a_public_list(tmp_path: Path) -> None:
    carrier = Looking(tmp_path).carrier
    with pytest.raises(Refused) as refused:
        carrier.push(Parcel(parcel_id="p", content=b"{}"))
    assert refused.value.code == "kind-not-carried"
    assert carrier.receipts(limit=5) == []
    assert carrier.health().well


def test_a_profile_names_it(tmp_path: Path) -> None:
    given = Given(us="kz-knb", them="interpol-ncb-kz", state=tmp_path)
    made = registry.make_carrier("interpol-feed", {"list": "yellow"}, given)
    assert isinstance(made, FeedCarrier)
    registry.make_carrier("interpol-feed", {"gone": "tell", "gone_percent_max": 25}, given)
    for wrong in ({"list": "blue"}, {"gone": "guess"}, {"gone_percent_max": 101}):
        with pytest.raises(Refused):
            registry.make_carrier("interpol-feed", wrong, given)


@pytest.mark.slow
def test_all_real_notices_of_a_list_come_over_https(tmp_path: Path) -> None:
    search = Search([one for one in entries() if len(one.number) == 10])
    with over_https(search) as server:
        carrier = FeedCarrier(feed(server), "red", tmp_path, every_s=DAY_S)
        found: list[str] = []
        while parcels := carrier.pull(limit=40):
            for one in parcels:
                read = registry.make("interpol").dialect.interpret(one.content).record
                found.append(read["details"]["number"])
                carrier.acknowledge(one.parcel_id, TAKEN)
    assert sorted(found) == sorted(one.number for one in search.entries)
    assert len(found) == 100
