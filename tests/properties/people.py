"""What people and systems do at the hubs of a federation, each thing picked by a number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final, TypeVar

from hub.entries import Direction, OutboxEntry, RecordRow
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.exchange.correcting import correct, withdraw
from hub.exchange.drafting import draft
from hub.exchange.receiving import receive
from hub.exchange.routing import acknowledge, collect, read_record
from hub.exchange.suspending import resume as resume_partner
from hub.exchange.suspending import suspend
from hub.exchange.upkeep import drop, resume
from hub.records.actor import Actor, ActorKind
from hub.records.lifecycle import DeliveryState, EntryState, RecordState
from tests.exchange.hubs import AIGUL, BOLAT, CUSTODIAN, document, release_it
from tests.properties.checks import entries, rows
from tests.properties.federation import AGENCIES, MEMBERS, REACH, Died, World

_E = EntryState
LIVE: Final = (_E.PENDING, _E.CARRIED, _E.HELD)
_ENDED: Final = (_E.REFUSED, _E.DEAD)
_KINDS: Final = ("spontaneous-information", "assistance-request", "wanted-person")
_ALL: Final = 100_000
#: What people may be told when they ask for what cannot be done now.
_MAY_BE_REFUSED: Final = {"policy-denied", "conflict", "transition-invalid", "partner-suspended"}

T = TypeVar("T")


class People:
    """Officers, members' systems and operators; `told_released` is what they were told to be released.

    `by_hand` is what they decided about entries, as (sender, record, version).
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.told_released: set[tuple[str, str, int]] = set()
        self.by_hand: set[tuple[str, str, int]] = set()

    @contextmanager
    def at(self, agency: str) -> Iterator[Broker]:
        """Work at a hub; it may die meanwhile, and it may refuse what cannot be done now."""
        try:
            yield self.world.hub(agency)
        except Died as died:
            if died.agency != agency:
                raise
        except Refused as refused:
            if refused.code not in _MAY_BE_REFUSED:
                raise

    # Officers and systems.

    def release(self, hub: Broker, number: int) -> None:
        """Send something to one or more, in a new conversation or in one that is known here."""
        changes: dict[str, Any] = {}
        known = [row.conversation for row in (*rows(hub, Direction.IN), *rows(hub, Direction.OUT))]
        if known and number % 3:
            changes["conversation"] = pick(known, number)
        reach = REACH[hub.agency]
        recipients = {pick(reach, number), pick(reach, number // 7), pick(reach, number // 49)}
        told = self._document(pick(_KINDS, number // 3), **changes)
        self._put_out(hub, draft(hub, AIGUL, told, recipients=sorted(recipients)))

    def correct(self, hub: Broker, number: int) -> None:
        """Correct one of our records in force."""
        if mine := _own(hub):
            row = pick(mine, number)
            told = self._document(row.kind, narrative=f"Corrected after version {row.version}")
            self._put_out(hub, correct(hub, AIGUL, row.record_id, told))

    def withdraw(self, hub: Broker, number: int) -> None:
        """Recall one of our records."""
        if mine := _own(hub):
            recalled = pick(mine, number).record_id
            self._put_out(hub, withdraw(hub, AIGUL, recalled, reason="it was mistaken"))

    def answer(self, hub: Broker, number: int) -> None:
        """Answer a request."""
        requests = [row for row in rows(hub, Direction.IN) if row.kind == "assistance-request"]
        if asked := [row for row in requests if row.action == "new"]:
            row = pick(asked, number)
            reply = {"in_reply_to": row.record_id, "conversation": row.conversation}
            told = self._document("assistance-answer", **reply)
            self._put_out(hub, draft(hub, AIGUL, told, recipients=[row.originator]))

    def read(self, hub: Broker, number: int) -> None:
        """Open what came."""
        if found := rows(hub, Direction.IN):
            row = pick(found, number)
            read_record(hub, AIGUL, row.record_id, row.version, justification="looking into it")

    def collect(self, hub: Broker, number: int) -> None:
        """Let a member's system fetch what is new, and say what it did with it."""
        if member := MEMBERS.get(hub.agency):
            system = Actor(kind=ActorKind.SYSTEM, id=member, agency=member)
            found = [one.delivery for one in collect(hub, member, after=0, limit=_ALL)]
            fresh = [delivery for delivery in found if delivery.state is DeliveryState.WAITING]
            said = pick([DeliveryState.DELIVERED, DeliveryState.OPENED, DeliveryState.ACTIONED], number)
            acknowledge(hub, system, [delivery.delivery_id for delivery in fresh], said)

    def _document(self, kind: str, **changes: Any) -> Mapping[str, object]:
        if kind == "assistance-request":
            due = self.world.clock.now() + timedelta(days=30)
            changes["reply_due_at"] = due.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return document(kind, **changes)

    def _put_out(self, hub: Broker, drafted: RecordRow) -> None:
        release_it(hub, drafted)
        self.told_released.add((hub.agency, drafted.record_id, drafted.version))

    # Operators.

    def suspend(self, hub: Broker, number: int) -> None:
        """Suspend a partner."""
        suspend(hub, CUSTODIAN, pick(sorted(hub.standing().partners), number))

    def resume_partners(self, hub: Broker, _number: int = 0) -> None:
        """Let traffic with all partners flow."""
        for name, partner in hub.standing().partners.items():
            if not partner.active:
                resume_partner(hub, CUSTODIAN, name)

    def resume_held(self, hub: Broker, _number: int = 0) -> None:
        """Resume what is held."""
        for entry in entries(hub):
            if entry.state is _E.HELD and self._lives(entry):
                resume(hub, BOLAT, entry.entry_id)

    def take_up_refused(self, hub: Broker) -> None:
        """Resume what was refused; what a relay gave up its people take up again, too."""
        for entry in entries(hub):
            given_up = entry.origin is not None and entry.state is _E.DEAD
            if (entry.state is _E.REFUSED or given_up) and self._lives(entry):
                self._intervene(entry)
                resume(hub, BOLAT, entry.entry_id)

    def take_up_one(self, hub: Broker, number: int) -> None:
        """Resume something that was refused or is dead; what outlived its time is sealed anew."""
        if ended := [entry for entry in entries(hub) if entry.state in _ENDED]:
            entry = pick(ended, number)
            self._intervene(entry)
            resume(hub, BOLAT, entry.entry_id)

    def drop(self, hub: Broker, number: int) -> None:
        """Give up something that is on its way."""
        if live := [entry for entry in entries(hub) if entry.state in LIVE]:
            entry = pick(live, number)
            self._intervene(entry)
            drop(hub, BOLAT, entry.entry_id, reason="sent by courier")

    def _lives(self, entry: OutboxEntry) -> bool:
        return entry.expires_at > self.world.clock.now()

    def _intervene(self, entry: OutboxEntry) -> None:
        """Note that a person decides about an entry, at its originator or at a relay."""
        key = (entry.envelope_id, entry.recipient)
        for agency in AGENCIES:
            for one in entries(self.world.hub(agency)):
                if (one.envelope_id, one.recipient) == key and one.record_id is not None:
                    self.by_hand.add((agency, one.record_id, one.version or 0))

    # Whoever is on the way.

    def replay(self, number: int) -> None:
        """Send again what was once carried, as it was."""
        if self.world.wire.past:
            us, to, transfers = pick(self.world.wire.past, number)
            with self.at(to) as hub:
                receive(hub, us, transfers)


def pick(among: Sequence[T], number: int) -> T:
    """Return one of several."""
    return among[number % len(among)]


def _own(hub: Broker) -> list[RecordRow]:
    return [row for row in rows(hub, Direction.OUT) if row.state is RecordState.RELEASED]
