"""suspend and resume: the one switch by which all traffic with a partner stops, and by which it flows again.

What moves with the partner is cut in every process (`hub.exchange.switch`, and the server's own threads);
what waits is held here. Nothing flows again before what it would rest on was verified anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from cryptography import x509

from hub.audit.events import Act
from hub.entries import OutboxEntry, PartnerRow, PartnerStatus
from hub.envelope.canonical import digest
from hub.errors import IntegrityFailure, PeerFault
from hub.exchange.broker import Broker, Standing
from hub.exchange.holding import hold_waiting
from hub.exchange.partners import find_partner, put_changed
from hub.exchange.trust_history import history
from hub.exchange.weighing import SUSPENDED
from hub.federation.authorities import authority_id
from hub.federation.card import Card, fingerprint, read_card
from hub.federation.revocation import RevocationPolicy
from hub.federation.snapshot import pin_of
from hub.federation.trust import FIRST_ANSWER_S, pending, policy_of
from hub.policy.decision import require
from hub.policy.four_eyes import may_administer
from hub.ports import View
from hub.records.actor import Actor
from hub.records.lifecycle import EntryState

_AT_ONCE: Final = 200


@dataclass(frozen=True, kw_only=True)
class Resumed:
    """A partner as it was resumed, what was found right before, and how many entries go out again."""

    row: PartnerRow
    checked: Sequence[str] = ()
    drained: int = 0


def suspend(broker: Broker, actor: Actor, agency: str) -> PartnerRow:
    """Stop all traffic with a partner until it is resumed, and hold what waits for it.

    Every process follows within `cut_within_s`: connections, waiting and streams end, and what is being
    carried is held when it comes back. To suspend one that is suspended holds what came to wait since.
    """
    require(may_administer(actor))
    with broker.store.work() as work:
        before = find_partner(work, agency)
        row = replace(before, status=PartnerStatus.SUSPENDED)
        if row != before:
            put_changed(broker, work, actor, row, broker.clock.now(), "suspended")
    hold_waiting(broker, actor, agency, via=row.via)
    return row


def resume(broker: Broker, actor: Actor, agency: str) -> Resumed:
    """Verify a suspended partner anew, let its traffic flow again, and send what the suspension held.

    Entries that are held for another reason stay held. Raises IntegrityFailure `card-invalid` and
    `pin-changed`, PeerFault `certificate-expired`, `suite-not-allowed` and `revocation-unknown`; nothing
    flows then.
    """
    require(may_administer(actor))
    at = broker.clock.now()
    with broker.store.work() as work:
        before = find_partner(work, agency)
        first_s = broker.limits.revocation_first_s
        checked = verify_anew(work, before, at, first_answer_s=first_s)
        row = replace(before, status=PartnerStatus.ACTIVE)
        if row != before:
            put_changed(broker, work, actor, row, at, "resumed")
    return Resumed(row=row, checked=checked, drained=drain(broker, actor, agency, via=row.via))


def verify_anew(
    view: View, row: PartnerRow, at: datetime, *, first_answer_s: float = FIRST_ANSWER_S
) -> Sequence[str]:
    """Return what was found right of a pin, or raise for the first thing that is not.

    `first_answer_s` is how long a fresh pin may do without an answer of its authority.
    """
    card = _card(row)
    _refuse_other_pin(view, row)
    _refuse_suites(row, card)
    _refuse_out_of_date(row, card, at)
    return (
        "the card's signatures",
        "the pin, as the log has it",
        "the suites",
        "the TLS authority's dates",
        _revocation(view, row, card, at, first_answer_s),
    )


def _card(row: PartnerRow) -> Card:
    card = read_card(row.card)
    if card.agency != row.agency or fingerprint(row.card) != row.fingerprint:
        raise IntegrityFailure(
            "pin-changed", f"The card that is stored for {row.agency} is not the pinned one."
        )
    return card


def _refuse_other_pin(view: View, row: PartnerRow) -> None:
    """Compare the pin with the one that the last logged change of the partner left."""
    last = next(iter(history(view, row.agency, newest=True)), None)
    if last is None or last.snapshot is None:
        return  # pinned before snapshots were kept: there is nothing to compare with
    if last.snapshot.pin != digest(pin_of(row).raw).hex():
        raise IntegrityFailure(
            "pin-changed",
            f"The pin of {row.agency} is not the one that the log's last change of it left. Find out who "
            "changed the database, and pin the partner's card again.",
        )


def _refuse_suites(row: PartnerRow, card: Card) -> None:
    offered = {suite.value for suite in card.suites}
    if not row.suites or not set(row.suites) <= offered:
        raise PeerFault(
            "suite-not-allowed",
            f"{row.agency} is pinned to {', '.join(row.suites) or 'no suite'}, and its card offers "
            f"{', '.join(sorted(offered))}.",
        )


def _refuse_out_of_date(row: PartnerRow, card: Card, at: datetime) -> None:
    for authority in map(x509.load_pem_x509_certificate, (pem.encode() for pem in card.authorities)):
        first, last = authority.not_valid_before_utc, authority.not_valid_after_utc
        if not first <= at <= last:
            raise PeerFault(
                "certificate-expired",
                f"The TLS authority of {row.agency} is valid from {first:%Y-%m-%d} to {last:%Y-%m-%d}, and "
                f"it is {at:%Y-%m-%d}; pin its present card first.",
            )


def _revocation(view: View, row: PartnerRow, card: Card, at: datetime, first_answer_s: float) -> str:
    """Return what is known of revocation; raise PeerFault where a list is published and none is fresh.

    What OCSP says of a leaf is asked for when the leaf is shown, and held against it then.
    """
    rule = view.revocations.rules().get(row.agency)
    policy = policy_of(card.tls, rule)
    if policy is not RevocationPolicy.REQUIRE:
        return f"revocation: {policy.value}"
    lists = [view.revocations.answer(authority_id(pem), "crl") for pem in card.authorities]
    if any(one is not None and at <= one.until for one in lists):
        return "revocation: a fresh list"
    waits = pending(view.directory, row, card.authorities, first_answer_s)
    if not any(lists) and any(at <= waits[authority_id(pem)] for pem in card.authorities):
        return "revocation: not answered yet, and the pin is fresh"
    if card.tls.crl or (rule is not None and rule.crl):
        raise PeerFault(
            "revocation-unknown",
            f"The authority of {row.agency} publishes what it revoked, and there is no fresh list here.",
        )
    return "revocation: asked with the first connection"


def drain(broker: Broker, actor: Actor, agency: str, *, via: str | None) -> int:
    """Put back in their lanes what the suspension held, and nothing else; return how many."""
    return sum(_drain_lane(broker, actor, agency, lane) for lane in (agency, via) if lane is not None)


def _drain_lane(broker: Broker, actor: Actor, agency: str, lane: str) -> int:
    """Drain in short transactions; what somebody else settles meanwhile is left as it is."""
    after = drained = 0
    while True:
        at = broker.clock.now()
        with broker.store.read() as view:
            standing = broker.standings.of(view)
            page = view.outbox.page(after=after, limit=_AT_ONCE, lane=lane, state=EntryState.HELD)
        if not page:
            break
        after = page[-1].position
        ids = [entry.entry_id for entry in page if _freed(entry, agency, standing)]
        with broker.store.work() as work:
            now = [
                entry for name in ids if (entry := work.outbox.get(name)) and _freed(entry, agency, standing)
            ]
            work.outbox.settle(None, [_pending(entry, at) for entry in now])
            work.stage(
                broker.event(
                    Act.RESUMED,
                    actor,
                    entry.envelope_id,
                    at,
                    entry=entry.entry_id,
                    was=entry.state.value,
                    code=SUSPENDED,
                )
                for entry in now
            )
            work.commit()
        drained += len(now)
    if drained:
        broker.wake(lane)
    return drained


def _freed(entry: OutboxEntry, agency: str, standing: Standing) -> bool:
    """Tell whether an entry was held by this suspension alone: its relay may be suspended as well."""
    held = entry.state is EntryState.HELD and entry.reason == SUSPENDED
    way = (entry.recipient, entry.lane)
    return held and agency in way and not any(standing.suspended(name) for name in way)


def _pending(entry: OutboxEntry, at: datetime) -> OutboxEntry:
    return replace(entry, state=EntryState.PENDING, attempts=0, next_at=at, reason=None)
