"""The newest answers about the certificates of others' authorities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, select

from hub.entries import RevocationRow, RevocationRule
from hub.storage.certificate_tables import REVOKED, certificates, revocation_rules, revocations
from hub.storage.directory import BUMP
from hub.storage.session import Session, Shape
from hub.storage.tables import members
from hub.storage.upsert import insert

_R: Final = revocations.c
_ANSWERS: Final = Shape(RevocationRow, revocations)
_ALL: Final = _ANSWERS.select().order_by(_R.authority, _R.kind, _R.serial)
_ONE: Final = _ANSWERS.select().where(
    _R.authority == bindparam("issuer"), _R.kind == bindparam("of_kind"), _R.serial == bindparam("which")
)
_answer = insert(revocations)
_PUT: Final = _answer.on_conflict_do_update(
    index_elements=[_R.authority, _R.kind, _R.serial],
    set_={column.name: _answer.excluded[column.name] for column in revocations.c if not column.primary_key},
)
_FORGET: Final = delete(revocations).where(
    _R.kind == "ocsp", _R.until < bindparam("before"), _R.revoked.is_(False)
)
_RULES: Final = Shape(RevocationRule, revocation_rules)
_ALL_RULES: Final = _RULES.select().order_by(revocation_rules.c.agency)
_rule = insert(revocation_rules)
_PUT_RULE: Final = _rule.on_conflict_do_update(
    index_elements=[revocation_rules.c.agency],
    set_={
        column.name: _rule.excluded[column.name] for column in revocation_rules.c if not column.primary_key
    },
)
#: Of those alone that a member is registered with: all others are refused for not being registered.
_WITHDRAWN: Final = (
    select(certificates.c.thumbprint)
    .join(members, members.c.certificate_thumbprint == certificates.c.thumbprint)
    .where(REVOKED)
    .order_by(certificates.c.thumbprint)
)


class RevocationStore:
    """Implements `hub.ports.Revocations`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def answers(self) -> Sequence[RevocationRow]:
        """Return the newest answers."""
        return _ANSWERS.load(self._session.rows(_ALL))

    def answer(self, authority: str, kind: str, serial: str = "") -> RevocationRow | None:
        """Return the newest answer of a kind, on one certificate where it is OCSP's."""
        asked = {"issuer": authority, "of_kind": kind, "which": serial}
        return _ANSWERS.load_one(self._session.row(_ONE, asked))

    def put_answer(self, row: RevocationRow) -> None:
        """Store or replace an answer, under a new generation of the directory. Bookkeeping."""
        self._session.change(audited=False)
        self._session.run(_PUT, vars(row))
        self._session.run(BUMP)

    def forget_answers(self, before: datetime) -> int:
        """Forget OCSP answers that were good and ended before a time. Bookkeeping."""
        self._session.change(audited=False)
        return self._session.run(_FORGET, {"before": before})

    def rules(self) -> Mapping[str, RevocationRule]:
        """Return what was decided about partners, by agency."""
        return {row.agency: row for row in _RULES.load(self._session.rows(_ALL_RULES))}

    def put_rule(self, row: RevocationRule) -> None:
        """Store or replace, under a new generation of the directory."""
        self._session.change()
        self._session.run(_PUT_RULE, vars(row))
        self._session.run(BUMP)

    def withdrawn(self) -> Sequence[str]:
        """Return the thumbprints of members' registered certificates that were revoked."""
        return [row.thumbprint for row in self._session.rows(_WITHDRAWN)]
