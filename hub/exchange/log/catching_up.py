"""Before something is proven to somebody: what happened until now is in the log, and signed for."""

from __future__ import annotations

from hub.exchange.broker import Broker
from hub.exchange.log.checkpointing import checkpoint
from hub.exchange.log.sequencing import sequence


def catch_up(broker: Broker) -> None:
    """Put what waits into the log and sign for it, where no other process just does."""
    while sequence(broker, wait=True):
        pass
    checkpoint(broker, at_once=True)
