"""Who asked for what they may not do: every such refusal leaves an entry, whichever door it came through."""

from __future__ import annotations

from typing import Final

from hub.audit.events import Act
from hub.errors import HubError
from hub.exchange.broker import Broker
from hub.records.actor import Actor

#: 401 and 403: nobody showed who they are, or they may not. What is merely malformed is no denial.
_STATUSES: Final = frozenset({401, 403})
_BESIDES: Final = frozenset({"justification-missing", "pin-not-confirmed", "revocation-unknown"})


def is_denial(error: HubError) -> bool:
    """Tell whether a failure says that somebody may not do what they asked for, and is not logged yet."""
    return not error.logged and (error.row.status in _STATUSES or error.code in _BESIDES)


def log_denial(
    broker: Broker,
    actor: Actor,
    error: HubError,
    *,
    operation: str,
    subject: str | None = None,
    act: Act = Act.REFUSED,
    **details: str,
) -> None:
    """Commit the entry of a refusal, in a transaction of its own; once for each failure.

    `operation` is what was asked for; the entry is about it where no `subject` is named.
    """
    told = {"code": error.code, "operation": operation, **details}
    event = broker.event(act, actor, subject or operation, broker.clock.now(), **told)
    with broker.store.work() as work:
        work.stage([event])
        work.commit()
    error.logged = True
