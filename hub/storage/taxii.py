"""Collections for TAXII. Each has numbers of its own, given while its row is locked: in commit order."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    delete,
    exists,
    insert,
    literal_column,
    or_,
    update,
)

from hub.ports.taxii import FORGOTTEN, CollectionRow, Filter, LaidRow, ObjectRow, PartRow, PostRow
from hub.storage import taxii_tables as tables
from hub.storage.columns import Moment
from hub.storage.session import Session, Shape
from hub.storage.upsert import insert as upsert

_C: Final = tables.taxii_collections
_O: Final = tables.taxii_objects
_P: Final = tables.taxii_parts
_L: Final = tables.taxii_laid
_S: Final = tables.taxii_posts
_COLLECTION: Final = Shape(CollectionRow, _C)
_OBJECT: Final = Shape(ObjectRow, _O)
_PART: Final = Shape(PartRow, _P)
_LAID: Final = Shape(LaidRow, _L)
_POST: Final = Shape(PostRow, _S)

_OF: Final = _COLLECTION.select().where(_C.c.agency == bindparam("which")).order_by(_C.c.writes, _C.c.label)
_OPEN: Final = upsert(_C).on_conflict_do_nothing(index_elements=[_C.c.agency, _C.c.label, _C.c.writes])
_NOW: Final = bindparam("at", type_=Moment)
_NEXT: Final = case((_C.c.added_at < _NOW, _NOW), else_=_C.c.added_at.op("+")(literal_column("1")))
_TAKE: Final = (
    update(_C)
    .where(_C.c.collection_id == bindparam("which"))
    .values(
        last=_C.c.last + bindparam("count"),
        added_at=_NEXT.op("+")(bindparam("further", type_=BigInteger)),
    )
    .returning(_C.c.last, _C.c.added_at)
)
_ADD_OBJECTS: Final = insert(_O)
_ADD_PARTS: Final = insert(_P)
_ADD_PARCEL: Final = insert(_L)
_ADD_POST: Final = insert(_S)
_VERSIONS: Final = _OBJECT.select().where(
    _O.c.collection_id == bindparam("which"), _O.c.object_id.in_(bindparam("ids", expanding=True))
)
_PARTS: Final = (
    _PART.select()
    .where(_P.c.collection_id == bindparam("which"), _P.c.number.in_(bindparam("numbers", expanding=True)))
    .order_by(_P.c.number, _P.c.parcel_id)
)
_CONTENTS: Final = (
    _OBJECT.select()
    .join(_P, and_(_P.c.collection_id == _O.c.collection_id, _P.c.number == _O.c.number))
    .where(_P.c.parcel_id == bindparam("which"))
    .order_by(_P.c.place)
)
_FETCHED: Final = (
    update(_O)
    .where(
        _O.c.collection_id == bindparam("which"),
        _O.c.number.in_(bindparam("numbers", expanding=True)),
        _O.c.fetched_at.is_(None),
    )
    .values(fetched_at=bindparam("at"))
)
_LEFT: Final = exists().where(
    _P.c.parcel_id == _L.c.parcel_id,
    _O.c.collection_id == _P.c.collection_id,
    _O.c.number == _P.c.number,
    _O.c.fetched_at.is_(None),
)
_DONE: Final = (
    update(_L)
    .where(_L.c.parcel_id.in_(bindparam("parcels", expanding=True)), _L.c.fetched_at.is_(None), ~_LEFT)
    .values(fetched_at=bindparam("at"), thumbprint=bindparam("shown"))
    .returning(_L.c.parcel_id)
)
_LAID_ONE: Final = _LAID.select().where(_L.c.parcel_id == bindparam("which"))
_UNSETTLED: Final = (
    _LAID.select()
    .where(_L.c.agency == bindparam("which"), tables.UNSETTLED)
    .order_by(_L.c.laid_at, _L.c.parcel_id)
    .limit(bindparam("most"))
)
_SETTLE: Final = update(_L).where(_L.c.parcel_id == bindparam("which")).values(settled=True)
_POSTED: Final = _POST.select().where(_S.c.post_id == bindparam("which"))
_UNANSWERED: Final = (
    _POST.select()
    .where(_S.c.agency == bindparam("which"), tables.UNANSWERED)
    .order_by(_S.c.posted_at, _S.c.post_id)
    .limit(bindparam("most"))
)
_ANSWER: Final = (
    update(_S)
    .where(_S.c.post_id == bindparam("which"), _S.c.answered_at.is_(None))
    .values(answered_at=bindparam("at"), code=bindparam("why"), sentence=bindparam("said"))
)
_KEEP_DIGEST: Final = (
    update(_O)
    .where(
        _O.c.collection_id == bindparam("which"),
        _O.c.number == bindparam("place"),
        _O.c.digest == FORGOTTEN,
    )
    .values(digest=bindparam("told"))
)
_gone: Final[Any] = bindparam("parcels", expanding=True)
_of_object: Final = and_(_P.c.collection_id == _O.c.collection_id, _P.c.number == _O.c.number)
_FORGET: Final = (
    update(_O)
    .where(
        exists().where(_of_object, _P.c.parcel_id.in_(_gone)),
        ~exists().where(_of_object, _P.c.parcel_id.not_in(_gone)),
    )
    .values(digest=FORGOTTEN),
    delete(_P).where(_P.c.parcel_id.in_(_gone)),
    update(_L).where(_L.c.parcel_id.in_(_gone)).values(digest=bytes(32)),
)


class TaxiiStore:
    """Implements `hub.ports.Taxii`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, agency: str) -> Sequence[CollectionRow]:
        """Return an agency's collections by label."""
        return _COLLECTION.load(self._session.rows(_OF, {"which": agency}))

    def open(self, row: CollectionRow) -> None:
        """Add a collection, unless the agency has one with this label and direction."""
        self._session.change()
        self._session.run(_OPEN, vars(row))

    def take(self, collection_id: str, count: int, at: datetime) -> tuple[int, datetime]:
        """Return the first of so many new numbers and dates; the row stays locked to the end."""
        self._session.change()
        told = {"which": collection_id, "count": count, "further": count - 1, "at": at}
        row = self._session.rows(_TAKE, told)[0]
        return int(row.last) - count + 1, row.added_at - timedelta(microseconds=count - 1)

    def versions(self, collection_id: str, object_ids: Collection[str]) -> Sequence[ObjectRow]:
        """Return all versions of some objects."""
        told = {"which": collection_id, "ids": list(object_ids)}
        return _OBJECT.load(self._session.rows(_VERSIONS, told))

    def add(self, objects: Sequence[ObjectRow], parts: Sequence[PartRow]) -> None:
        """Add objects, and where content is."""
        self._session.change()
        if objects:
            self._session.run(_ADD_OBJECTS, [vars(row) for row in objects])
        if parts:
            self._session.run(_ADD_PARTS, [vars(row) for row in parts])

    def contents(self, parcel_id: str) -> Sequence[ObjectRow]:
        """Return the objects of a parcel in its order."""
        return _OBJECT.load(self._session.rows(_CONTENTS, {"which": parcel_id}))

    def page(self, collection_id: str, wanted: Filter, *, after: int, limit: int) -> Sequence[ObjectRow]:
        """Return objects with a number above `after`, lowest first."""
        query = _wanted(_OBJECT.select(), wanted).where(
            _O.c.collection_id == collection_id, _O.c.number > after
        )
        return _OBJECT.load(self._session.built(query.order_by(_O.c.number).limit(limit)))

    def parts(self, collection_id: str, numbers: Collection[int]) -> Sequence[PartRow]:
        """Return where the content of some objects is."""
        return _PART.load(self._session.rows(_PARTS, {"which": collection_id, "numbers": list(numbers)}))

    def fetched(
        self, collection_id: str, numbers: Collection[int], *, at: datetime, thumbprint: str | None
    ) -> Sequence[str]:
        """Note that objects were fetched; return the ids of parcels of which nothing is left to fetch now."""
        self._session.change()
        told = {"which": collection_id, "numbers": list(numbers)}
        self._session.run(_FETCHED, told | {"at": at})
        parcels = {row.parcel_id for row in self.parts(collection_id, numbers)}
        done = {"parcels": list(parcels), "at": at, "shown": thumbprint}
        return sorted(row.parcel_id for row in self._session.rows(_DONE, done))

    def lay(self, row: LaidRow) -> None:
        """Add a parcel that was laid out."""
        self._session.change()
        self._session.run(_ADD_PARCEL, vars(row))

    def laid(self, parcel_id: str) -> LaidRow | None:
        """Return a parcel that was laid out."""
        return _LAID.load_one(self._session.row(_LAID_ONE, {"which": parcel_id}))

    def fetched_parcels(self, agency: str, limit: int) -> Sequence[LaidRow]:
        """Return parcels whose last object was fetched and that are not settled, oldest first."""
        return _LAID.load(self._session.rows(_UNSETTLED, {"which": agency, "most": limit}))

    def settle(self, parcel_id: str) -> None:
        """Note that it is known elsewhere that a parcel was fetched."""
        self._session.change(audited=False)
        self._session.run(_SETTLE, {"which": parcel_id})

    def post(self, row: PostRow) -> None:
        """Add a post."""
        self._session.change()
        self._session.run(_ADD_POST, vars(row))

    def posted(self, post_id: str) -> PostRow | None:
        """Return a post."""
        return _POST.load_one(self._session.row(_POSTED, {"which": post_id}))

    def unanswered(self, agency: str, limit: int) -> Sequence[PostRow]:
        """Return posts that were not answered, oldest first."""
        return _POST.load(self._session.rows(_UNANSWERED, {"which": agency, "most": limit}))

    def answer(self, post_id: str, *, code: str | None, sentence: str, at: datetime) -> None:
        """Answer a post that was not answered yet."""
        self._session.change()
        self._session.run(_ANSWER, {"which": post_id, "at": at, "why": code, "said": sentence})

    def keep_digest(self, row: ObjectRow, digest: str) -> None:
        """Give an object whose digest was forgotten the one of the content that it has now."""
        self._session.change()
        self._session.run(_KEEP_DIGEST, {"which": row.collection_id, "place": row.number, "told": digest})

    def forget(self, parcel_ids: Collection[str]) -> None:
        """Forget the digests of parcels and posts, what they held, and the digests of that."""
        self._session.change()
        for statement in _FORGET:
            self._session.run(statement, {"parcels": list(parcel_ids)})


def _wanted(query: Select[Any], wanted: Filter) -> Select[Any]:
    if wanted.added_after is not None:
        query = query.where(_O.c.added_at > wanted.added_after)
    if wanted.ids:
        query = query.where(_O.c.object_id.in_(sorted(wanted.ids)))
    if wanted.sorts:
        query = query.where(_O.c.sort.in_(sorted(wanted.sorts)))
    if wanted.every:
        return query
    ways: list[ColumnElement[bool]] = []
    if wanted.first:
        ways.append(~_another(later=False))
    if wanted.last:
        ways.append(~_another(later=True))
    if wanted.at:
        ways.append(_O.c.version.in_(sorted(wanted.at)))
    return query.where(or_(*ways))


def _another(*, later: bool) -> ColumnElement[bool]:
    """Say that the collection has a later, or an earlier, version of the same object."""
    other = _O.alias()
    apart = other.c.version > _O.c.version if later else other.c.version < _O.c.version
    same = and_(other.c.collection_id == _O.c.collection_id, other.c.object_id == _O.c.object_id)
    return exists().where(same, apart)
