from __future__ import annotations

from collections.abc import Callable

import pytest

from hub.errors import HubError
from hub.ports import Store, UnitOfWork
from hub.ports.taxii import CollectionRow, Filter, LaidRow, ObjectRow, PartRow, PostRow
from tests.storage import rows
from tests.storage.test_plans import explained, refuse_scans

EVERY = Filter(every=True)


def collection(name: str = "c", *, agency: str = "de-bka", writes: bool = False) -> CollectionRow:
    return CollectionRow(
        collection_id=name,
        agency=agency,
        label="amber",
        writes=writes,
        last=0,
        added_at=rows.at(),
        opened_at=rows.at(),
    )


def thing(number: int, *, object_id: str = "", version: float = 0, sort: str = "identity") -> ObjectRow:
    return ObjectRow(
        collection_id="c",
        number=number,
        object_id=object_id or f"identity--{number}",
        sort=sort,
        version=rows.at(version),
        stamped=True,
        digest=f"d{number}",
        added_at=rows.at(number),
    )


def part(number: int, parcel_id: str, place: int = 0) -> PartRow:
    return PartRow(collection_id="c", number=number, parcel_id=parcel_id, place=place)


def laid(parcel_id: str) -> LaidRow:
    return LaidRow(
        parcel_id=parcel_id,
        agency="de-bka",
        collection_id="c",
        body_id=parcel_id,
        digest=b"d" * 32,
        laid_at=rows.at(),
    )


def post(post_id: str, seconds: float = 0) -> PostRow:
    return PostRow(post_id=post_id, agency="de-bka", collection_id="c", objects=1, posted_at=rows.at(seconds))


def save(store: Store, *steps: Callable[[UnitOfWork], object]) -> None:
    with store.work() as work:
        for step in steps:
            step(work)
        work.stage([rows.event()])
        work.commit()


def numbers(store: Store, wanted: Filter = EVERY, *, after: int = 0, limit: int = 100) -> list[int]:
    with store.read() as view:
        return [one.number for one in view.taxii.page("c", wanted, after=after, limit=limit)]


def test_a_collection_is_opened_once_for_a_label_and_a_direction(store: Store) -> None:
    save(store, lambda work: work.taxii.open(collection()))
    save(
        store,
        lambda work: work.taxii.open(collection("d")),
        lambda work: work.taxii.open(collection("e", writes=True)),
    )
    with store.read() as view:
        assert [row.collection_id for row in view.taxii.of("de-bka")] == ["c", "e"]
        assert view.taxii.of("cis-atc") == []


def test_numbers_and_dates_only_rise_whatever_the_clock_says(store: Store) -> None:
    save(store, lambda work: work.taxii.open(collection()))
    taken = []
    for count, clock in ((2, 5), (3, 1), (1, 9)):
        save(
            store,
            lambda work, count=count, clock=clock: taken.append(work.taxii.take("c", count, rows.at(clock))),
        )
    assert [number for number, _ in taken] == [1, 3, 6]
    assert [at for _, at in taken] == [rows.at(5), rows.at(5 + 2e-6), rows.at(9)]


def test_pages_are_filtered_by_version_date_id_and_type(store: Store) -> None:
    objects = [
        thing(1, object_id="identity--a", version=1),
        thing(2, object_id="identity--a", version=3),
        thing(3, object_id="identity--a", version=2),
        thing(4, sort="report", version=2),
    ]
    save(store, lambda work: work.taxii.open(collection()), lambda work: work.taxii.add(objects, []))
    assert numbers(store) == [1, 2, 3, 4]
    assert numbers(store, after=1, limit=2) == [2, 3]
    assert numbers(store, Filter()) == [2, 4]
    assert numbers(store, Filter(first=True, last=False)) == [1, 4]
    assert numbers(store, Filter(last=False, at=frozenset({rows.at(2)}))) == [3, 4]
    assert numbers(store, Filter(every=True, added_after=rows.at(2))) == [3, 4]
    assert numbers(store, Filter(every=True, ids=frozenset({"identity--a"}))) == [1, 2, 3]
    assert numbers(store, Filter(every=True, sorts=frozenset({"report"}))) == [4]
    with store.read() as view:
        assert {one.number for one in view.taxii.versions("c", ["identity--a"])} == {1, 2, 3}
        assert view.taxii.versions("c", ["identity--x"]) == []


