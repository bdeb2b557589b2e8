"""Everything is found through a search that shows a few, and what cannot be is counted."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.interpol.partition import Listing, Query, questions
from tests.adapters.interpol.search import Entry, Search
from tests.amounts import examples

COUNTRIES = ["AT", "BE", "KZ", "RU"]


def run(search: Search, *, most: int = 20_000) -> tuple[Listing, list[Query]]:
    asking = questions(COUNTRIES)
    asked: list[Query] = []
    query = next(asking)
    while True:
        asked.append(query)
        assert len(asked) < most
        try:
            query = asking.send(search.shown(query))
        except StopIteration as end:
            return end.value, asked


_COUNTRY = st.sampled_from(COUNTRIES)


@st.composite
def populations(draw: st.DrawFn, *, aged: bool) -> Search:
    ages = st.integers(0, 120) if aged else st.none() | st.integers(0, 120)
    made = draw(
        st.lists(
            st.tuples(
                st.sampled_from("MFU"), ages, st.lists(_COUNTRY, max_size=2), st.lists(_COUNTRY, max_size=1)
            ),
            max_size=60,
        )
    )
    entries = [
        Entry(number=f"2026/{n}", sex=sex, age=age, nationalities=tuple(nations), warrants=tuple(warrants))
        for n, (sex, age, nations, warrants) in enumerate(made)
    ]
    return Search(entries, shown_max=draw(st.integers(1, 8)))


@settings(max_examples=examples(150), deadline=None)
@given(populations(aged=False))
def test_what_is_not_found_is_counted_to_the_last(search: Search) -> None:
    listing, asked = run(search)
    assert set(listing.found) <= {one.number for one in search.entries}
    assert len(listing.found) + listing.missing == len(search.entries)
    assert len(set(asked)) == len(asked), "the same was asked twice"


@settings(max_examples=examples(150), deadline=None)
@given(populations(aged=True))
def test_everything_is_found_where_sex_and_age_tell_enough_apart(search: Search) -> None:
    groups: dict[tuple[str, int | None], int] = {}
    for one in search.entries:
        groups[one.sex, one.age] = groups.get((one.sex, one.age), 0) + 1
    search.shown_max = max([search.shown_max, *groups.values()])
    listing, _ = run(search)
    assert listing.missing == 0
    assert set(listing.found) == {one.number for one in search.entries}


def test_a_small_list_takes_one_question() -> None:
    search = Search([Entry(number=f"2026/{n}") for n in range(160)])
    listing, asked = run(search)
    assert (len(listing.found), listing.missing, asked) == (160, 0, [Query()])


def test_ages_that_nobody_knows_are_found_by_country() -> None:
    known = [Entry(number=f"2026/{n}", sex="M", age=20 + n % 50, nationalities=("RU",)) for n in range(900)]
    unknown = [
        Entry(number=f"2025/{n}", sex="M", nationalities=(COUNTRIES[n % 3],), warrants=("KZ",))
        for n in range(400)
    ]
    listing, asked = run(Search([*known, *unknown]))
    assert listing.missing == 0
    assert len(listing.found) == 1300
    assert len(asked) < 60


def test_ages_are_halved_and_not_asked_one_by_one() -> None:
    entries = [Entry(number=f"2026/{n}", sex="M", age=n % 100) for n in range(8000)]
    listing, asked = run(Search(entries))
    assert listing.missing == 0
    assert len(asked) < 300


def test_what_nothing_tells_apart_is_missing_and_soon_given_up() -> None:
    search = Search([Entry(number=f"2026/{n}", sex="M", age=30, nationalities=("RU",)) for n in range(500)])
    listing, asked = run(search)
    assert (len(listing.found), listing.missing) == (160, 340)
    assert len(asked) < 100


def test_absence_from_an_incomplete_list_says_nothing() -> None:
    before = {"2026/1": "", "2026/2": ""}
    assert Listing(found={"2026/1": ""}, missing=0).gone(before) == {"2026/2"}
    assert Listing(found={"2026/1": ""}, missing=1).gone(before) == frozenset()
