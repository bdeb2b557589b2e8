"""Look at all that falls due, one process at a time: tell people, and erase what is kept no longer."""

from __future__ import annotations

from datetime import timedelta

from hub.exchange.broker import Broker
from hub.exchange.dues.heeding import tell_unheeded
from hub.exchange.dues.reminding import tell
from hub.exchange.dues.retaining import erase_ended
from hub.policy.dues import Due


def look_at_dues(broker: Broker) -> int:
    """Tell of what falls due, and erase what is kept no longer; return how many entries were told.

    One process does it at a time, each `due_look_s`.
    """
    at = broker.clock.now()
    with broker.store.read() as view:
        turn = view.books.due("dues")
    if turn is not None and turn > at:
        return 0
    with broker.store.work() as work:
        until = at + timedelta(seconds=broker.limits.due_look_s)
        if not work.books.take_duty("dues", at=at, until=until):
            return 0
        work.commit()
    told = sum(tell(broker, what, at) for what in Due) + tell_unheeded(broker, at)
    erase_ended(broker, at=at, running=lambda: True)
    return told
