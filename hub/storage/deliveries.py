"""Members' inboxes: one gap-free sequence of deliveries each.

What is held from a member stands below its sequence, at positions that are negative. Every question about
the sequence leaves it out, so nothing that a member can ask for comes upon it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import bindparam, insert, select, update

from hub.entries import Delivery
from hub.errors import Refused
from hub.records.lifecycle import DELIVERY_STEPS, DeliveryState, step
from hub.storage import tables, upsert
from hub.storage.records import RecordStore
from hub.storage.session import Session, Shape, kept

_T: Final = tables.deliveries
_C: Final = _T.c
_SHAPE: Final = Shape(Delivery, _T)
_last = tables.delivery_positions
_grow = upsert.insert(_last)
_TAKE: Final = _grow.on_conflict_do_update(
    index_elements=[_last.c.member], set_={"last": _last.c.last + _grow.excluded["last"]}
).returning(_last.c.last)
_ADD: Final = insert(_T)
_PAGE: Final = (
    _SHAPE.select()
    .where(_C.member == bindparam("of_member"), _C.position > bindparam("after"))
    .order_by(_C.position)
    .limit(bindparam("most"))
)
# Each kind has its place in the index: what a narrow token does not cover is not read, however much it is.
_PAGE_OF_KIND: Final = (
    _SHAPE.select()
    .where(
        _C.member == bindparam("of_member"),
        _C.kind == bindparam("of_kind"),
        _C.position > bindparam("after"),
    )
    .order_by(_C.position)
    .limit(bindparam("most"))
)
_GET: Final = kept(_SHAPE.select().where(_C.delivery_id == bindparam("which"), _C.position > 0))
_STANDING: Final = kept(select(_C.member, _C.state).where(_C.delivery_id == bindparam("which")))
_ADVANCE: Final = update(_T).where(_C.delivery_id == bindparam("which"))
_LET_GO: Final = update(_T).where(_C.delivery_id == bindparam("which"))
_OF_RECORD: Final = (
    _SHAPE.select()
    .where(_C.record_id == bindparam("which"), _C.position > 0)
    .order_by(_C.member, _C.position)
)
_HELD_BACK: Final = kept(
    _SHAPE.select().where(_C.record_id == bindparam("which"), _C.position < 0).order_by(_C.position.desc())
)


class DeliveryStore:
    """Implements `hub.ports.Deliveries`."""

    def __init__(self, session: Session, records: RecordStore) -> None:
        self._session = session
        self._records = records
        self._kept: list[Delivery] = []

    def add(self, rows: Sequence[Delivery]) -> None:
        """Append deliveries, at the latest at commit; what is HELD has no place in its member's sequence."""
        self._session.change(audited=bool(rows))
        self._kept.extend(rows)

    def flush(self) -> None:
        """Write what was kept back."""
        if not self._kept:
            return
        self._records.flush()  # deliveries refer to them
        self._session.lock()
        by_member: dict[str, list[Delivery]] = defaultdict(list)
        held = [delivery for delivery in self._kept if delivery.state is DeliveryState.HELD]
        for delivery in self._kept:
            if delivery.state is not DeliveryState.HELD:
                by_member[delivery.member].append(delivery)
        rows = []
        for member, deliveries in by_member.items():
            first = self._take(member, len(deliveries))
            rows += [{**vars(row), "position": n} for n, row in enumerate(deliveries, first)]
        if held:
            first = self._session.take(len(held))  # never given twice, whoever is the member
            rows += [{**vars(row), "position": -n} for n, row in enumerate(held, first)]
        self._session.run(_ADD, rows)
        self._kept.clear()

    def page(
        self, member: str, *, after: int, limit: int, kinds: Collection[str] | None = None
    ) -> Sequence[Delivery]:
        """Return a member's deliveries above a position, of some kinds or of all, lowest first."""
        self.flush()
        asked = {"of_member": member, "after": max(after, 0), "most": limit}
        if kinds is None:
            return _SHAPE.load(self._session.rows(_PAGE, asked))
        found = [
            delivery
            for kind in kinds
            for delivery in _SHAPE.load(self._session.rows(_PAGE_OF_KIND, {**asked, "of_kind": kind}))
        ]
        return sorted(found, key=lambda delivery: delivery.position)[:limit]

    def get(self, delivery_id: str) -> Delivery | None:
        """Return one delivery; in a unit of work it is kept from others until the end."""
        self.flush()
        return _SHAPE.load_one(self._session.kept_row(_GET, {"which": delivery_id}))

    def advance(self, delivery_id: str, *, to: DeliveryState) -> None:
        """Take one step of the lifecycle; what is let go comes last in its member's sequence."""
        self._session.change()
        self.flush()
        row = self._session.kept_row(_STANDING, {"which": delivery_id})
        if row is None:
            raise Refused("not-found", f"There is no delivery {delivery_id}.")
        change = {"which": delivery_id, "state": step(DELIVERY_STEPS, row.state, to)}
        if to is DeliveryState.WAITING:
            self._session.lock()
            self._session.run(_LET_GO, {**change, "position": self._take(row.member, 1), "reason": None})
        else:
            self._session.run(_ADVANCE, change)

    def of_record(self, record_id: str) -> Sequence[Delivery]:
        """Return a record's deliveries that members can collect."""
        self.flush()
        return _SHAPE.load(self._session.rows(_OF_RECORD, {"which": record_id}))

    def held_back(self, record_id: str) -> Sequence[Delivery]:
        """Return a record's deliveries that are HELD or ended so; a unit of work keeps them for itself."""
        self.flush()
        return _SHAPE.load(self._session.kept_rows(_HELD_BACK, {"which": record_id}))

    def _take(self, member: str, count: int) -> int:
        """Return the first of `count` new positions in a member's sequence."""
        taken = self._session.rows(_TAKE, {"member": member, "last": count})
        return int(taken[0][0]) - count + 1
