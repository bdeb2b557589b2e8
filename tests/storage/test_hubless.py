"""Partners without a hub, on both stores: profiles, materials, parcels, intakes and objects."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.entries import IntakeRow, MaterialRow, ParcelRow, PartnerStatus, ProfileRow
from hub.ports import Store, UnitOfWork
from hub.ports.taxii import FORGOTTEN
from tests.storage import rows

THEM = "de-bka"


def profile(agency: str = THEM, source: str = "a") -> ProfileRow:
    return ProfileRow(
        agency=agency,
        source=source,
        digest=source,
        adapter="bilateral",
        dialect="stix-2.1/1",
        carrier="folder",
        receipts=True,
        status=PartnerStatus.ACTIVE,
        pinned_at=rows.at(),
        pinned_by="test",
    )


def material(name: str, sort: str = "key", body_id: str = "b") -> MaterialRow:
    return MaterialRow(
        agency=THEM,
        name=name,
        sort=sort,
        body_id=body_id,
        fingerprint="f",
        put_at=rows.at(),
        put_by="test",
    )


def parcel(parcel_id: str, *, seconds: float = 0) -> ParcelRow:
    return ParcelRow(
        parcel_id=parcel_id,
        agency=THEM,
        record_id="r",
        version=1,
        digest=parcel_id.encode() * 32,
        dialect="stix-2.1/1",
        made_at=rows.at(seconds),
        about_id=f"about-{parcel_id}",
    )


def intake(parcel_id: str, *, digest: bytes = b"d" * 32, seconds: float = 0, **told: object) -> IntakeRow:
    values: dict[str, object] = {
        "agency": THEM,
        "parcel_id": parcel_id,
        "digest": digest,
        "received_at": rows.at(seconds),
        "body_id": f"body-{parcel_id}-{digest[:1].decode()}",
    }
    return IntakeRow(**{**values, **told})  # type: ignore[arg-type]


def commit(work: UnitOfWork) -> None:
    work.stage([rows.event()])
    work.commit()


def test_profiles_and_materials_are_replaced_under_a_new_generation(store: Store) -> None:
    with store.work() as work:
        before = work.directory.generation()
        work.hubless.put_profile(profile(source="a"))
        work.hubless.put_profile(profile("aa-first"))
        work.hubless.put_material(material("k"))
        work.hubless.put_material(material("k", "secret"))
        commit(work)
    with store.work() as work:
        assert work.directory.generation() > before
        work.hubless.put_profile(profile(source="b"))
        work.hubless.put_material(material("k", body_id="c"))
        commit(work)
    with store.read() as view:
        assert [(one.agency, one.source) for one in view.hubless.profiles()] == [
            ("aa-first", "a"),
            (THEM, "b"),
        ]
        assert view.hubless.profile("none") is None
        found = [(one.name, one.sort, one.body_id) for one in view.hubless.materials(THEM)]
    assert found == [("k", "key", "c"), ("k", "secret", "b")]


def test_an_answer_is_noted_unless_another_was_since_it_was_read(store: Store) -> None:
    with store.work() as work:
        work.hubless.add_parcels([parcel("b", seconds=1), parcel("a")])
        commit(work)
    with store.work() as work:
        row = work.hubless.parcel("a")
        assert row is not None
        told = {"at": rows.at(2), "signer": None, "code": None}
        assert work.hubless.answer_parcel(row, receipt_id="one", **told)
        assert not work.hubless.answer_parcel(row, receipt_id="two", **told)
        commit(work)
    with store.work() as work:
        found = work.hubless.parcels_of("r")
        assert [(one.parcel_id, one.receipt_id) for one in found] == [("a", "one"), ("b", None)]
        assert work.hubless.answer_parcel(found[0], receipt_id="two", **{**told, "code": "conflict"})
        work.hubless.forget_digests("r")
        commit(work)
    with store.read() as view:
        assert {one.digest for one in view.hubless.parcels_of("r")} == {bytes(32)}
        assert view.hubless.parcel("none") is None


def test_a_parcel_is_admitted_once_and_other_bytes_of_its_id_are_another(store: Store) -> None:
    with store.work() as work:
        assert work.hubless.admit_intake(intake("p"))
        assert not work.hubless.admit_intake(intake("p", seconds=5))
        assert work.hubless.admit_intake(intake("p", digest=b"e" * 32, seconds=1, code="conflict"))
        assert work.hubless.admit_intake(intake("p", agency="tr-egm"))
        commit(work)
    with store.work() as work:
        found = work.hubless.intakes_by_id(THEM, "p")
        assert [one.digest[:1] for one in found] == [b"d", b"e"]
        for _ in range(3):
            work.hubless.acknowledge_intake(found[0], rows.at(9))
        commit(work)
    with store.read() as view:
        first, second = view.hubless.intakes_by_id(THEM, "p")
    assert (first.acknowledged_at, first.repeats) == (rows.at(9), 2)
    assert (second.acknowledged_at, second.repeats) == (None, 0)


def test_refused_parcels_are_counted_while_they_are_kept(store: Store) -> None:
    with store.work() as work:
        for number, name in enumerate("abc"):
            row = intake(name, seconds=number, code="policy-denied", body_id=f"body-{name}")
            work.hubless.admit_intake(row)
            work.bodies.add([rows.body(body_id=row.body_id)])
        work.hubless.admit_intake(intake("taken"))
        commit(work)
    with store.work() as work:
        assert work.hubless.held_count(THEM, most=2) == 2
        assert work.hubless.held_count("tr-egm", most=5) == 0
        work.bodies.erase("body-b")
        commit(work)
    with store.read() as view:
        assert view.hubless.held_count(THEM, most=5) == 2
        assert [one.parcel_id for one in view.hubless.held_intakes(limit=2)] == ["c", "b"]


def test_another_weighing_takes_the_place_of_a_refusal_once(store: Store) -> None:
    before = intake("p", code="policy-denied", sentence="No.")
    after = replace(before, code=None, sentence="", record_id="r", version=2, dialect="d", signer="s")
    with store.work() as work:
        work.hubless.admit_intake(before)
        assert work.hubless.reconsider_intake(before, replace(before, code="conflict"))
        assert work.hubless.reconsider_intake(before, after)
        assert not work.hubless.reconsider_intake(before, after)
        commit(work)
    with store.read() as view:
        assert list(view.hubless.intakes_of(THEM, "r")) == [after]
        assert view.hubless.held_intakes(limit=5) == []


def test_forgetting_a_parcels_digest_leaves_the_parcel(store: Store) -> None:
    row = intake("p", record_id="r", version=1)
    with store.work() as work:
        work.hubless.admit_intake(row)
        work.hubless.forget_intake(row, b"x" * 32)
        commit(work)
    with store.read() as view:
        assert list(view.hubless.intakes_of(THEM, "r")) == [replace(row, digest=b"x" * 32)]


def test_objects_keep_their_first_digest_until_no_record_is_left_that_brought_them(store: Store) -> None:
    with store.work() as work:
        work.hubless.add_objects(THEM, {"shared": "1", "own": "2"}, record_id="a")
        work.hubless.add_objects(THEM, {"shared": "other"}, record_id="b")
        work.hubless.add_objects("tr-egm", {"own": "9"}, record_id="a")
        commit(work)
    with store.work() as work:
        assert work.hubless.objects(THEM, ["shared", "own", "none"]) == {"shared": "1", "own": "2"}
        work.hubless.forget_objects(THEM, "a")
        assert work.hubless.objects(THEM, ["shared", "own"]) == {"shared": "1", "own": FORGOTTEN}
        assert work.hubless.objects("tr-egm", ["own"]) == {"own": "9"}
        work.hubless.forget_objects(THEM, "b")
        work.hubless.add_objects(THEM, {"own": "3"}, record_id="c")
        assert work.hubless.objects(THEM, ["shared", "own"]) == {"shared": FORGOTTEN, "own": "3"}
        assert work.hubless.objects(THEM, []) == {}
        commit(work)


@pytest.mark.parametrize("change", ["parcels", "intake", "profile"])
def test_nothing_but_bookkeeping_is_committed_without_its_event(store: Store, change: str) -> None:
    with store.work() as work:
        match change:
            case "parcels":
                work.hubless.add_parcels([parcel("a")])
            case "intake":
                work.hubless.admit_intake(intake("a"))
            case _:
                work.hubless.put_profile(profile())
        with pytest.raises(Exception, match="audit"):
            work.commit()


def test_a_name_leads_to_the_newest_record_that_came_under_it_until_that_is_erased(store: Store) -> None:
    with store.work() as work:
        for record_id in ("r-1", "r-2", "r-1"):
            work.hubless.name_record(THEM, "notice/red/2026/1", record_id)
        work.hubless.name_record("fr-dgsi", "notice/red/2026/1", "r-3")
        commit(work)
    with store.read() as view:
        assert view.hubless.record_named(THEM, "notice/red/2026/1") == "r-2"
        assert view.hubless.record_named(THEM, "notice/red/2026/2") is None
    for record_id in ("r-2", "r-1"):
        with store.work() as work:
            assert work.hubless.record_named(THEM, "notice/red/2026/1") == record_id
            work.hubless.forget_objects(THEM, record_id)
            commit(work)
    with store.read() as view:
        assert view.hubless.record_named(THEM, "notice/red/2026/1") is None
        assert view.hubless.record_named("fr-dgsi", "notice/red/2026/1") == "r-3"
