"""The policy on who releases and reads what, and the compartments that records are confined to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Table, bindparam, delete

from hub.entries import ConfinementRow, PolicyRow
from hub.storage import tables
from hub.storage.directory import BUMP
from hub.storage.session import Session, Shape
from hub.storage.upsert import insert

_P: Final = tables.policies.c
_POLICIES: Final = Shape(PolicyRow, tables.policies)
_ALL: Final = _POLICIES.select().order_by(_P.version)
_IN_FORCE: Final = _POLICIES.select().where(_P.approved_by.is_not(None)).order_by(_P.version.desc()).limit(1)

_C: Final = tables.confinements.c
_CONFINEMENTS: Final = Shape(ConfinementRow, tables.confinements)
_OF_RECORDS: Final = (
    _CONFINEMENTS.select()
    .where(_C.record_id.in_(bindparam("which", expanding=True)))
    .order_by(_C.originator, _C.record_id, _C.compartment)
)
_LIFT: Final = delete(tables.confinements).where(
    _C.originator == bindparam("whose"),
    _C.record_id == bindparam("which"),
    _C.compartment == bindparam("what"),
    _C.lift_by == bindparam("proposer"),
)


def _put(table: Table, *key: str) -> Any:
    """Return the statement that stores a row or puts it in place of the one with its key."""
    new = insert(table)
    others = {column.name: new.excluded[column.name] for column in table.c if column.name not in key}
    return new.on_conflict_do_update(index_elements=[table.c[name] for name in key], set_=others)


_PUT_POLICY: Final = _put(tables.policies, "version")
_CONFINE: Final = _put(tables.confinements, "originator", "record_id", "compartment")


class AccessStore:
    """Implements `hub.ports.AccessRules`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def policies(self) -> Sequence[PolicyRow]:
        """Return all versions of the policy, also what is proposed, lowest first."""
        return _POLICIES.load(self._session.rows(_ALL))

    def policy(self) -> PolicyRow | None:
        """Return the policy in force, or None where the shipped one is."""
        return _POLICIES.load_one(self._session.row(_IN_FORCE))

    def put_policy(self, row: PolicyRow) -> None:
        """Store or replace a version, under a new generation of the directory."""
        self._session.change()
        self._session.run(BUMP)
        self._session.run(_PUT_POLICY, vars(row))

    def confinements(self, record_ids: Sequence[str]) -> Sequence[ConfinementRow]:
        """Return what records with these ids are confined to, whoever originated them."""
        if not record_ids:
            return []
        return _CONFINEMENTS.load(self._session.rows(_OF_RECORDS, {"which": list(record_ids)}))

    def confine(self, row: ConfinementRow) -> None:
        """Store a confinement, or replace it."""
        self._session.change()
        self._session.run(_CONFINE, vars(row))

    def lift(self, row: ConfinementRow) -> bool:
        """End a confinement as it was proposed; False where another worker has changed it since."""
        self._session.change()
        values = {"whose": row.originator, "which": row.record_id, "what": row.compartment}
        return self._session.run(_LIFT, {**values, "proposer": row.lift_by}) == 1