def test_one_version_of_an_object_is_there_once(store: Store) -> None:
    save(store, lambda work: work.taxii.open(collection()), lambda work: work.taxii.add([thing(1)], []))
    with store.work() as work, pytest.raises(HubError) as refused:
        work.taxii.add([thing(2, object_id="identity--1")], [])
    assert refused.value.code == "conflict"


def test_a_parcel_is_fetched_when_its_last_object_was(store: Store) -> None:
    parts = [part(1, "p"), part(2, "p", 1), part(1, "q"), part(3, "q", 1)]
    save(
        store,
        lambda work: work.taxii.open(collection()),
        lambda work: work.taxii.add([thing(1), thing(2), thing(3)], parts),
        lambda work: work.taxii.lay(laid("p")),
        lambda work: work.taxii.lay(laid("q")),
    )
    done: list[object] = []

    def fetch(*given: int) -> None:
        save(
            store,
            lambda work: done.append(work.taxii.fetched("c", given, at=rows.at(7), thumbprint="ab")),
        )

    fetch(1)
    fetch(2)
    fetch(1, 2, 3)
    assert done == [[], ["p"], ["q"]]
    with store.read() as view:
        assert [one.parcel_id for one in view.taxii.fetched_parcels("de-bka", 5)] == ["p", "q"]
        assert [one.number for one in view.taxii.contents("q")] == [1, 3]
        assert {(one.parcel_id, one.place) for one in view.taxii.parts("c", [1])} == {("p", 0), ("q", 0)}
    with store.work() as work:
        work.taxii.settle("p")
        work.commit()
    with store.read() as view:
        (left,) = view.taxii.fetched_parcels("de-bka", 5)
        assert (left.parcel_id, left.fetched_at, left.thumbprint) == ("q", rows.at(7), "ab")
        found = view.taxii.laid("p")
        assert found is not None
        assert found.settled


def test_a_post_waits_until_its_first_answer(store: Store) -> None:
    save(store, lambda work: work.taxii.post(post("new", 2)), lambda work: work.taxii.post(post("old", 1)))
    with store.read() as view:
        assert [one.post_id for one in view.taxii.unanswered("de-bka", 5)] == ["old", "new"]
        assert view.taxii.unanswered("cis-atc", 5) == []
    for code in ("record-invalid", None):
        save(
            store,
            lambda work, code=code: work.taxii.answer("old", code=code, sentence="so", at=rows.at(3)),
        )
    with store.read() as view:
        assert [one.post_id for one in view.taxii.unanswered("de-bka", 5)] == ["new"]
        found = view.taxii.posted("old")
        assert found is not None
        assert (found.code, found.answered_at) == ("record-invalid", rows.at(3))
        assert view.taxii.posted("nobody") is None


@pytest.mark.parametrize(
    "step",
    [
        lambda work: work.taxii.of("de-bka"),
        lambda work: work.taxii.take("c", 1, rows.at()),
        lambda work: work.taxii.versions("c", ["a", "b"]),
        lambda work: work.taxii.page("c", Filter(first=True, at=frozenset({rows.at()})), after=5, limit=10),
        lambda work: work.taxii.page("c", Filter(ids=frozenset({"a"})), after=0, limit=1),
        lambda work: work.taxii.parts("c", [1, 2]),
        lambda work: work.taxii.contents("p"),
        lambda work: work.taxii.fetched("c", [1, 2], at=rows.at(), thumbprint=None),
        lambda work: work.taxii.fetched_parcels("de-bka", 5),
        lambda work: work.taxii.unanswered("de-bka", 5),
        lambda work: work.taxii.posted("p"),
    ],
)
def test_no_step_reads_a_whole_table(store: Store, step: Callable[[UnitOfWork], object]) -> None:
    save(store, lambda work: work.taxii.open(collection()))
    names = [f"taxii_{name}" for name in ("collections", "objects", "parts", "laid", "posts")]
    refuse_scans(explained(store, step), among=names)
