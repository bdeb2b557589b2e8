"""Pin a partner by its profile, and take in the keys, certificates and secrets that this names."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from hub.audit.events import Act
from hub.entries import MaterialRow, PartnerStatus, ProfileRow, TrustKind
from hub.envelope.vault import lock
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.exchange.holding import hold_waiting
from hub.exchange.suspending import drain
from hub.policy.decision import require
from hub.policy.four_eyes import may_administer
from hub.ports import UnitOfWork, View
from hub.records.actor import Actor
from hub.records.ids import is_agency, new_id

SORTS: Final = ("key", "certificates", "secret")
MATERIAL_MAX_BYTES: Final = 64 * 1024
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def profile_digest(source: str) -> str:
    """Return what names a profile's text, and what a custodian confirms."""
    return sha256(source.encode("utf-8")).hexdigest()


def pin_profile(
    broker: Broker, actor: Actor, agency: str, source: str, *, confirmed_digest: str
) -> ProfileRow:
    """Pin a partner without a hub by its profile, or give it a new one; a suspension outlives that.

    Every profile that was ever pinned is kept, under its digest. Raises Refused `role-missing`,
    `pin-not-confirmed`, `request-invalid`, `conflict` for an agency that has a hub or is a member, and
    `adapter-unknown` and `adapter-invalid` for what cannot be composed with what is held.
    """
    require(may_administer(actor))
    at, digest = broker.clock.now(), profile_digest(source)
    if confirmed_digest.strip().lower() != digest:
        raise Refused("pin-not-confirmed", "The confirmed digest is not this profile's; nothing was pinned.")
    said = broker.adapting.examine(agency, source)
    row = ProfileRow(
        agency=agency,
        source=source,
        digest=digest,
        adapter=said.adapter,
        dialect=said.dialect,
        carrier=said.carrier,
        receipts=said.receipts,
        status=PartnerStatus.ACTIVE,
        pinned_at=at,
        pinned_by=str(actor),
    )
    with broker.store.work() as work:
        _refuse_unfit(broker, work, agency)
        before = work.hubless.profile(agency)
        if before is not None:
            row = replace(row, status=before.status)
        work.trust.keep(TrustKind.PROFILE, source.encode("utf-8"))
        _put(broker, work, actor, row, at, "profile" if before is None else "profile-again")
        work.commit()
    return row


def put_material(
    broker: Broker, actor: Actor, agency: str, name: str, sort: str, content: bytes
) -> MaterialRow:
    """Take in a key, certificates or a secret for one partner; what it replaces is erased.

    It lies encrypted under a key of its own, which the master key wraps. Raises Refused `role-missing`,
    `request-invalid` for what is not what its sort says, and `conflict` as `pin_profile` does.
    """
    require(may_administer(actor))
    if _NAME.fullmatch(name) is None:
        raise Refused("request-invalid", f"{name!r} cannot be a name; take one like sign-key.")
    fingerprint, at = _fingerprint(sort, content), broker.clock.now()
    body = lock(content, body_id=new_id(), master_key=broker.keyring.master_key())
    row = MaterialRow(
        agency=agency,
        name=name,
        sort=sort,
        body_id=body.body_id,
        fingerprint=fingerprint,
        put_at=at,
        put_by=str(actor),
    )
    with broker.store.work() as work:
        _refuse_unfit(broker, work, agency)
        for before in work.hubless.materials(agency):
            if (before.name, before.sort) == (name, sort):
                work.bodies.erase(before.body_id)
        work.bodies.add([body])
        if sort == "certificates":
            # Kept for good: what the partner signed is verified by what was pinned then (docs/evidence.md).
            for one in x509.load_pem_x509_certificates(content):
                work.trust.keep(TrustKind.CERTIFICATE, one.public_bytes(Encoding.DER))
        work.hubless.put_material(row)
        told = {"change": "material", "name": name, "sort": sort, "fingerprint": fingerprint}
        work.stage([broker.event(Act.PARTNER_CHANGED, actor, agency, at, **told)])
        work.commit()
    return row


def find_profile(view: View, agency: str) -> ProfileRow:
    """Return a partner's profile, or raise Refused `partner-unknown`."""
    row = view.hubless.profile(agency)
    if row is None:
        raise Refused("partner-unknown", f"{agency} is not a partner of this hub.")
    return row


def suspend_hubless(broker: Broker, actor: Actor, agency: str) -> ProfileRow:
    """Stop all traffic with a partner both ways until it is resumed, and hold what waits for it."""
    row = _set(broker, actor, agency, PartnerStatus.SUSPENDED, "suspended")
    hold_waiting(broker, actor, agency)
    return row


def resume_hubless(broker: Broker, actor: Actor, agency: str) -> tuple[ProfileRow, int]:
    """Compose the profile anew, let traffic flow again, and send what the suspension held; return how many.

    Raises what composing raises; nothing flows then.
    """
    with broker.store.read() as view:
        before = find_profile(view, agency)
    broker.adapting.examine(agency, before.source)
    row = _set(broker, actor, agency, PartnerStatus.ACTIVE, "resumed")
    return row, drain(broker, actor, agency, via=None)


def _set(broker: Broker, actor: Actor, agency: str, status: PartnerStatus, what: str) -> ProfileRow:
    require(may_administer(actor))
    with broker.store.work() as work:
        before = find_profile(work, agency)
        row = replace(before, status=status)
        if row != before:
            _put(broker, work, actor, row, broker.clock.now(), what)
            work.commit()
    return row


def _put(broker: Broker, work: UnitOfWork, actor: Actor, row: ProfileRow, at: datetime, what: str) -> None:
    work.hubless.put_profile(row)
    told = {"change": what, "profile": row.digest, "dialect": row.dialect, "carrier": row.carrier}
    work.stage([broker.event(Act.PARTNER_CHANGED, actor, row.agency, at, **told)])


def _refuse_unfit(broker: Broker, view: View, agency: str) -> None:
    if not is_agency(agency) or agency == broker.agency:
        raise Refused("request-invalid", f"{agency!r} is not the id of another agency, like de-bka.")
    if view.directory.member(agency) is not None:
        raise Refused("conflict", f"{agency} is a member of this hub; it cannot be a partner too.")
    if view.directory.partner(agency) is not None:
        raise Refused("conflict", f"{agency} is pinned by its card: it has a hub, and takes no profile.")


def _fingerprint(sort: str, content: bytes) -> str:
    """Return what tells people which material it is; raise Refused for what is not of its sort."""
    if sort not in SORTS:
        raise Refused("request-invalid", f"A material is one of {', '.join(SORTS)}.")
    if not 0 < len(content) <= MATERIAL_MAX_BYTES:
        raise Refused("request-invalid", f"A material has from 1 to {MATERIAL_MAX_BYTES:,} bytes.")
    try:
        if sort == "key":
            public = load_pem_private_key(content, password=None).public_key()
            return sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
        if sort == "certificates":
            return " ".join(
                sha256(one.public_bytes(Encoding.DER)).hexdigest()
                for one in x509.load_pem_x509_certificates(content)
            )
    except (ValueError, TypeError) as error:
        raise Refused(
            "request-invalid", f"It is no {sort} in PEM, without a password ({type(error).__name__})."
        ) from None
    return ""
