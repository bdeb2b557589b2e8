"""Partners, members, officers and agreements, and the generation that caches hang on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Table, bindparam, delete, select, update

from hub.entries import AgreementRow, Body, LoginFailures, MemberRow, OfficerRow, PartnerRow, ProposalRow
from hub.errors import Refused
from hub.storage import tables
from hub.storage.session import Session, Shape, kept
from hub.storage.upsert import insert

_PARTNERS: Final = Shape(PartnerRow, tables.partners)
_MEMBERS: Final = Shape(MemberRow, tables.members)
_ALL_PARTNERS: Final = _PARTNERS.select().order_by(tables.partners.c.agency)
_PARTNER: Final = kept(_PARTNERS.select().where(tables.partners.c.agency == bindparam("which")))
_CARDS: Final = (
    select(tables.cards.c.card, tables.cards.c.pinned_at)
    .where(tables.cards.c.agency == bindparam("which"))
    .order_by(tables.cards.c.pinned_at, tables.cards.c.fingerprint)
)
_KEEP_CARD: Final = insert(tables.cards).on_conflict_do_nothing()
_ALL_MEMBERS: Final = _MEMBERS.select().order_by(tables.members.c.agency)
_MEMBER: Final = kept(_MEMBERS.select().where(tables.members.c.agency == bindparam("which")))
_AGREEMENTS: Final = Shape(AgreementRow, tables.agreements)

_agreements = tables.agreements
_newer = _agreements.alias("newer")
_newest = (
    select(_newer.c.version)
    .where(_newer.c.agreement_id == _agreements.c.agreement_id)
    .order_by(_newer.c.adopted_at.desc(), _newer.c.version.desc())
    .limit(1)
    .correlate(_agreements)
    .scalar_subquery()
)
_IN_FORCE: Final = (
    _AGREEMENTS.select().where(_agreements.c.version == _newest).order_by(_agreements.c.agreement_id)
)
_ADOPT: Final = insert(_agreements).on_conflict_do_nothing().returning(_agreements.c.version)

_VERSIONS: Final = (
    _AGREEMENTS.select()
    .where(_agreements.c.agreement_id == bindparam("which"))
    .order_by(_agreements.c.adopted_at, _agreements.c.version)
)
_PROPOSALS: Final = Shape(ProposalRow, tables.agreement_proposals)
_ALL_PROPOSALS: Final = _PROPOSALS.select().order_by(
    tables.agreement_proposals.c.agreement_id, tables.agreement_proposals.c.version
)

_C: Final = tables.counters.c
_GENERATION: Final = select(_C.value).where(_C.name == "directory")
_HELD: Final = kept(_GENERATION)
#: Makes every cache of the directory look again.
BUMP: Final = update(tables.counters).where(_C.name == "directory").values(value=_C.value + 1)

_O: Final = tables.officers.c
_OFFICERS: Final = select(tables.officers).order_by(_O.name)
_OFFICER: Final = kept(select(tables.officers).where(_O.name == bindparam("which")))

_FAILURES: Final = Shape(LoginFailures, tables.login_failures)
_F: Final = tables.login_failures.c
_FAILED: Final = _FAILURES.select().where(_F.name == bindparam("which"), _F.address == bindparam("whence"))
_forget = delete(tables.login_failures).where(_F.name == bindparam("which"))
_from, _old = _F.address == bindparam("whence"), _F.last_at < bindparam("before")
_FORGET: Final = {
    frozenset({"which"}): _forget,
    frozenset({"which", "whence"}): _forget.where(_from),
    frozenset({"which", "before"}): _forget.where(_old),
    frozenset({"which", "whence", "before"}): _forget.where(_from, _old),
}


def _put(table: Table, *key: str) -> Any:
    """Return the statement that stores a row or puts it in place of the one with its key."""
    new = insert(table)
    others = {column.name: new.excluded[column.name] for column in table.c if column.name not in key}
    return new.on_conflict_do_update(index_elements=[table.c[name] for name in key], set_=others)


_PUT_PARTNER: Final = _put(tables.partners, "agency")
_STATEMENTS: Final = select(tables.partner_statements)
_PUT_STATEMENT: Final = _put(tables.partner_statements, "agency")
_FORGET_STATEMENT: Final = delete(tables.partner_statements).where(
    tables.partner_statements.c.agency == bindparam("which")
)
_PUT_MEMBER: Final = _put(tables.members, "agency")
_PUT_PROPOSAL: Final = _put(tables.agreement_proposals, "agreement_id", "version")
_PUT_OFFICER: Final = _put(tables.officers, "name")
_PUT_FAILED: Final = _put(tables.login_failures, "name", "address")
_REPLACE_TOTP_KEY: Final = (
    update(tables.officers)
    .where(_O.name == bindparam("which"), _O.totp_wrapped_key == bindparam("old"))
    .values(totp_wrapped_key=bindparam("new"))
)


class DirectoryStore:
    """Implements `hub.ports.Directory`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def partners(self) -> Sequence[PartnerRow]:
        """Return all partners by name."""
        return _PARTNERS.load(self._session.rows(_ALL_PARTNERS))

    def partner(self, agency: str) -> PartnerRow | None:
        """Return one partner, in a unit of work kept from others until the end."""
        return _PARTNERS.load_one(self._session.kept_row(_PARTNER, {"which": agency}))

    def put_partner(self, row: PartnerRow) -> None:
        """Store or replace a partner; its card is kept also when another replaces it."""
        self._change(_PUT_PARTNER, vars(row))
        names = ("agency", "fingerprint", "pinned_at", "card")
        self._session.run(_KEEP_CARD, {name: getattr(row, name) for name in names})

    def cards(self, agency: str) -> Sequence[bytes]:
        """Return every card that was pinned for a partner, the one pinned first before the others."""
        return [bytes(row.card) for row in self._session.rows(_CARDS, {"which": agency})]

    def cards_since(self, agency: str) -> Sequence[tuple[datetime, bytes]]:
        """Return the same, each with the time at which it was pinned first."""
        rows = self._session.rows(_CARDS, {"which": agency})
        return [(row.pinned_at, bytes(row.card)) for row in rows]

    def statements(self) -> Mapping[str, str]:
        """Return the digests of the entries of a directory that show pinned cards, by agency."""
        return {row.agency: row.statement for row in self._session.rows(_STATEMENTS)}

    def put_statement(self, agency: str, statement: str | None) -> None:
        """Remember which entry shows an agency's pinned card; None forgets it."""
        if self.statements().get(agency) == statement:
            return
        if statement is None:
            self._change(_FORGET_STATEMENT, {"which": agency})
        else:
            self._change(_PUT_STATEMENT, {"agency": agency, "statement": statement})

    def members(self) -> Sequence[MemberRow]:
        """Return all members by name."""
        return _MEMBERS.load(self._session.rows(_ALL_MEMBERS))

    def member(self, agency: str) -> MemberRow | None:
        """Return one member, in a unit of work kept from others until the end."""
        return _MEMBERS.load_one(self._session.kept_row(_MEMBER, {"which": agency}))

    def put_member(self, row: MemberRow) -> None:
        """Store or replace a member."""
        self._change(_PUT_MEMBER, vars(row))

    def officers(self) -> Sequence[OfficerRow]:
        """Return all officers by name."""
        return [_officer(row) for row in self._session.rows(_OFFICERS)]

    def officer(self, name: str) -> OfficerRow | None:
        """Return one officer, kept from others until the end: two logins cannot use one code."""
        row = self._session.kept_row(_OFFICER, {"which": name})
        return None if row is None else _officer(row)

    def put_officer(self, row: OfficerRow) -> None:
        """Store or replace an officer; where only the login counters differ, that is bookkeeping."""
        before = self.officer(row.name)
        if before is not None and _without_counters(before) == _without_counters(row):
            self._session.change(audited=False)
            self._session.run(_PUT_OFFICER, _officer_values(row))
        else:
            self._change(_PUT_OFFICER, _officer_values(row))

    def replace_totp_key(self, name: str, old: bytes, new: bytes) -> None:
        """Put the wrapped key of an officer's secret in place of the old one, if that is still there."""
        self._session.change(audited=False)
        self._session.run(_REPLACE_TOTP_KEY, {"which": name, "old": old, "new": new})

    def login_failures(self, name: str, address: str) -> LoginFailures | None:
        """Return how an address failed to sign in as an officer."""
        return _FAILURES.load_one(self._session.row(_FAILED, {"which": name, "whence": address}))

    def put_login_failures(self, row: LoginFailures) -> None:
        """Store or replace."""
        self._session.change(audited=False)
        self._session.run(_PUT_FAILED, vars(row))

    def forget_login_failures(
        self, name: str, *, address: str | None = None, before: datetime | None = None
    ) -> None:
        """Forget an officer's failed logins: of one address or all, those before a time or all."""
        self._session.change(audited=False)
        asked = {"which": name, "whence": address, "before": before}
        asked = {name: value for name, value in asked.items() if value is not None}
        self._session.run(_FORGET[frozenset(asked)], asked)

    def agreements(self) -> Sequence[AgreementRow]:
        """Return the newest version of each agreement."""
        return _AGREEMENTS.load(self._session.rows(_IN_FORCE))

    def put_agreement(self, row: AgreementRow) -> None:
        """Store a version; raise Refused `conflict` when that version is there."""
        self._new_generation()
        if self._session.row(_ADOPT, vars(row)) is None:
            raise Refused(
                "conflict",
                f"Agreement {row.agreement_id} has a version {row.version} already; take the next.",
            )

    def agreement_versions(self, agreement_id: str) -> Sequence[AgreementRow]:
        """Return all versions of an agreement, in the order in which they came in force."""
        return _AGREEMENTS.load(self._session.rows(_VERSIONS, {"which": agreement_id}))

    def proposals(self) -> Sequence[ProposalRow]:
        """Return all proposals, by agreement and version."""
        return _PROPOSALS.load(self._session.rows(_ALL_PROPOSALS))

    def put_proposal(self, row: ProposalRow) -> None:
        """Store or replace a proposal; nobody's standing changes by it."""
        self._session.change()
        self._session.run(_PUT_PROPOSAL, vars(row))

    def generation(self) -> int:
        """Return a number that changes with every change of the directory but login counters."""
        row = self._session.row(_GENERATION)
        return 0 if row is None else int(row.value)

    def hold(self) -> None:
        """Keep every other change of the directory, and who would hold it too, until this unit ends."""
        self._session.kept_row(_HELD, {})

    def _change(self, statement: Any, values: Mapping[str, object]) -> None:
        """Store a row under a new generation."""
        self._new_generation()
        self._session.run(statement, values)

    def _new_generation(self) -> None:
        self._session.change()
        self._session.run(BUMP)


def _without_counters(row: OfficerRow) -> OfficerRow:
    return replace(row, last_totp_step=0, failed_logins=0, locked_until=None)


def _officer(row: Any) -> OfficerRow:
    values = row._asdict()
    parts = ("body_id", "wrapped_key", "nonce", "ciphertext")
    totp = Body(**{part: values.pop(f"totp_{part}") for part in parts})
    return OfficerRow(totp=totp, **values)


def _officer_values(row: OfficerRow) -> dict[str, object]:
    values = dict(vars(row))
    totp = values.pop("totp")
    return values | {f"totp_{part}": value for part, value in vars(totp).items()}
