"""`hub partner suspend` and `hub partner resume`: one switch for all traffic with a partner."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.audit.events import Act
from hub.audit.trail import writes
from hub.cli import partner_profile
from hub.cli.answer import Answer, facts
from hub.cli.frame import leaf, trail
from hub.cli.home import administrator, home_option, opened, unlock_option
from hub.entries import PartnerRow, PartnerStatus
from hub.exchange import suspending, upkeep
from hub.exchange.broker import Broker
from hub.exchange.trust_history import Stood, history
from hub.ports import View
from hub.records.lifecycle import EntryState

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock


@trail(writes(Act.PARTNER_CHANGED, Act.HELD))
@leaf(examples=("hub partner suspend cis-atc",))
@click.argument("agency", help="Its id, like cis-atc.")
@home_option
@unlock_option
def suspend(agency: str, home: Path, unlock: Unlock) -> Answer:
    """Stop all traffic with a partner, at once and in every process; what waits for it is held.

    Its connections and long polls end, and so do attachments on their way, in both directions. What is being
    carried to it is held when it comes back, and what it sends is refused as partner-suspended.
    """
    with opened(home, unlock) as hub:
        if (answer := partner_profile.suspended(hub, agency, lambda: held(hub.broker, agency))) is not None:
            return answer
        row = suspending.suspend(hub.broker, administrator(hub.config.agency), agency)
        count = held(hub.broker, agency)
        within_s = hub.config.limits.cut_within_s
    return Answer(
        document={"agency": agency, "status": row.status.value, "held": count, "cut_within_s": within_s},
        people=(
            f"{agency} is suspended: nothing is sent to it, and what it sends is refused.",
            f"What moves with it is cut within {within_s:g} seconds in every process that serves.",
            _held_words(count),
        ),
        then=(f"hub partner resume {agency}",),
    )


@trail(writes(Act.PARTNER_CHANGED, Act.RESUMED))
@leaf(examples=("hub partner resume cis-atc",))
@click.argument("agency", help="Its id, like cis-atc.")
@home_option
@unlock_option
def resume(agency: str, home: Path, unlock: Unlock) -> Answer:
    """Let the traffic with a suspended partner flow again, once its pin was verified anew.

    The card's signatures, the pin against the log, the suites and the dates of its TLS authority must be
    right. Then what the suspension held goes out; what is held for another reason stays held.
    """
    with opened(home, unlock) as hub:
        if (answer := partner_profile.resumed(hub, agency, lambda: held(hub.broker, agency))) is not None:
            return answer
        done = suspending.resume(hub.broker, administrator(hub.config.agency), agency)
        left = held(hub.broker, agency)
    status = done.row.status.value
    document = {"agency": agency, "status": status, "checked": list(done.checked), "drained": done.drained}
    return Answer(
        document={**document, "held": left},
        people=(
            f"{agency} is active.",
            facts({"verified anew": tuple(done.checked), "goes out again": done.drained, "still held": left}),
        ),
        then=(f"hub queue list --state held --partner {agency}",) if left else (),
    )


def held(broker: Broker, agency: str) -> int:
    """Return how many entries are held in a partner's lane."""
    found = upkeep.counts(broker).get(agency, ())
    return sum(one.count for one in found if one.state is EntryState.HELD)


def suspension(view: View, row: PartnerRow) -> Stood | None:
    """Return the change by which a partner was suspended; None for one that is active."""
    if row.status is PartnerStatus.ACTIVE:
        return None
    return next(iter(history(view, row.agency, newest=True)), None)


def _held_words(count: int) -> str:
    if not count:
        return "Nothing was waiting for it."
    return f"{count} entr{'y' if count == 1 else 'ies'} for it {'is' if count == 1 else 'are'} held."
