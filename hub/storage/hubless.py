"""Partners without a hub, what is held for them, and the parcels that go out and come in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Table, bindparam, delete, exists, func, select, text, update

from hub.entries import IntakeRow, MaterialRow, ParcelRow, ProfileRow
from hub.ports.taxii import FORGOTTEN
from hub.storage import tables
from hub.storage.directory import BUMP
from hub.storage.session import Session, Shape, kept
from hub.storage.upsert import insert

_PROFILES: Final = Shape(ProfileRow, tables.profiles)
_MATERIALS: Final = Shape(MaterialRow, tables.materials)
_PARCELS: Final = Shape(ParcelRow, tables.parcels)
_INTAKES: Final = Shape(IntakeRow, tables.intakes)
_P: Final = tables.parcels.c
_I: Final = tables.intakes.c
_M: Final = tables.materials.c
_O: Final = tables.partner_objects.c
_R: Final = tables.partner_object_records.c

_ALL_PROFILES: Final = _PROFILES.select().order_by(tables.profiles.c.agency)
_PROFILE: Final = kept(_PROFILES.select().where(tables.profiles.c.agency == bindparam("which")))
_HELD_FOR: Final = _MATERIALS.select().where(_M.agency == bindparam("which")).order_by(_M.name, _M.sort)
_PARCEL: Final = _PARCELS.select().where(_P.parcel_id == bindparam("which"))
_OF_RECORD: Final = (
    _PARCELS.select().where(_P.record_id == bindparam("which")).order_by(_P.made_at, _P.parcel_id)
)
_ADD_PARCEL: Final = insert(tables.parcels)
_ANSWER: Final = (
    update(tables.parcels)
    .where(_P.parcel_id == bindparam("which"), func.coalesce(_P.receipt_id, "") == bindparam("before"))
    .values(
        receipt_id=bindparam("told"),
        answered_at=bindparam("at"),
        signer=bindparam("by"),
        code=bindparam("why"),
    )
)
_FORGET: Final = update(tables.parcels).where(_P.record_id == bindparam("which")).values(digest=bytes(32))
_UNDER_ID: Final = (
    _INTAKES.select()
    .where(_I.agency == bindparam("which"), _I.parcel_id == bindparam("parcel"))
    .order_by(_I.received_at, _I.digest)
)
_BROUGHT: Final = (
    _INTAKES.select()
    .where(_I.record_id == bindparam("record"), _I.agency == bindparam("which"))
    .order_by(_I.received_at, _I.parcel_id)
)
_REFUSED: Final = (
    _INTAKES.select().where(_I.code.is_not(None)).order_by(_I.received_at.desc()).limit(bindparam("most"))
)
_kept_held = (
    select(_I.parcel_id)
    .join(tables.bodies, tables.bodies.c.body_id == _I.body_id)
    .where(
        text("intakes.code IS NOT NULL"),
        _I.agency == bindparam("which"),
        tables.bodies.c.wrapped_key.is_not(None),
    )
    .limit(bindparam("most"))
)
_HELD_COUNT: Final = select(func.count()).select_from(_kept_held.subquery())
_ADMIT: Final = insert(tables.intakes).on_conflict_do_nothing().returning(_I.parcel_id)
_this = (
    _I.agency == bindparam("which"),
    _I.parcel_id == bindparam("parcel"),
    _I.digest == bindparam("bytes"),
)
_TOLD: Final = (
    update(tables.intakes).where(*_this, _I.acknowledged_at.is_(None)).values(acknowledged_at=bindparam("at"))
)
_FORGET_INTAKE: Final = update(tables.intakes).where(*_this).values(digest=bindparam("instead"))
_RECONSIDER: Final = (
    update(tables.intakes)
    .where(*_this, _I.code.is_not(None))
    .values(
        code=bindparam("why"),
        sentence=bindparam("said"),
        record_id=bindparam("record"),
        version=bindparam("number"),
        unknown_id=bindparam("rest"),
        dialect=bindparam("format"),
        signer=bindparam("by"),
    )
)
_AGAIN: Final = update(tables.intakes).where(*_this).values(repeats=_I.repeats + 1)
_KNOWN: Final = select(_O.name, _O.digest).where(
    _O.agency == bindparam("which"), _O.name.in_(bindparam("names", expanding=True))
)
_new_object = insert(tables.partner_objects)
_KEEP: Final = _new_object.on_conflict_do_update(
    index_elements=[_O.agency, _O.name],
    set_={"digest": _new_object.excluded.digest},
    where=_O.digest == FORGOTTEN,
)
_BRING: Final = insert(tables.partner_object_records).on_conflict_do_nothing()
_NAMED: Final = (
    select(_R.record_id)
    .where(_R.agency == bindparam("which"), _R.name == bindparam("object"))
    .order_by(_R.record_id.desc())
    .limit(1)
)
_NAMES_OF: Final = select(_R.name).where(_R.agency == bindparam("which"), _R.record_id == bindparam("record"))
_LET_GO: Final = delete(tables.partner_object_records).where(
    _R.agency == bindparam("which"), _R.record_id == bindparam("record")
)
_FORGET_OBJECT: Final = (
    update(tables.partner_objects)
    .where(
        _O.agency == bindparam("which"),
        _O.name == bindparam("object"),
        ~exists().where(_R.agency == _O.agency, _R.name == _O.name),
    )
    .values(digest=FORGOTTEN)
)


def _put(table: Table, *key: str) -> Any:
    new = insert(table)
    others = {column.name: new.excluded[column.name] for column in table.c if column.name not in key}
    return new.on_conflict_do_update(index_elements=[table.c[name] for name in key], set_=others)


_PUT_PROFILE: Final = _put(tables.profiles, "agency")
_PUT_MATERIAL: Final = _put(tables.materials, "agency", "name", "sort")


class HublessStore:
    """Implements `hub.ports.Hubless`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def profiles(self) -> Sequence[ProfileRow]:
        """Return all profiles by agency."""
        return _PROFILES.load(self._session.rows(_ALL_PROFILES))

    def profile(self, agency: str) -> ProfileRow | None:
        """Return one profile, in a unit of work kept from others until the end."""
        return _PROFILES.load_one(self._session.kept_row(_PROFILE, {"which": agency}))

    def put_profile(self, row: ProfileRow) -> None:
        """Store or replace a profile, under a new generation of the directory."""
        self._change(_PUT_PROFILE, vars(row))

    def materials(self, agency: str) -> Sequence[MaterialRow]:
        """Return what is held for a partner, by name."""
        return _MATERIALS.load(self._session.rows(_HELD_FOR, {"which": agency}))

    def put_material(self, row: MaterialRow) -> None:
        """Store or replace what is held under a name, under a new generation of the directory."""
        self._change(_PUT_MATERIAL, vars(row))

    def add_parcels(self, rows: Sequence[ParcelRow]) -> None:
        """Store parcels of ours."""
        if rows:
            self._session.change()
            self._session.run(_ADD_PARCEL, [vars(row) for row in rows])

    def parcel(self, parcel_id: str) -> ParcelRow | None:
        """Return one parcel."""
        return _PARCELS.load_one(self._session.row(_PARCEL, {"which": parcel_id}))

    def parcels_of(self, record_id: str) -> Sequence[ParcelRow]:
        """Return the parcels of all versions of a record of ours, oldest first."""
        return _PARCELS.load(self._session.rows(_OF_RECORD, {"which": record_id}))

    def answer_parcel(
        self, row: ParcelRow, *, receipt_id: str, at: datetime, signer: str | None, code: str | None
    ) -> bool:
        """Note what the partner said of a parcel, unless another worker has since the row was read."""
        self._session.change()
        told = {"which": row.parcel_id, "told": receipt_id, "at": at, "by": signer, "why": code}
        return self._session.run(_ANSWER, told | {"before": row.receipt_id or ""}) == 1

    def intakes_by_id(self, agency: str, parcel_id: str) -> Sequence[IntakeRow]:
        """Return what came from a partner under an id, oldest first."""
        return _INTAKES.load(self._session.rows(_UNDER_ID, {"which": agency, "parcel": parcel_id}))

    def intakes_of(self, agency: str, record_id: str) -> Sequence[IntakeRow]:
        """Return the parcels that brought versions of a partner's record, oldest first."""
        return _INTAKES.load(self._session.rows(_BROUGHT, {"which": agency, "record": record_id}))

    def held_intakes(self, *, limit: int) -> Sequence[IntakeRow]:
        """Return parcels that were refused and are kept, newest first."""
        return _INTAKES.load(self._session.rows(_REFUSED, {"most": limit}))

    def held_count(self, agency: str, *, most: int) -> int:
        """Return how many refused parcels of a partner are kept and not discarded; it counts up to `most`."""
        row = self._session.row(_HELD_COUNT, {"which": agency, "most": most})
        return 0 if row is None else int(row[0])

    def admit_intake(self, row: IntakeRow) -> bool:
        """Store a parcel that came; where another worker is storing it just now, wait for its commit."""
        self._session.change()
        return bool(self._session.rows(_ADMIT, vars(row)))

    def acknowledge_intake(self, row: IntakeRow, at: datetime) -> None:
        """Note that the partner was told, or told again."""
        self._session.change(audited=False)
        which = {"which": row.agency, "parcel": row.parcel_id, "bytes": row.digest}
        if not self._session.run(_TOLD, which | {"at": at}):
            self._session.run(_AGAIN, which)

    def reconsider_intake(self, before: IntakeRow, after: IntakeRow) -> bool:
        """Put what a refused parcel came to at another weighing in the place of its refusal."""
        self._session.change()
        told = {
            "which": before.agency,
            "parcel": before.parcel_id,
            "bytes": before.digest,
            "why": after.code,
            "said": after.sentence,
            "record": after.record_id,
            "number": after.version,
            "rest": after.unknown_id,
            "format": after.dialect,
            "by": after.signer,
        }
        return self._session.run(_RECONSIDER, told) == 1

    def forget_intake(self, row: IntakeRow, instead: bytes) -> None:
        """Put random bytes in the place of a parcel's digest."""
        self._session.change()
        which = {"which": row.agency, "parcel": row.parcel_id, "bytes": row.digest}
        self._session.run(_FORGET_INTAKE, which | {"instead": instead})

    def forget_digests(self, record_id: str) -> None:
        """Overwrite with zeros the digests of the parcels of a record of ours."""
        self._session.change()
        self._session.run(_FORGET, {"which": record_id})

    def objects(self, agency: str, names: Sequence[str]) -> Mapping[str, str]:
        """Return the digests of those objects that a partner's documents had before."""
        if not names:
            return {}
        rows = self._session.rows(_KNOWN, {"which": agency, "names": sorted(names)})
        return {row.name: row.digest for row in rows}

    def add_objects(self, agency: str, digests: Mapping[str, str], *, record_id: str) -> None:
        """Store the objects that a record came with; what is there and not forgotten stays."""
        if digests:
            self._session.change(audited=False)
            named = [{"agency": agency, "name": name} for name in sorted(digests)]
            self._session.run(_KEEP, [one | {"digest": digests[one["name"]]} for one in named])
            self._session.run(_BRING, [one | {"record_id": record_id} for one in named])

    def record_named(self, agency: str, name: str) -> str | None:
        """Return the newest record that came under a name: ids grow with time."""
        row = self._session.row(_NAMED, {"which": agency, "object": name})
        return None if row is None else str(row[0])

    def name_record(self, agency: str, name: str, record_id: str) -> None:
        """Note under which name a record came."""
        self._session.change(audited=False)
        self._session.run(_BRING, [{"agency": agency, "name": name, "record_id": record_id}])

    def forget_objects(self, agency: str, record_id: str) -> None:
        """Forget the digests of the objects that a record's parcels brought, and no other record's."""
        self._session.change()
        which = {"which": agency, "record": record_id}
        names = [row.name for row in self._session.rows(_NAMES_OF, which)]
        self._session.run(_LET_GO, which)
        for name in names:
            self._session.run(_FORGET_OBJECT, {"which": agency, "object": name})

    def _change(self, statement: Any, values: Mapping[str, object]) -> None:
        self._session.change()
        self._session.run(BUMP)
        self._session.run(statement, values)
