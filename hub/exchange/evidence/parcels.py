"""What this hub can show of a record's parcels: to and from partners without a hub, and who approved them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from hub.audit.events import Act, AuditEvent
from hub.entries import Body, Direction, IntakeRow, ParcelRow, RecordRow, TrustItem
from hub.envelope.approvals import salt_of
from hub.envelope.canonical import digest
from hub.envelope.encoding import unb64u
from hub.envelope.vault import unlock
from hub.errors import HubError
from hub.evidence.parcel_parts import ApprovalPart, ParcelPart, Way
from hub.evidence.parts import Shown
from hub.exchange import approving
from hub.exchange.broker import Broker
from hub.exchange.evidence.partner_certificates import PROFILES
from hub.exchange.hubless.confirming import kept_receipts
from hub.exchange.hubless.pinning import find_profile
from hub.ports import View


def parcels_sent(view: View, row: RecordRow) -> Sequence[ParcelRow]:
    """Return the parcels in which a record of ours went."""
    return view.hubless.parcels_of(row.record_id) if row.direction is Direction.OUT else ()


def parcels_came(view: View, row: RecordRow) -> Sequence[IntakeRow]:
    """Return the parcels that brought a partner's record."""
    return view.hubless.intakes_of(row.originator, row.record_id) if row.direction is Direction.IN else ()


def parcel_parts(broker: Broker, view: View, row: RecordRow, *, full: bool) -> Iterator[ParcelPart]:
    """Yield a record's parcels; in part without what opens content."""
    for sent in parcels_sent(view, row):
        yield _sent(broker, view, sent, full=full)
    for came in parcels_came(view, row):
        yield _came(broker, view, came, full=full)


def body_ids(view: View, row: RecordRow) -> Sequence[str]:
    """Return the bodies that hold the parcels of a record, for their sizes."""
    sent = [one.parcel_id for one in parcels_sent(view, row)]
    return [*sent, *(one.body_id for one in parcels_came(view, row))]


def _sent(broker: Broker, view: View, row: ParcelRow, *, full: bool) -> ParcelPart:
    told: dict[str, Any] = {
        "parcel_id": row.parcel_id,
        "agency": row.agency,
        "version": row.version,
        "way": Way.SENT,
    }
    bodies = view.bodies.get_many([row.parcel_id, row.about_id])
    if len(bodies) < 2:
        return ParcelPart(**told, shown=Shown.ERASED)
    about = json.loads(_opened(broker, bodies[row.about_id]))
    told |= {
        "digest": row.digest.hex(),
        "statement": about["statement"],
        "receipts": tuple(kept_receipts(broker, view, row)),
    }
    if not full:
        return ParcelPart(**told, shown=Shown.WITHHELD)
    content = _opened(broker, bodies[row.parcel_id])
    key = unb64u(about["key"]) if "key" in about else None
    opens = key is not None or digest(content).hex() == about["losses"]["document"]
    return ParcelPart(
        **told,
        shown=Shown.DISCLOSED if opens else Shown.SEALED,
        content=content,
        content_key=key,
        losses=about["losses"],
    )


def _came(broker: Broker, view: View, row: IntakeRow, *, full: bool) -> ParcelPart:
    told: dict[str, Any] = {
        "parcel_id": row.parcel_id,
        "agency": row.agency,
        "version": row.version or 1,
        "way": Way.RECEIVED,
    }
    body = view.bodies.get_many([row.body_id]).get(row.body_id)
    if body is None:
        return ParcelPart(**told, shown=Shown.ERASED)
    told["digest"] = row.digest.hex()
    if not full:
        return ParcelPart(**told, shown=Shown.WITHHELD)
    content = _opened(broker, body)
    try:
        key = broker.adapting.key_to(find_profile(view, row.agency), content)
    except HubError:
        # Its key is not held any more, or its profile cannot be composed here.
        return ParcelPart(**told, shown=Shown.SEALED, content=content)
    opens = key is not None or row.signer is None
    return ParcelPart(
        **told, shown=Shown.DISCLOSED if opens else Shown.SEALED, content=content, content_key=key
    )


def _opened(broker: Broker, body: Body) -> bytes:
    return unlock(body, master_key=broker.keyring.master_key())


def approval_parts(
    broker: Broker, view: View, versions: Sequence[RecordRow], parcels: Iterable[ParcelPart], *, full: bool
) -> Iterator[ApprovalPart]:
    """Yield the approvals of those versions that went in parcels, opened for the parcels' recipients.

    What was answered holds words, and goes with content alone.
    """
    to: dict[int, list[str]] = {}
    for one in parcels:
        if one.way is Way.SENT:
            to.setdefault(one.version, []).append(one.agency)
    for row in versions:
        if row.version not in to:
            continue
        given = sorted(approving.opened(broker, view, row), key=lambda one: (one.row.at, one.row.by))
        for each in given:
            shown = full and each.answers is not None
            yield ApprovalPart(
                version=row.version,
                approval=each.shown_to(to[row.version]),
                salt=salt_of(each.secret, "") if shown else None,
                answers=each.answers if shown else None,
            )


def profiles_named(view: View, events: Iterable[AuditEvent]) -> Iterator[TrustItem]:
    """Yield the profiles that events name, as they were pinned."""
    named = [
        event.details["profile"]
        for event in events
        if "profile" in event.details
        and (event.act is Act.ADMITTED or event.details.get("change") in PROFILES)
    ]
    yield from view.trust.items(list(dict.fromkeys(named))).values()
