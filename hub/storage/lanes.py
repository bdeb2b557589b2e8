"""One lane per partner: who works it, fenced by a token, and whether its breaker is open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, and_, bindparam, or_, select, update

from hub.entries import Lane, Priority
from hub.errors import Refused
from hub.storage import tables
from hub.storage.session import Session, Shape, kept
from hub.storage.upsert import insert

_T: Final = tables.lanes
_C: Final = _T.c
_OUT: Final = tables.outbox
_SHAPE: Final = Shape(Lane, _T)


def _free(lane: FromClause) -> ColumnElement[bool]:
    """Return the condition that nobody works a lane and its breaker lets through."""
    at: Any = bindparam("at", type_=_C.open_until.type)
    return and_(
        or_(lane.c.claimed_until.is_(None), lane.c.claimed_until <= at),
        or_(lane.c.open_until.is_(None), lane.c.open_until <= at),
    )


# The LIMIT keeps PostgreSQL from turning this into one join over everything that is pending.
_due = (
    select(_OUT.c.position)
    .where(
        tables.PENDING,
        _OUT.c.lane == _C.partner,
        _OUT.c.priority.in_(list(Priority)),
        _OUT.c.next_at <= bindparam("at"),
    )
    .limit(1)
    .correlate(_T)
    .scalar_subquery()
)
_DUE: Final = select(_C.partner).where(_free(_T), _due.is_not(None)).order_by(_C.partner)

_candidate = _T.alias("candidate")
_CLAIM: Final = (
    update(_T)
    .where(
        _C.partner
        == select(_candidate.c.partner)
        .where(_candidate.c.partner == bindparam("which"), _free(_candidate))
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    .values(token=_C.token + 1, claimed_until=bindparam("until"))
    .returning(*_SHAPE.columns)
)
_OPEN: Final = insert(_T).on_conflict_do_nothing()
_RELEASE: Final = update(_T).where(_C.partner == bindparam("which"), _C.token == bindparam("held"))
_EXTEND: Final = _RELEASE.where(_C.claimed_until.is_not(None)).values(claimed_until=bindparam("until"))
_GET: Final = _SHAPE.select().where(_C.partner == bindparam("which"))
_TOKEN: Final = kept(select(_C.token).where(_C.partner == bindparam("which")))


class Lanes:
    """The lanes' half of `hub.ports.Outbox`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def due(self, at: datetime) -> Sequence[str]:
        """Return the free lanes whose first due head exists: one look into the index per lane."""
        return [row.partner for row in self._session.rows(_DUE, {"at": at})]

    def open(self, partners: Iterable[str]) -> None:
        """Make the lanes that do not exist yet."""
        rows = [vars(Lane(partner=partner)) for partner in sorted(set(partners))]
        self._session.run(_OPEN, rows)

    def claim(self, partner: str, *, at: datetime, until: datetime) -> Lane | None:
        """Take a free lane with a higher token; one that another transaction holds just now is not free."""
        asked = {"which": partner, "at": at, "until": until}
        row = self._session.row(_CLAIM, asked)
        if row is None and self.get(partner) is None:
            self.open((partner,))
            row = self._session.row(_CLAIM, asked)
        return _SHAPE.load_one(row)

    def release(self, lane: Lane, *, failures: int, open_until: datetime | None) -> None:
        """Give a lane back; an overtaken token changes nothing."""
        freed = {"claimed_until": None, "failures": failures, "open_until": open_until}
        self._session.run(_RELEASE, {"which": lane.partner, "held": lane.token, **freed})

    def extend(self, lane: Lane, *, until: datetime) -> bool:
        """Hold a lane longer; return False when its token was overtaken, or it was released."""
        return bool(self._session.run(_EXTEND, {"which": lane.partner, "held": lane.token, "until": until}))

    def get(self, partner: str) -> Lane | None:
        """Return a lane as it stands."""
        return _SHAPE.load_one(self._session.row(_GET, {"which": partner}))

    def fence(self, lane: Lane) -> None:
        """Raise Refused `conflict` when the token was overtaken; else nobody overtakes it before commit."""
        row = self._session.kept_row(_TOKEN, {"which": lane.partner})
        if row is None or row.token != lane.token:
            raise Refused("conflict", f"The lane to {lane.partner} was taken over by another worker.")
