"""The certificates by which the word of partners without a hub counts, also those of before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hub.audit.events import Act, AuditEvent
from hub.entries import MaterialRow, ProfileRow, TrustKind
from hub.envelope.canonical import digest
from hub.envelope.vault import unlock
from hub.exchange.broker import Broker
from hub.exchange.hubless.pinning import profile_digest
from hub.ports import View

_PAGE: Final = 500
MATERIAL: Final = "material"
PROFILES: Final = frozenset({"profile", "profile-again"})


def certificates_ever(broker: Broker, view: View) -> Mapping[str, tuple[x509.Certificate, ...]]:
    """Return every certificate that any profile of a partner ever named as the partner's own.

    What was replaced before hubs kept such certificates for good is gone, and not among them.
    """
    found = {row.agency: tuple(_of(broker, view, row)) for row in view.hubless.profiles()}
    return {agency: held for agency, held in found.items() if held}


def changes_of(view: View, agency: str) -> Iterator[tuple[int, AuditEvent]]:
    """Yield the events by which a partner without a hub was pinned or changed, lowest first."""
    after = 0
    while page := view.events_about([agency], after=after, limit=_PAGE):
        after = page[-1][0]
        yield from ((place, one) for place, one in page if one.act is Act.PARTNER_CHANGED)


def _of(broker: Broker, view: View, row: ProfileRow) -> Iterator[x509.Certificate]:
    changes = [event for _place, event in changes_of(view, row.agency)]
    pinned = list(
        dict.fromkeys(one.details["profile"] for one in changes if one.details.get("change") in PROFILES)
    )
    sources = [item.raw.decode("utf-8") for item in view.trust.items(pinned).values()]
    if profile_digest(row.source) not in pinned:
        sources.append(row.source)
    names = {name for one in sources for name in broker.adapting.signing_names(row.agency, one)}
    named = dict.fromkeys(
        name
        for one in changes
        if one.details.get("change") == MATERIAL
        and one.details.get("sort") == "certificates"
        and one.details.get("name") in names
        for name in one.details.get("fingerprint", "").split()
    )
    kept = {
        name: x509.load_der_x509_certificate(item.raw)
        for name, item in view.trust.items(list(named)).items()
        if item.kind is TrustKind.CERTIFICATE
    }
    if named.keys() - kept.keys():
        held = [one for one in view.hubless.materials(row.agency) if one.name in names]
        kept = {digest(one.public_bytes(Encoding.DER)).hex(): one for one in _held(broker, view, held)} | kept
    yield from (kept[name] for name in named if name in kept)


def _held(broker: Broker, view: View, rows: Sequence[MaterialRow]) -> Iterator[x509.Certificate]:
    """Yield what is held now, for what was taken in before certificates were kept for good."""
    for row in rows:
        if row.sort == "certificates":
            for body in view.bodies.get_many([row.body_id]).values():
                pem = unlock(body, master_key=broker.keyring.master_key())
                yield from x509.load_pem_x509_certificates(pem)
