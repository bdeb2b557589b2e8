"""Nothing is released that the log would not prove: a log that is behind is caught up with, or refuses."""

from __future__ import annotations

from datetime import datetime

from hub.errors import HubError, OurFault
from hub.exchange.broker import Broker
from hub.exchange.log.checkpointing import checkpoint
from hub.exchange.log.sequencing import sequence
from hub.ports import View


def refuse_stalled(broker: Broker) -> None:
    """Raise OurFault `log-stalled` when events wait too long to be logged or signed for.

    The database is asked at most once a second, however many releases there are. Where nothing keeps the
    log, as beside a hub that is not served, it is caught up with here.
    """
    broker.log_kept.check(lambda: _catch_up_if_behind(broker))


def is_behind(broker: Broker) -> bool:
    """Tell whether an event waits for its index, or for a checkpoint, longer than `log_stall_max_s`."""
    with broker.store.read() as view:
        since = behind_since(view)
    if since is None:
        return False
    return (broker.clock.now() - since).total_seconds() > broker.limits.log_stall_max_s


def behind_since(view: View) -> datetime | None:
    """Return since when something waits that is not signed for; None when nothing does."""
    last = view.log.checkpoint()
    signed = 0 if last is None else last.size
    entry = view.log.entry(signed)
    if entry is None:
        waiting = view.log.waiting(1)
        return waiting[0].at if waiting else None
    ((_, event),) = view.events(after=entry.position - 1, limit=1)
    return event.at


def _catch_up_if_behind(broker: Broker) -> None:
    if not is_behind(broker):
        return
    try:
        while sequence(broker):
            pass
        checkpoint(broker, at_once=True)
        if not is_behind(broker):
            return
        why = "another process is at it"
    except HubError as failure:
        why = str(failure)
    raise OurFault(
        "log-stalled",
        f"Events wait longer than {broker.limits.log_stall_max_s:.0f} seconds to be logged ({why}); "
        "nothing is released until they are. See the runbook, A log that stalls.",
    )
