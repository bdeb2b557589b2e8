"""Trust as of: each event of a verification names what it relied on, and that is kept with it.

A snapshot is made once for a partner and a generation of the directory; a record costs one text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from hub.audit.events import Act, AuditEvent
from hub.entries import TrustKind
from hub.envelope.canonical import digest
from hub.exchange.broker import Broker, Counterparty
from hub.federation.snapshot import Trusted
from hub.ports import UnitOfWork

#: The detail that names the snapshot of who signed, and that of who handed it over, if it is another.
TRUST: Final = "trust"
PEER_TRUST: Final = "peer_trust"
#: The detail that names the leaf certificate which the connection was made with.
CERTIFICATE: Final = "certificate"
#: What `partner-changed` says when only what a partner is trusted by has become another.
TRUST_CHANGED: Final = "trust"
#: As many digests are remembered as kept; forgetting them costs a look each.
_REMEMBERED_MAX: Final = 4096


def stage_relying(
    broker: Broker,
    work: UnitOfWork,
    partners: Iterable[Counterparty],
    events: Sequence[AuditEvent],
    *,
    leaves: Collection[bytes] = (),
) -> None:
    """Stage events, and keep what they name as relied on."""
    work.stage(events)
    keep_relied(broker, work, partners, events, leaves=leaves)


def keep_relied(
    broker: Broker,
    work: UnitOfWork,
    partners: Iterable[Counterparty],
    events: Sequence[AuditEvent],
    *,
    leaves: Collection[bytes] = (),
) -> None:
    """Keep the snapshots that events name, and the leaf certificates (DER) of the connections.

    `partners` are those who may have been relied on. A snapshot that is new leaves an event of its own about
    the partner, unless one of these tells of it: so the log says since when it stood.
    """
    named = {event.details[name] for event in events for name in (TRUST, PEER_TRUST) if name in event.details}
    told = {event.details.get(TRUST) for event in events if event.act is Act.PARTNER_CHANGED}
    unknown = named - broker.standings.kept
    by_name = {one.trust.digest: one for one in partners} if unknown else {}
    for name in sorted(unknown):
        partner = by_name[name]
        if keep(broker, work, partner.trust) and name not in told:
            work.stage([_noted(broker, partner, events[0].at)])
    if any(CERTIFICATE in event.details for event in events):
        for leaf in sorted(leaves):  # in one order everywhere, so that two workers cannot wait for each other
            _keep_leaf(broker, work, leaf)


def relied_on(
    signer: Counterparty, peer: Counterparty | None = None, *, leaf: bytes | None = None
) -> Mapping[str, str]:
    """Return the details that name what a signer, and who handed over what it signed, are trusted by.

    `leaf` is the certificate (DER) that the peer showed.
    """
    relied = {TRUST: signer.trust.digest}
    if peer is not None and peer.row.agency != signer.row.agency:
        relied[PEER_TRUST] = peer.trust.digest
    return relied if leaf is None else relied | {CERTIFICATE: digest(leaf).hex()}


def keep(broker: Broker, work: UnitOfWork, trusted: Trusted) -> bool:
    """Keep a snapshot with its items; return whether it is new.

    It is remembered as kept only once it was found in the database: this unit may still be rolled back.
    """
    if trusted.digest in broker.standings.kept:
        return False
    if work.trust.stands(trusted.digest):
        _remember(broker, trusted.digest)
        return False
    for kind, raw in trusted.items:
        work.trust.keep(kind, raw)
    return True


def _keep_leaf(broker: Broker, work: UnitOfWork, leaf: bytes) -> None:
    name = digest(leaf).hex()
    if name in broker.standings.kept:
        return
    if work.trust.stands(name):
        _remember(broker, name)
    else:
        work.trust.keep(TrustKind.CERTIFICATE, leaf)


def _remember(broker: Broker, name: str) -> None:
    if len(broker.standings.kept) >= _REMEMBERED_MAX:
        broker.standings.kept.clear()
    broker.standings.kept.add(name)


def _noted(broker: Broker, partner: Counterparty, at: datetime) -> AuditEvent:
    return broker.event(
        Act.PARTNER_CHANGED,
        broker.itself,
        partner.row.agency,
        at,
        change=TRUST_CHANGED,
        fingerprint=partner.row.fingerprint,
        suites=" ".join(partner.row.suites),
        trust=partner.trust.digest,
    )


def names_relied_on(events: Iterable[AuditEvent]) -> Sequence[str]:
    """Return the digests of all that events name as relied on, snapshots and certificates, each once."""
    names = (TRUST, PEER_TRUST, CERTIFICATE)
    return list(
        dict.fromkeys(event.details[name] for event in events for name in names if name in event.details)
    )
