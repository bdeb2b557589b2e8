"""compile: the quarter's figures on illicit transport, from what members handed in, each read with a reason.

A member's figures are the `illicit-transport-report` that its system submitted, also while that waits for its
release. What comes of them is numbers by goods, unit and direction, and a draft for the partner who is to get
the report; who did not deliver is named, and never counted as nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import reduce
from typing import Final

from hub.audit.events import Act
from hub.audit.justification import justified
from hub.entries import Direction, PartnerStatus, RecordRow
from hub.errors import Refused
from hub.exchange.access import Said, refuse_access
from hub.exchange.broker import Broker, Standing
from hub.exchange.contents import read_content
from hub.exchange.drafting import draft, refuse_unless_drafter
from hub.exchange.ledger.figures import Quarter
from hub.exchange.showing import let_out
from hub.policy.access import Doing
from hub.policy.decision import Deny
from hub.policy.four_eyes import may
from hub.policy.terms import Agreement, Flow
from hub.ports import View
from hub.records.actor import Actor, Role
from hub.records.kinds import Action, Kind, Purpose
from hub.records.lattice import combine
from hub.records.lifecycle import RecordState
from hub.records.record import Record

_KIND: Final = Kind.ILLICIT_TRANSPORT_REPORT
_PAGE: Final = 200
_HERE: Final = frozenset(
    {
        RecordState.DRAFT,
        RecordState.RELEASED,
        RecordState.RECEIVED,
        RecordState.OPENED,
        RecordState.ANSWERED,
    }
)


@dataclass(frozen=True, kw_only=True, order=True)
class Sort:
    """What a figure is of; the direction is empty where none was told."""

    goods: str
    unit: str
    direction: str = ""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """A total for one sort of goods. `persons` is None where nobody told of any."""

    cases: int = 0
    persons: int | None = None
    quantity: Decimal = Decimal(0)

    def __add__(self, other: Figures) -> Figures:
        """Return both together; what one side did not tell adds nothing."""
        told = [one for one in (self.persons, other.persons) if one is not None]
        return Figures(
            cases=self.cases + other.cases,
            persons=sum(told) if told else None,
            quantity=self.quantity + other.quantity,
        )


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """One agency's figures and the version that they are from; `also` are its older records."""

    agency: str
    row: RecordRow
    figures: Mapping[Sort, Figures]
    record: Record = field(repr=False)
    also: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """The figures of a quarter, by agency, and the agencies that were to deliver and did not."""

    quarter: Quarter
    delivered: tuple[Delivered, ...]
    missing: tuple[str, ...]

    @property
    def totals(self) -> Mapping[Sort, Figures]:
        """Return the sums of all that was delivered, in the order of goods, unit and direction."""
        found: dict[Sort, Figures] = {}
        for one in self.delivered:
            for sort, figures in one.figures.items():
                found[sort] = found.get(sort, Figures()) + figures
        return dict(sorted(found.items()))


def compile_transport(
    broker: Broker,
    actor: Actor,
    quarter: Quarter,
    *,
    justification: str | None,
    partners: Sequence[str] = (),
    own: Sequence[str] = (),
) -> Compiled:
    """Return the quarter's figures; each record that is read is logged as consulted, with the reason.

    Expected are all active members that may submit such reports, and those `partners` of ours, domestic
    bodies with hubs of their own, whose reports came. `own` are ids of our own records that count too. Of an
    agency that delivered several, the newest counts.
    Raises Refused `role-missing`, `justification-missing`, `partner-unknown`, `not-found`, and what the rules
    answer whom they keep from any of the reports: a sum that leaves some out would be wrong.
    """
    decision = may(actor, Role.READER)
    if isinstance(decision, Deny):
        raise Refused("role-missing", decision.reasons[0].sentence)
    why, at = justified(justification), broker.clock.now()
    said = Said(justification=why)
    with broker.store.read() as view:
        standing = broker.standings.of(view)
        expected = _expected(broker, standing, partners)
        by_agency: dict[str, list[tuple[RecordRow, Record]]] = {}
        for row in _rows(view, quarter):
            agency = _agency(row, standing, expected, own, broker.agency)
            if agency is None or not view.bodies.get_many([row.body_id]):
                continue
            refuse_access(broker, view, row, actor, Doing.READ, said=said)
            record = read_content(broker, view, row)
            if record.details["quarter"] == str(quarter):
                by_agency.setdefault(agency, []).append((row, record))
        read = {row.record_id for found in by_agency.values() for row, _ in found}
        if strangers := sorted(set(own) - read):
            raise Refused("not-found", f"Record {strangers[0]} is no report of ours on {quarter}.")
    delivered = tuple(_delivered(agency, found) for agency, found in sorted(by_agency.items()))
    events = [
        broker.event(
            Act.CONSULTED,
            actor,
            row.record_id,
            at,
            justification=why,
            version=str(row.version),
            compiled_for=str(quarter),
        )
        for found in by_agency.values()
        for row, _ in found
    ]
    if events:
        with broker.store.work() as work:
            _refuse_changed(work, by_agency)
            for row in (row for found in by_agency.values() for row, _ in found):
                refuse_access(broker, work, row, actor, Doing.READ, said=said)
            let_out(work, delivered, events)
    missing = tuple(sorted(expected - by_agency.keys()))
    return Compiled(quarter=quarter, delivered=delivered, missing=missing)


