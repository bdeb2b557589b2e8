"""Anchors: what this hub trusts of others and of itself, for whoever trusts this hub to say so."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509

from hub.errors import Refused
from hub.evidence.anchors import AgencyAnchor, Anchors, merge_keys
from hub.exchange.broker import Broker, Counterparty
from hub.exchange.partners import SUITES


def anchors_of(
    broker: Broker,
    *,
    own_fingerprint: str,
    tsa_roots: Sequence[x509.Certificate] = (),
) -> Anchors:
    """Return the keys of this hub and of its pinned partners, the quorum and the roots of time stamps.

    `own_fingerprint` is that of our card. Raises Refused `partner-unknown` for a witness that is not pinned.
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
    policy = broker.witnesses
    partners = [_anchor(one) for one in broker.standing().partners.values()]
    keyed = {anchor.agency for anchor in partners if anchor.witness_keys}
    if missing := sorted(set(policy.witnesses) - keyed):
        raise Refused(
            "partner-unknown",
            f"{missing[0]} is to witness our log, and no partner of that name is pinned with witness keys.",
        )
    return Anchors(
        agencies={anchor.agency: anchor for anchor in (ourselves, *partners)},
        needed=policy.needed,
        witnesses=tuple(sorted(policy.witnesses)),
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
