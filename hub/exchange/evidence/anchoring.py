"""Anchors: what this hub trusts of others and of itself, for whoever trusts this hub to say so."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from cryptography import x509

from hub.evidence.anchors import AgencyAnchor, Anchors, merge_keys
from hub.exchange.broker import Broker, Counterparty
from hub.exchange.partners import SUITES


def anchors_of(
    broker: Broker,
    *,
    own_fingerprint: str,
    needed: int = 0,
    witnesses: Collection[str] = (),
    tsa_roots: Sequence[x509.Certificate] = (),
) -> Anchors:
    """Return the keys of this hub and of its pinned partners, the quorum and the roots of time stamps.

    `own_fingerprint` is that of our card. `needed` of `witnesses` must have cosigned what is to be proven.
    """
    keyring = broker.keyring
    ourselves = AgencyAnchor(
        agency=broker.agency,
        public=keyring.public(),
        suites=frozenset(SUITES),
        fingerprints=(own_fingerprint,),
        log_keys=tuple(signer.key for signer in keyring.log_signers()),
        witness_keys=tuple(signer.key for signer in keyring.witness_signers()),
    )
    partners = [_anchor(one) for one in broker.standing().partners.values()]
    return Anchors(
        agencies={anchor.agency: anchor for anchor in (ourselves, *partners)},
        needed=needed,
        witnesses=tuple(sorted(witnesses)),
        tsa_roots=tuple(tsa_roots),
        made_by=broker.agency,
        made_at=broker.clock.now(),
    )


def _anchor(partner: Counterparty) -> AgencyAnchor:
    return AgencyAnchor(
        agency=partner.row.agency,
        public=merge_keys(partner.row.agency, [partner.public]),
        suites=partner.allowed,
        fingerprints=(partner.row.fingerprint,),
        log_keys=partner.card.log_keys,
        witness_keys=partner.card.witness_keys,
    )
