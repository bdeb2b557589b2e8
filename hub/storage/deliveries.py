"""Members' inboxes: one gap-free sequence of deliveries each."""

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
_GET: Final = kept(_SHAPE.select().where(_C.delivery_id == bindparam("which")))
_STATE: Final = kept(select(_C.state).where(_C.delivery_id == bindparam("which")))
_ADVANCE: Final = update(_T).where(_C.delivery_id == bindparam("which"))
_OF_RECORD: Final = _SHAPE.select().where(_C.record_id == bindparam("which")).order_by(_C.member, _C.position)


class DeliveryStore:
    """Implements `hub.ports.Deliveries`."""

    def __init__(self, session: Session, records: RecordStore) -> None:
        self._session = session
        self._records = records
        self._kept: list[Delivery] = []

    def add(self, rows: Sequence[Delivery]) -> None:
        """Append deliveries, at the latest at commit."""
        self._session.change(audited=bool(rows))
        self._kept.extend(rows)

    def flush(self) -> None:
        """Write what was kept back."""
        if not self._kept:
            return
        self._records.flush()  # deliveries refer to them
        self._session.lock()
        by_member: dict[str, list[Delivery]] = defaultdict(list)
        for delivery in self._kept:
            by_member[delivery.member].append(delivery)
        rows = []
        for member, deliveries in by_member.items():
            taken = self._session.rows(_TAKE, {"member": member, "last": len(deliveries)})
            first = taken[0][0] - len(deliveries) + 1
            rows += [{**vars(row), "position": n} for n, row in enumerate(deliveries, first)]
        self._session.run(_ADD, rows)
        self._kept.clear()

    def page(
        self, member: str, *, after: int, limit: int, kinds: Collection[str] | None = None
    ) -> Sequence[Delivery]:
        """Return a member's deliveries above a position, of some kinds or of all, lowest first."""
        self.flush()
        asked = {"of_member": member, "after": after, "most": limit}
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
        """Take one step of the lifecycle."""
        self._session.change()
        self.flush()
        row = self._session.kept_row(_STATE, {"which": delivery_id})
        if row is None:
            raise Refused("not-found", f"There is no delivery {delivery_id}.")
        self._session.run(_ADVANCE, {"which": delivery_id, "state": step(DELIVERY_STEPS, row.state, to)})

    def of_record(self, record_id: str) -> Sequence[Delivery]:
        """Return a record's deliveries."""
        self.flush()
        return _SHAPE.load(self._session.rows(_OF_RECORD, {"which": record_id}))