def draft_report(
    broker: Broker,
    actor: Actor,
    compiled: Compiled,
    *,
    recipient: str,
    agreement: str | None = None,
    language: str | None = None,
) -> RecordRow:
    """Draft the report of all figures together for a partner; a second officer releases it.

    Its label is the stricter of all that went into it. It cites the agreement, or the only one in force, that
    lets such reports go there. Raises Refused `agreement-missing`, `third-party-rule` where another agency
    keeps control of what it delivered, `transition-invalid` where nobody delivered, and what drafting raises.
    """
    refuse_unless_drafter(actor)
    if not compiled.delivered:
        raise Refused("transition-invalid", f"Nobody delivered figures of {compiled.quarter}.")
    for one in compiled.delivered:
        if one.row.direction is Direction.IN and one.record.label.originator_control:
            raise Refused(
                "third-party-rule", f"{one.agency} keeps control of what it delivered; ask it first."
            )
    terms, flow = _terms(broker, recipient, agreement)
    name = next((one.name for one in terms.authorities if one.party == broker.agency), broker.agency)
    told = language or min(flow.languages)
    label = reduce(combine, [one.record.label for one in compiled.delivered])
    document: dict[str, object] = {
        "kind": _KIND.value,
        "label": label.as_document(),
        "legal_basis": {"agreement": terms.id, "articles": list(flow.articles)},
        "purpose": Purpose.PREVENTION.value,
        "language": told,
        "subjects": [],
        "narrative": "",
        "details": {
            "quarter": str(compiled.quarter),
            "authority": {"name": name, "agency": broker.agency},
            "figures": [_figure(sort, figures) for sort, figures in compiled.totals.items()],
        },
    }
    sources = [one.row.record_id for one in compiled.delivered]
    told_from = {"compiled_from": ",".join(sources)}
    return draft(broker, actor, document, recipients=[recipient], made_from=sources, told=told_from)


def _expected(broker: Broker, standing: Standing, partners: Sequence[str]) -> frozenset[str]:
    if strangers := sorted(set(partners) - standing.partners.keys() - standing.hubless.keys()):
        raise Refused("partner-unknown", f"{strangers[0]} is not a partner of this hub.")
    wanted = {"submit:*", f"submit:{_KIND.value}"}
    members = {
        member.agency
        for member in standing.members.values()
        if member.status is PartnerStatus.ACTIVE and wanted & set(member.scopes)
    }
    return frozenset({*members, *partners} - {broker.agency})


def _rows(view: View, quarter: Quarter) -> Iterator[RecordRow]:
    """Yield of each report that was made since the quarter began the version that counts."""
    versions: dict[tuple[str, str], RecordRow] = {}
    after = 0
    while rows := view.records.page(after=after, limit=_PAGE, kind=_KIND.value):
        after = rows[-1].position
        for row in rows:
            newer = row.version == 1 or row.state is not RecordState.DRAFT
            if row.created_at >= quarter.start and row.state in _HERE and newer:
                versions[row.originator, row.record_id] = row
    yield from (row for row in versions.values() if row.action != Action.WITHDRAWAL.value)


def _agency(
    row: RecordRow, standing: Standing, expected: frozenset[str], own: Sequence[str], us: str
) -> str | None:
    """Return whose figures a record has, or None where it does not count."""
    if row.direction is Direction.IN:
        return row.originator if row.originator in expected else None
    if row.record_id in own:
        return us
    writers = {who.removeprefix("system:") for who in (row.author, *row.editors) if who.startswith("system:")}
    return next(iter(sorted(writers & standing.members.keys() & expected)), None)


def _delivered(agency: str, found: Sequence[tuple[RecordRow, Record]]) -> Delivered:
    ordered = sorted(found, key=lambda one: (one[0].created_at, one[0].position))
    row, record = ordered[-1]
    figures: dict[Sort, Figures] = {}
    for told in record.details["figures"]:
        sort = Sort(goods=told["goods"], unit=told["unit"], direction=told.get("direction", ""))
        one = Figures(cases=told["cases"], persons=told.get("persons"), quantity=Decimal(told["quantity"]))
        figures[sort] = figures.get(sort, Figures()) + one
    also = tuple(before.record_id for before, _ in ordered[:-1])
    return Delivered(agency=agency, row=row, record=record, figures=figures, also=also)


def _refuse_changed(view: View, by_agency: Mapping[str, Sequence[tuple[RecordRow, Record]]]) -> None:
    """Raise Refused `conflict` when a record was revised or erased since it was opened."""
    rows = [row for found in by_agency.values() for row, _ in found]
    now = view.records.get_many([(row.originator, row.record_id, row.version) for row in rows])
    if any(now[row.originator, row.record_id, row.version].digest != row.digest for row in rows):
        raise Refused("conflict", "A report was changed while it was read; compile them again.")


def _terms(broker: Broker, recipient: str, agreement: str | None) -> tuple[Agreement, Flow]:
    day = broker.clock.now().date()
    found = [
        (one, flow)
        for one in broker.standing().agreements
        if agreement in (None, one.id)
        and one.holds_on(day)
        and (flow := one.flow(broker.agency, recipient)) is not None
        and _KIND in flow.kinds
    ]
    if len(found) != 1:
        names = ", ".join(one.id for one, _ in found)
        raise Refused(
            "agreement-missing",
            f"Several agreements let such reports go to {recipient}: {names}; name one."
            if found
            else f"No agreement in force here lets {_KIND.value} go to {recipient}.",
        )
    return found[0]


def _figure(sort: Sort, figures: Figures) -> dict[str, object]:
    told: dict[str, object] = {
        "goods": sort.goods,
        "unit": sort.unit,
        "cases": figures.cases,
        "quantity": format(figures.quantity, "f"),
    }
    if figures.persons is not None:
        told["persons"] = figures.persons
    return {**told, "direction": sort.direction} if sort.direction else told
