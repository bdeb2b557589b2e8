"""Objects that come one by one become bundles: whole ones at once, the rest at the end, none lost."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.bilateral.stix.naming import tlp_marking
from adapters.carriers.taxii.assembling import Assembled, assemble, name
from adapters.contract import Parcel
from tests.adapters.carriers.taxii.ends import AT, ids, made, objects_in, person, report

LATER = "2026-11-02T00:00:00.000Z"


def waiting(*objects: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {name(each): each for each in objects}


def nothing(_: Collection[str]) -> dict[str, Any]:
    return {}


def parcels(found: Assembled) -> list[Parcel]:
    return [Parcel(parcel_id=one, content=content) for one, content in found.bundles.items()]


def test_a_report_waits_for_what_it_refers_to_and_goes_without_it_at_the_end() -> None:
    about, missing = person("a"), person("b")
    head = report("r", about, missing)
    early = assemble(waiting(about, head), at_end=False, look_up=nothing)
    assert (early.bundles, len(early.waiting)) == ({}, 2)
    (parcel,) = parcels(assemble(waiting(about, head), at_end=True, look_up=nothing))
    assert ids(parcel) == {about["id"], head["id"]}


def test_what_another_report_took_along_is_looked_up_and_named() -> None:
    shared = person("shared")
    found = assemble(waiting(report("r", shared)), at_end=False, look_up=lambda _: waiting(shared))
    (parcel,) = parcels(found)
    assert shared["id"] in ids(parcel)
    assert set(found.looked_up) == {name(shared)}


def test_markings_that_oasis_published_are_not_asked_for() -> None:
    asked: list[str] = []

    def look_up(wanted: Collection[str]) -> dict[str, Any]:
        asked.extend(wanted)
        return {}

    head = report("r", object_marking_refs=[tlp_marking("red")["id"]])
    assert assemble(waiting(head), at_end=False, look_up=look_up).bundles
    assert asked == []


def test_a_relationship_goes_with_the_report_that_has_both_its_ends() -> None:
    one, two = person("1"), person("2")
    link = made("relationship", "l", relationship_type="x", source_ref=one["id"], target_ref=two["id"])
    (parcel,) = parcels(
        assemble(waiting(link, one, two, report("r", one, two)), at_end=True, look_up=nothing)
    )
    assert link["id"] in ids(parcel)


def test_objects_with_one_version_and_two_contents_come_together_so_that_the_reader_sees_it() -> None:
    one, two = person("a"), {**person("a"), "name": "other"}
    (parcel,) = parcels(assemble(waiting(one, two, report("r", one)), at_end=True, look_up=nothing))
    assert [each["name"] for each in objects_in(parcel) if each["type"] == "identity"] == ["Na", "other"]


def test_what_no_report_takes_up_comes_by_itself_in_groups() -> None:
    first, second = person("1"), person("2", created_by_ref=person("1")["id"])
    stranger = person("3")
    found = parcels(assemble(waiting(first, second, stranger), at_end=True, look_up=nothing))
    assert sorted(len(ids(parcel)) for parcel in found) == [1, 2]


@pytest.mark.slow
@given(
    st.lists(st.lists(st.integers(0, 9), max_size=4), max_size=6),
    st.lists(st.integers(0, 60), max_size=6),
    st.integers(0, 9),
)
def test_pages_may_be_cut_anywhere_and_every_object_comes(
    about: list[list[int]], cuts: list[int], loose: int
) -> None:
    people = {number: person(number) for number in range(10)}
    stream: list[dict[str, Any]] = [people[loose]]
    for number, each in enumerate(about):
        stream += [people[one] for one in each]
        stream.append(report(number, *(people[one] for one in each), at=LATER if number % 2 else AT))
    server = waiting(*stream)
    listed = list(server.items())
    places = sorted({0, len(listed), *(min(cut, len(listed)) for cut in cuts)})
    seen: set[str] = set()
    held: dict[str, Mapping[str, Any]] = {}
    came: list[Parcel] = []

    def look_up(wanted: Collection[str]) -> dict[str, Any]:
        return {one: each for one, each in server.items() if each["id"] in wanted}

    for start, end in pairwise(places):
        page = {one: each for one, each in listed[start:end] if one not in seen}
        held |= page
        seen |= page.keys()
        found = assemble(held, at_end=end == len(listed), look_up=look_up)
        seen |= set(found.looked_up)
        held = dict(found.waiting)
        came += parcels(found)
    assert {name(each) for parcel in came for each in objects_in(parcel)} == server.keys()
    heads = [each["id"] for parcel in came for each in objects_in(parcel) if each["type"] == "report"]
    assert len(heads) == len(set(heads)) == len(about)
    alone = [one for parcel in came if parcel.parcel_id.startswith("objects-") for one in ids(parcel)]
    referred = {one for parcel in came if parcel.parcel_id.startswith("report-") for one in ids(parcel)}
    assert not referred & set(alone)
