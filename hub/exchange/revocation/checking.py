"""Ask a partner's authority what it revoked, verify what it says, and keep it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hub.audit.events import Act
from hub.entries import RevocationRow, RevocationRule, TrustKind
from hub.errors import HubError, IntegrityFailure, PeerFault
from hub.exchange.broker import Broker, Counterparty
from hub.federation.answers import load_crl, ocsp_request, read_crl, read_ocsp
from hub.federation.authorities import authority_id, load_authority
from hub.ports import RevocationClient, View

_NONCE_BYTES: Final = 16
#: An answer that says the same is stored anew when less than this part of its freshness is left.
_REFRESH: Final = 0.75


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What one round of questions about a partner came to; `failures` are codes and sentences by address."""

    agency: str
    answered: int = 0
    changed: int = 0
    failures: tuple[tuple[str, HubError], ...] = ()


def sources_of(partner: Counterparty, rule: RevocationRule | None) -> tuple[Sequence[str], Sequence[str]]:
    """Return where CRLs and where OCSP answers are: as a custodian said, else as the card says."""
    tls = partner.card.tls
    return (rule.crl if rule and rule.crl else tls.crl), (rule.ocsp if rule and rule.ocsp else tls.ocsp)


def fetch_lists(broker: Broker, client: RevocationClient, partner: Counterparty) -> Asked:
    """Fetch the CRLs of one partner's authorities, and keep those that are newer than what is held.

    One that is older than what is held is refused as `revocation-invalid`: somebody replays it.
    """
    with broker.store.read() as view:
        rule = view.revocations.rules().get(partner.row.agency)
    answered = changed = 0
    failures: list[tuple[str, HubError]] = []
    for url in sources_of(partner, rule)[0]:
        try:
            raw = client.fetch(
                url, authorities=partner.card.authorities, max_bytes=broker.limits.crl_max_bytes
            )
            changed += _keep(broker, partner, _crl_row(broker, partner, url, raw), raw, TrustKind.CRL)
            answered += 1
        except (PeerFault, IntegrityFailure) as failure:
            failures.append((url, failure))
    return Asked(agency=partner.row.agency, answered=answered, changed=changed, failures=tuple(failures))


def ask_about(
    broker: Broker, client: RevocationClient, partner: Counterparty, *, authority: str, serial: int
) -> Asked:
    """Ask OCSP about one certificate that a partner has shown."""
    with broker.store.read() as view:
        rule = view.revocations.rules().get(partner.row.agency)
    issuer = next((pem for pem in partner.card.authorities if authority_id(pem) == authority), None)
    failures: list[tuple[str, HubError]] = []
    for url in sources_of(partner, rule)[1] if issuer else ():
        assert issuer is not None
        certificate = load_authority(issuer)
        nonce = os.urandom(_NONCE_BYTES)
        try:
            raw = client.ask(
                url,
                ocsp_request(serial, certificate, nonce=nonce),
                authorities=partner.card.authorities,
                max_bytes=broker.limits.ocsp_max_bytes,
            )
            at = broker.clock.now()
            said = read_ocsp(raw, serial=serial, authority=certificate, at=at, nonce=nonce)
            row = RevocationRow(
                authority=authority,
                kind="ocsp",
                serial=f"{serial:x}",
                this_update=said.this_update,
                next_update=said.next_update,
                fetched_at=at,
                until=_until(broker, said.this_update, said.next_update, at),
                digest="",
                url=url,
                good=said.good,
                revoked=said.revoked,
            )
            changed = _keep(broker, partner, row, raw, TrustKind.OCSP)
            return Asked(agency=partner.row.agency, answered=1, changed=changed, failures=tuple(failures))
        except (PeerFault, IntegrityFailure) as failure:
            failures.append((url, failure))
    return Asked(agency=partner.row.agency, failures=tuple(failures))


def _crl_row(broker: Broker, partner: Counterparty, url: str, raw: bytes) -> RevocationRow:
    """Return what is kept of a CRL once one of the partner's authorities proves to have signed it."""
    at = broker.clock.now()
    failure: IntegrityFailure | None = None
    for pem in partner.card.authorities:
        try:
            crl = read_crl(raw, load_authority(pem), at=at)
        except IntegrityFailure as error:
            failure = failure if failure and "another authority" in error.sentence else error
            continue
        return RevocationRow(
            authority=authority_id(pem),
            kind="crl",
            serial="",
            this_update=crl.this_update,
            next_update=crl.next_update,
            fetched_at=at,
            until=_until(broker, crl.this_update, crl.next_update, at),
            digest="",
            url=url,
            good=True,
            revoked=False,
        )
    assert failure is not None
    raise failure


def _keep(broker: Broker, partner: Counterparty, row: RevocationRow, raw: bytes, kind: TrustKind) -> int:
    """Keep an answer that is no older than the one held; tell whether it says something new."""
    with broker.store.work() as work:
        before = work.revocations.answer(row.authority, row.kind, row.serial)
        digest = work.trust.keep(kind, raw)
        row = RevocationRow(**{**vars(row), "digest": digest})
        if before is not None and row.this_update < before.this_update:
            raise IntegrityFailure(
                "revocation-invalid",
                f"The answer is of {row.this_update:%Y-%m-%d %H:%M} UTC, older than the one held, of "
                f"{before.this_update:%Y-%m-%d %H:%M}.",
            )
        if before is not None and _repeats(work, before, row) and not _wanes(broker, before, row.fetched_at):
            return 0
        work.revocations.put_answer(row)
        if _says_more(work, before, row):
            work.stage(
                [
                    broker.event(
                        Act.PARTNER_CHANGED,
                        broker.itself,
                        partner.row.agency,
                        row.fetched_at,
                        change="revocation-checked",
                        answer=digest,
                        kind=row.kind,
                        revoked="yes" if row.revoked else "no" if row.kind == "ocsp" else "listed",
                    )
                ]
            )
        work.commit()
    return int(before is None or before.digest != digest)


def _repeats(view: View, before: RevocationRow, row: RevocationRow) -> bool:
    """Tell whether an answer is the one before, or that one signed once more by another worker there."""
    if before.digest == row.digest:
        return True
    return before.this_update == row.this_update and not _says_more(view, before, row)


def _wanes(broker: Broker, row: RevocationRow, at: datetime) -> bool:
    """Tell whether so little freshness is left that the same answer is stored anew."""
    return row.until - at < _REFRESH * timedelta(seconds=broker.limits.revocation_fresh_s)


def _says_more(view: View, before: RevocationRow | None, row: RevocationRow) -> bool:
    """Tell whether an answer says of certificates what the one before did not."""
    if before is None or (before.good, before.revoked) != (row.good, row.revoked):
        return True
    if row.kind != "crl" or before.digest == row.digest:
        return False
    return _serials(view, before.digest) != _serials(view, row.digest)


def _serials(view: View, digest: str) -> frozenset[int]:
    item = view.trust.get(digest)
    return frozenset() if item is None else frozenset(one.serial_number for one in load_crl(item.raw))


def _until(broker: Broker, this: datetime, following: datetime, at: datetime) -> datetime:
    limits = broker.limits
    return min(
        following,
        at + timedelta(seconds=limits.revocation_fresh_s),
        this + timedelta(seconds=limits.revocation_age_max_s),
    )
