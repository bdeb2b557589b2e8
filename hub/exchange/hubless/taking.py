"""pull → open → interpret → permit → admit once → store → acknowledge, for a partner without a hub.

A parcel comes again until it is acknowledged, and it is acknowledged only after what came of it is durable.
So a cut between any two steps loses nothing; and because a parcel is admitted once, by its id and its bytes,
none doubles anything: what comes again gets the verdict that it got.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, NoReturn

from hub.audit.events import Act
from hub.entries import IntakeRow, ProfileRow
from hub.envelope.canonical import digest
from hub.errors import HubError, IntegrityFailure, OurFault, Refused
from hub.exchange.backoff import TEMPORARY
from hub.exchange.broker import Broker, Standing
from hub.exchange.hubless.admitting import Admitted, admit, partner_actor, refused, store
from hub.exchange.switch import refuse_suspended
from hub.ports import Parcel, View

log = logging.getLogger("hub.parcels")

_ERASED: Final = "What this parcel brought was erased here before; nothing of it is kept."
#: Codes that are about this hub and its profile, not about what came: it waits until they are put right.
_OURS: Final = frozenset({"adapter-invalid", "adapter-unknown", "partner-suspended"})


def take_parcels(broker: Broker, partner: ProfileRow) -> int:
    """Take what waits at one partner; return how many parcels were acknowledged.

    What fails for a reason of ours is not acknowledged and comes again; the others are not held up by it, and
    what failed first is raised once all were looked at. Raises Refused `quota-exceeded`, and takes nothing,
    while too many that were refused are kept.
    """
    refuse_while_full(broker, partner)
    done = 0
    failures: list[HubError] = []
    for parcel in broker.adapting.pull(partner, limit=broker.limits.batch_max_envelopes):
        try:
            intake = take(broker, partner, parcel)
        except HubError as error:
            log.warning("a parcel waits", extra={"code": error.code, "lane": partner.agency})
            failures.append(error)
            continue
        broker.adapting.acknowledge(partner, parcel.parcel_id, code=intake.code, sentence=intake.sentence)
        with broker.store.work() as work:
            work.hubless.acknowledge_intake(intake, broker.clock.now())
            work.commit()
        done += 1
    if failures:
        raise failures[0]
    return done


def refuse_while_full(broker: Broker, partner: ProfileRow) -> None:
    """Raise Refused `quota-exceeded` while too many parcels of a partner that were refused are kept."""
    most = broker.limits.parcels_held_max
    with broker.store.read() as view:
        held = view.hubless.held_count(partner.agency, most=most)
    if held >= most:
        raise Refused(
            "quota-exceeded",
            f"{held} refused parcels of {partner.agency} are kept; discard some with `hub parcel discard`.",
        )


def take(broker: Broker, partner: ProfileRow, parcel: Parcel) -> IntakeRow:
    """Admit one parcel, once; return what came of it, now or when it came before.

    Raises what is about us and not about the parcel, and Refused `partner-suspended`; nothing was stored.
    """
    seen = digest(parcel.content)
    with broker.store.read() as view:
        standing = broker.standings.of(view)
        refuse_suspended(standing, partner.agency)
        before = view.hubless.intakes_by_id(partner.agency, parcel.parcel_id)
        gone = _is_erased(view, before)
    for row in before:
        if row.digest == seen:
            return row
    if gone:
        return _tell_erased(broker, partner, before[0])
    admitted = _weigh(broker, standing, partner, parcel, reused=bool(before))
    if admitted.intake.code == "content-erased":
        return _tell_erased(broker, partner, admitted.intake)
    with broker.store.work() as work:
        refuse_suspended(broker.standings.of(work), partner.agency)
        if not work.hubless.admit_intake(admitted.intake):
            return next(
                row
                for row in work.hubless.intakes_by_id(partner.agency, parcel.parcel_id)
                if row.digest == seen
            )
        store(broker, work, admitted)
        work.commit()
    return admitted.intake


def _weigh(
    broker: Broker, standing: Standing, partner: ProfileRow, parcel: Parcel, *, reused: bool
) -> Admitted:
    """Return what a parcel comes to: a record, or its refusal. What is temporary, or ours, is raised."""
    at = broker.clock.now()
    try:
        if reused:
            _refuse_reused(broker, standing, partner, parcel, at)
        return admit(broker, standing, partner, parcel, at)
    except OurFault:
        raise
    except HubError as error:
        if error.code in TEMPORARY or error.code in _OURS:
            raise
        return refused(broker, partner, parcel, error, at)


def _refuse_reused(
    broker: Broker, standing: Standing, partner: ProfileRow, parcel: Parcel, at: datetime
) -> NoReturn:
    """Raise IntegrityFailure `envelope-id-reused`, or what says that the parcel brings an erased record."""
    try:
        admit(broker, standing, partner, parcel, at)
    except Refused as error:
        if error.code == "content-erased":
            raise
    except HubError:
        pass
    raise IntegrityFailure("envelope-id-reused", "A parcel with this id came before with other bytes.")


def _is_erased(view: View, before: Sequence[IntakeRow]) -> bool:
    """Tell whether what came under an id became a record whose content was erased."""
    taken = [row.body_id for row in before if row.taken]
    return bool(taken) and not view.bodies.get_many(taken)


def _tell_erased(broker: Broker, partner: ProfileRow, before: IntakeRow) -> IntakeRow:
    """Refuse what brings an erased record, or comes under the id of its parcel: its digest is gone too.

    It is logged each time, and nothing of it is kept, not even a row.
    """
    told = {"code": "content-erased", "operation": "parcel", "parcel": before.parcel_id}
    with broker.store.work() as work:
        work.stage(
            [broker.event(Act.REFUSED, partner_actor(partner), partner.agency, broker.clock.now(), **told)]
        )
        work.commit()
    return replace(before, code="content-erased", sentence=_ERASED)
