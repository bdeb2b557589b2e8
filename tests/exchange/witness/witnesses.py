"""Hubs that witness one another over a simulated network, and witnesses that do what they like."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from hub.audit.notes import read_note
from hub.audit.witnessing import SIZE_TYPE, AddCheckpoint, Verdict, size_line
from hub.entries import PartnerRow
from hub.errors import HubError, Refused
from hub.exchange.broker import Broker
from hub.exchange.freshness import Fresh
from hub.exchange.witness.answering import add_checkpoint, witnessed_note
from hub.exchange.witness.asking import Cosigned, ask
from hub.exchange.witness.policy import WitnessPolicy
from hub.exchange.witness.settling import conclude, note_failure, settle
from hub.ports import CheckpointRow, QuorumState, WitnessReply
from hub.records.actor import Actor, ActorKind
from tests.exchange.hubs import Network

Answer = Callable[[bytes], WitnessReply]
OTHERS = ("cis-atc", "sco-rats", "kg-gknb")


def caller(agency: str) -> Actor:
    return Actor(kind=ActorKind.PARTNER, id=agency, agency=agency)


@dataclass(kw_only=True)
class LinkWitnessClient:
    """Implements ports.WitnessClient over the simulated network.

    `lies` replaces what a witness answers, `shows` what it shows as the latest checkpoint.
    """

    us: str
    network: Network
    lies: dict[str, Answer] = field(default_factory=dict)
    shows: dict[str, bytes | None] = field(default_factory=dict)
    asked: list[tuple[str, int]] = field(default_factory=list)

    def add_checkpoint(self, partner: PartnerRow, body: bytes) -> WitnessReply:
        other = self.network.broker(partner.agency)
        self.asked.append((partner.agency, int(body.split()[1])))
        if partner.agency in self.lies:
            return self.lies[partner.agency](body)
        return post(other, self.us, body)

    def checkpoint(self, partner: PartnerRow, origin_hash: str) -> bytes | None:
        other = self.network.broker(partner.agency)
        if partner.agency in self.shows:
            return self.shows[partner.agency]
        try:
            return witnessed_note(other, origin_hash)
        except Refused:
            return None


def post(witness: Broker, by: str, body: bytes) -> WitnessReply:
    """Hand a request to a hub's witness, as its API does."""
    try:
        answer = add_checkpoint(witness, caller(by), body)
    except HubError as failure:
        return WitnessReply(status=failure.row.status, media_type="application/problem+json", body=b"{}")
    if answer.verdict is Verdict.COSIGN:
        return WitnessReply(status=200, media_type="text/plain", body=answer.lines)
    if answer.verdict is Verdict.STALE:
        return WitnessReply(status=409, media_type=SIZE_TYPE, body=size_line(answer.size))
    return WitnessReply(status=answer.verdict.value, media_type="application/problem+json", body=b"{}")


def request_of(row: CheckpointRow, *, old: int = 0, proof: tuple[bytes, ...] = ()) -> bytes:
    """Return the body that asks for a cosignature of a stored checkpoint."""
    return AddCheckpoint(old_size=old, proof=proof, note=read_note(row.note)).as_bytes()


def with_witnesses(broker: Broker, *witnesses: str, needed: int = 0) -> Broker:
    """Return the hub under another policy; it looks at its quorum for each release."""
    policy = WitnessPolicy(witnesses=witnesses, needed=needed)
    return replace(broker, witnesses=policy, log_witnessed=Fresh(life_s=0.0))


def ask_all(broker: Broker, client: LinkWitnessClient, row: CheckpointRow) -> QuorumState:
    """Ask every witness in turn, as a round does; return how the quorum stands then."""
    for witness in broker.witnesses.witnesses:
        with broker.store.read() as view:
            known = view.witnessing.states().get(witness)
        try:
            settle(broker, row, ask(broker, client, witness, row, known_size=known.size if known else 0))
        except HubError as failure:
            note_failure(broker, witness, failure)
    conclude(broker, row)
    return quorum(broker)


def ask_one(broker: Broker, client: LinkWitnessClient, witness: str, row: CheckpointRow) -> Cosigned:
    return ask(broker, client, witness, row, known_size=0)


def quorum(broker: Broker) -> QuorumState:
    with broker.store.read() as view:
        return view.witnessing.quorum()
