"""A partner without a hub calls: its message is taken, admitted, and answered with the verdict, in one go.

What came is durable before it is admitted, and admitted before it is answered. So a cut between any two
steps loses nothing: what has no verdict yet is pulled as from any carrier, and a repeat gets the answer.
"""

from __future__ import annotations

import logging

from hub.entries import IntakeRow, ProfileRow
from hub.errors import HubError, Refused
from hub.exchange.broker import Broker
from hub.exchange.hubless.taking import refuse_while_full, take
from hub.exchange.switch import refuse_suspended
from hub.ports import Parcel, Replied
from hub.records.actor import Actor

log = logging.getLogger("hub.parcels")


def answer_message(broker: Broker, actor: Actor, media_type: str, body: bytes) -> Replied:
    """Take one message of the calling partner and return what is said to it.

    Where `refused` says why no message was taken, who calls this puts it into the log. Raises Refused
    `not-found` where nothing is taken this way, `partner-suspended`, and `quota-exceeded`
    while too many parcels that were refused are kept.
    """
    partner = _partner(broker, actor.agency)
    admitted: list[IntakeRow] = []

    def decide(parcel: Parcel) -> tuple[str | None, str] | None:
        intake = _take(broker, partner, parcel)
        if intake is None:
            return None
        admitted.append(intake)
        return intake.code, intake.sentence

    replied = broker.adapting.receive(partner, media_type, body, decide=decide)
    for intake in admitted:
        with broker.store.work() as work:
            work.hubless.acknowledge_intake(intake, broker.clock.now())
            work.commit()
    if replied.refused is not None:
        log.warning("a message is refused", extra={"code": replied.refused.code, "lane": partner.agency})
    return replied


def _partner(broker: Broker, agency: str) -> ProfileRow:
    standing = broker.standing()
    refuse_suspended(standing, agency)
    partner = standing.hubless.get(agency)
    if partner is None:
        raise Refused("not-found", "Nothing is taken from you here.")
    refuse_while_full(broker, partner)
    return partner


def _take(broker: Broker, partner: ProfileRow, parcel: Parcel) -> IntakeRow | None:
    """Admit a parcel; None where that is not possible now for a reason of ours, and it waits."""
    try:
        return take(broker, partner, parcel)
    except HubError as error:
        log.warning("a parcel waits", extra={"code": error.code, "lane": partner.agency})
    except Exception:
        log.exception("a parcel waits", extra={"code": "internal", "lane": partner.agency})
    return None
