"""Propose a change of the directory, and approve one: with our root keys, after a person has read it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tuf.api.metadata import Root, Targets

from hub.audit.events import Act
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.exchange.directory.place import Place
from hub.federation.directory.changes import (
    Approvals,
    Base,
    Change,
    approvals,
    change_invalid,
    check_follows,
    told,
)
from hub.federation.directory.documents import (
    Foundation,
    document_digest,
    foundation_of,
    read_document,
    signed_by,
)
from hub.federation.directory.joining import is_signed_by_pinned, read_joining
from hub.federation.directory.proposing import Wish, build_change
from hub.policy.decision import require
from hub.policy.four_eyes import may_administer
from hub.ports import DirectoryKeys
from hub.records.actor import Actor


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """A change as a person reads it. `strangers` are those in it whom we have not pinned: the fingerprints of
    their cards, to compare with them before anything is signed.
    """

    change: Change
    says: tuple[str, ...]
    approvals: Approvals
    strangers: Mapping[str, str]


def propose(
    broker: Broker,
    keys: DirectoryKeys,
    place: Place,
    actor: Actor,
    wish: Wish,
    *,
    confirmed: Collection[str] = (),
    outside: Path | None = None,
) -> Reviewed:
    """Return the change that a wish asks for, signed by us where we hold root keys.

    `confirmed` are the fingerprints of strangers' cards that a person has compared. Raises Refused
    `directory-change-invalid`, `pin-not-confirmed` and `directory-differs`.
    """
    require(may_administer(actor))
    base = place.base()
    if base.root is None and wish.name is None:
        raise change_invalid("this hub follows no directory; join one first, or found one")
    change = build_change(base, wish, at=broker.clock.now())
    return _sign(broker, keys, actor, change, base, confirmed, outside, "proposed")


def review(broker: Broker, place: Place, change: Change) -> Reviewed:
    """Return what a change does and who has signed it; raise Refused `directory-change-invalid`."""
    base = place.base()
    check_follows(change, base)
    return Reviewed(
        change=change,
        says=told(change, base),
        approvals=approvals(change, base),
        strangers=strangers(broker, change.requests),
    )


def approve(
    broker: Broker,
    keys: DirectoryKeys,
    place: Place,
    actor: Actor,
    change: Change,
    *,
    confirmed: Collection[str] = (),
    outside: Path | None = None,
) -> Reviewed:
    """Return a change with our signature; raise as `propose` does, and Refused `directory-key-missing`."""
    require(may_administer(actor))
    return _sign(broker, keys, actor, change, place.base(), confirmed, outside, "approved")


def _sign(
    broker: Broker,
    keys: DirectoryKeys,
    actor: Actor,
    change: Change,
    base: Base,
    confirmed: Collection[str],
    outside: Path | None,
    step: str,
) -> Reviewed:
    check_follows(change, base)
    unknown = {a: f for a, f in strangers(broker, change.requests).items() if f not in confirmed}
    if unknown:
        raise Refused(
            "pin-not-confirmed",
            f"{', '.join(sorted(unknown))} is not pinned here and nobody has confirmed its card; nothing was "
            "signed.",
        )
    signers = [s for s in keys.root(outside) if _counts(broker.agency, s.public_key.keyid, change, base)]
    if not signers and step == "approved":
        raise Refused(
            "directory-key-missing",
            "This hub holds no root key of the directory; name the file it lies in with --root-key.",
        )
    signed = change
    if signers:
        signed = replace(
            change,
            targets=signed_by(read_document(change.targets, Targets), signers),
            root=None if change.root is None else signed_by(read_document(change.root, Root), signers),
        )
    reviewed = Reviewed(
        change=signed, says=told(signed, base), approvals=approvals(signed, base), strangers={}
    )
    _log(broker, actor, base, signed, step)
    return reviewed


def _counts(agency: str, keyid: str, change: Change, base: Base) -> bool:
    """Tell whether one of our keys stands in the root as it is, or as it will be."""
    foundations: list[Foundation] = [base.foundation] if base.foundation else []
    if change.root is not None:
        foundations.append(foundation_of(read_document(change.root, Root).signed))
    return any(
        key.keyid == keyid
        for one in foundations
        for f in one.founders
        if f.agency == agency
        for key in f.keys
    )


def strangers(broker: Broker, requests: Mapping[str, bytes]) -> dict[str, str]:
    """Return whose requests are signed by keys that we have not pinned, with their cards' fingerprints.

    Raises Refused `directory-differs` for a partner that asks with other keys than we have pinned.
    """
    found = {}
    standing = broker.standing()
    for agency, raw in requests.items():
        if agency == broker.agency:
            if read_joining(raw).said.card.public.as_jwks() != broker.keyring.public().as_jwks():
                raise change_invalid("it holds a request in our name that is not signed by our keys")
            continue
        partner = standing.partners.get(agency)
        if partner is None:
            found[agency] = read_joining(raw).said.card_fingerprint
        elif not is_signed_by_pinned(raw, partner.card):
            raise Refused(
                "directory-differs",
                f"{agency} asks with other keys than we have pinned; pin its present card first.",
            )
    return found


def _log(broker: Broker, actor: Actor, base: Base, change: Change, step: str) -> None:
    foundation = base.foundation
    if foundation is None and change.root is not None:
        foundation = foundation_of(read_document(change.root, Root).signed)
    details = {"step": step, "change": document_digest(change.targets)}
    if change.root is not None:
        details["root"] = document_digest(change.root)
    with broker.store.work() as work:
        subject = foundation.name if foundation else "directory"
        work.stage([broker.event(Act.DIRECTORY_CHANGED, actor, subject, broker.clock.now(), **details)])
        work.commit()
