from __future__ import annotations

from hub.ports import Store
from hub.records.ids import new_id
from tests.storage import rows


def test_bodies_come_back_as_they_were_stored(store: Store) -> None:
    bodies = [rows.body(ciphertext=bytes(range(256)) * 20) for _ in range(3)]
    with rows.audited(store) as work:
        work.bodies.add(bodies)
        assert work.bodies.get_many([bodies[0].body_id]) == {bodies[0].body_id: bodies[0]}
    with store.read() as view:
        assert view.bodies.get_many([b.body_id for b in bodies] + [new_id()]) == {
            b.body_id: b for b in bodies
        }
        assert view.bodies.get_many([]) == {}


def test_an_erased_body_is_gone_for_readers(store: Store) -> None:
    kept, erased = rows.body(), rows.body()
    with rows.audited(store) as work:
        work.bodies.add([kept, erased])
    with rows.audited(store) as work:
        work.bodies.erase(erased.body_id)
    with store.read() as view:
        assert list(view.bodies.get_many([kept.body_id, erased.body_id])) == [kept.body_id]
