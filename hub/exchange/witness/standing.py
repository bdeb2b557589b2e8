"""How our log stands with its witnesses and its time, gathered from one snapshot for people to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.exchange.broker import Broker
from hub.exchange.witness.stamping import unstamped_since
from hub.ports import CheckpointRow, QuorumState, TimestampRow, WitnessedRow, WitnessState


@dataclass(frozen=True, kw_only=True)
class WitnessStanding:
    """Our witnesses as asked last, the quorum, time stamps, and the logs that we witness.

    `states` has one for each witness that hub.toml names, without a time where it was never asked.
    """

    newest: CheckpointRow | None
    quorum: QuorumState
    states: Sequence[tuple[str, WitnessState | None]]
    stamped: TimestampRow | None
    stamping: WitnessState | None
    unstamped_since: datetime | None
    witnessed: Sequence[WitnessedRow]

    def behind(self, state: WitnessState | None) -> int:
        """Return how many signed entries of our log a witness has not cosigned."""
        return (0 if self.newest is None else self.newest.size) - (0 if state is None else state.size)


def witness_standing(broker: Broker, *, tsa: str | None = None) -> WitnessStanding:
    """Return how everything stands; `tsa` is the name of the time stamping authority, if there is one."""
    with broker.store.read() as view:
        states = view.witnessing.states()
        return WitnessStanding(
            newest=view.log.checkpoint(),
            quorum=view.witnessing.quorum(),
            states=[(witness, states.get(witness)) for witness in broker.witnesses.witnesses],
            stamped=view.witnessing.last_timestamp(),
            stamping=None if tsa is None else states.get(tsa),
            unstamped_since=unstamped_since(view),
            witnessed=view.witnessing.witnessed_logs(),
        )
