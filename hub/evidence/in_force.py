"""How a partner without a hub was pinned at an entry of the log: its profile, and its certificates then.

The log tells which they were, the anchors whether they count. A certificate that the anchors lack proves
nothing, and so does one that they have and that was not in force.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from hub.audit.events import Act
from hub.entries import TrustKind
from hub.envelope.canonical import digest
from hub.errors import HubError
from hub.evidence.chronicle import ProvenEntry
from hub.evidence.findings import Topic
from hub.evidence.held import Life
from hub.evidence.partners import Signer

_PROFILES: Final = frozenset({"profile", "profile-again"})
#: Which names of certificates count, of an agency's profile.
Names = Callable[[str, str], frozenset[str]]


@dataclass(frozen=True, kw_only=True)
class InForce:
    """A partner's profile (`source`), and certificates by their names, as they stood at one entry.

    `unknown` tells that some of them are not in the anchors; `pinned` are the entries that named them.
    """

    source: str
    certificates: Mapping[str, tuple[x509.Certificate, ...]]
    unknown: bool
    pinned: Mapping[str, ProvenEntry]


def in_force(life: Life, agency: str, at: ProvenEntry, names: Names, profile: str | None) -> InForce | None:
    """Return what stood at an entry; None once it was noted that this is not shown, or false.

    `profile` is the digest that something signed then names; without one, it is the one pinned last.
    """
    changes = [
        entry for entry in life.did(Act.PARTNER_CHANGED) if entry.subject == agency and entry.index < at.index
    ]
    pins = [entry for entry in changes if entry.details.get("change") in _PROFILES]
    named = profile or (pins[-1].details.get("profile") if pins else None)
    about = {"agency": agency, "index": at.index, "profile": (named or "")[:16]}
    if named is None or not any(entry.details.get("profile") == named for entry in pins):
        life.notes.not_shown(Topic.PIN, "partner-pin-not-shown", **about)
        return None
    source = _profile(life, named)
    if source is None:
        life.notes.not_shown(Topic.PIN, "partner-profile-not-shown", **about)
        return None
    try:
        wanted = names(agency, source)
    except HubError:
        life.notes.not_shown(Topic.PIN, "partner-profile-not-read", **about)
        return None
    return _stood(life, agency, changes, wanted, source)


def _profile(life: Life, named: str) -> str | None:
    for part in life.bundle.trust:
        if part.kind is TrustKind.PROFILE and digest(part.raw).hex() == named:
            return part.raw.decode("utf-8", "replace")
    return None


def _stood(
    life: Life, agency: str, changes: Sequence[ProvenEntry], wanted: frozenset[str], source: str
) -> InForce:
    """Return, under each name, those certificates that were put there last and that the anchors have."""
    known = {one.fingerprint(hashes.SHA256()).hex(): one for one in life.anchors.partners.get(agency, ())}
    last = {
        entry.details.get("name"): entry
        for entry in changes
        if entry.details.get("change") == "material" and entry.details.get("sort") == "certificates"
    }
    certificates: dict[str, tuple[x509.Certificate, ...]] = {}
    pinned: dict[str, ProvenEntry] = {}
    unknown = False
    for name in wanted:
        if name not in last:
            unknown = True
            continue
        told = last[name].details.get("fingerprint", "").split()
        unknown = unknown or any(one not in known for one in told)
        certificates[name] = tuple(known[one] for one in told if one in known)
        pinned |= dict.fromkeys(told, last[name])
    return InForce(source=source, certificates=certificates, unknown=unknown, pinned=pinned)


def tell_certificate(life: Life, agency: str, stood: InForce, signer: Signer, at: ProvenEntry) -> None:
    """Say by which certificate a partner's word counted, and who had pinned it when."""
    pinned = stood.pinned.get(signer.fingerprint)
    about = {
        "agency": agency,
        "subject": signer.subject,
        "fingerprint": signer.fingerprint[:16],
        "index": at.index,
    }
    if pinned is None:  # issued by an authority that was
        life.notes.proven(Topic.PIN, "partner-certificate-issued", **about)
        return
    when = str(pinned.said.get("at", ""))
    told = {"pin": pinned.index, "since": when, "who": pinned.who}
    if ("partner", agency, signer.fingerprint, pinned.index) not in life.told:
        life.told.add(("partner", agency, signer.fingerprint, pinned.index))
        life.notes.proven(Topic.PIN, "partner-certificate-in-force", **about, **told)
