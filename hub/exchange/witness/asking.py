"""Ask one witness to cosign a checkpoint of ours, and believe nothing that its signature does not prove."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NoReturn

from hub.audit.names import log_name, witness_name
from hub.audit.notes import Note, NoteKey, read_note, read_signatures
from hub.audit.quorum import Quorum, weigh
from hub.audit.tiles import consistency_proof
from hub.audit.witnessing import SIZE_TYPE, AddCheckpoint, origin_hash, read_size
from hub.errors import IntegrityFailure, PeerFault, Refused
from hub.exchange.broker import Broker, Counterparty
from hub.exchange.log.checking import check_start
from hub.exchange.log.epochs import own_keys
from hub.ports import CheckpointRow, WitnessClient, WitnessReply

#: Asked once with the size that we think it knows, and again with the one that it says.
_TRIES: Final = 3
_HINTS: Final = {
    403: "it has pinned other keys of our log; give it our present card",
    404: "it has not pinned a card of ours with the keys of our log",
}


@dataclass(frozen=True, kw_only=True)
class Cosigned:
    """What a witness signed: its lines over the checkpoint, and the time that they state."""

    witness: str
    at: datetime
    lines: str = field(repr=False)


def ask(
    broker: Broker, client: WitnessClient, witness: str, row: CheckpointRow, *, known_size: int
) -> Cosigned:
    """Ask for a cosignature, with a proof from the size that the witness cosigned last.

    Raises PeerFault `partner-unreachable`, `partner-misbehaved` and `witness-refused`; Refused
    `partner-unknown`, `partner-suspended`, and `witness-size-stale` where it has cosigned more by now;
    IntegrityFailure `cosignature-invalid` and `note-invalid`; and, where the witness shows a checkpoint that
    we signed and do not have, `log-rolled-back` or `log-forked`.
    """
    partner, keys = _witness(broker, witness)
    note = read_note(row.note)
    old = known_size if known_size <= row.size else 0
    for _ in range(_TRIES):
        request = AddCheckpoint(old_size=old, proof=_proof(broker, old, row.size), note=note)
        reply = client.add_checkpoint(partner.row, request.as_bytes())
        if reply.status == 200:
            return _cosigned(broker, witness, keys, note, reply.body)
        if reply.status == 409:
            old = _stated_size(witness, reply)
            if old > row.size:
                _explain(broker, client, partner, row, f"has cosigned {old} entries of our log")
            continue
        if reply.status == 422:
            _explain(broker, client, partner, row, "says that our log does not continue what it cosigned")
        hint = _HINTS.get(reply.status, "that is no answer to a log")
        raise PeerFault(
            "witness-refused",
            f"{witness} answered {reply.status}: {hint}.",
            status=reply.status,
        )
    raise PeerFault("partner-misbehaved", f"{witness} names another size each time it is asked.")


def cosigned_checkpoint(broker: Broker, client: WitnessClient, witness: str) -> bytes | None:
    """Fetch the latest checkpoint of our log that a witness cosigned; None when it has none."""
    partner, _keys = _witness(broker, witness)
    return client.checkpoint(partner.row, origin_hash(log_name(broker.agency)))


def _witness(broker: Broker, witness: str) -> tuple[Counterparty, tuple[NoteKey, ...]]:
    partner = broker.standing().partners.get(witness)
    if partner is None:
        raise Refused("partner-unknown", f"The witness {witness} is not a pinned partner of this hub.")
    if not partner.active:
        raise Refused("partner-suspended", f"The witness {witness} is a partner that is suspended.")
    if not partner.card.witness_keys:
        raise PeerFault(
            "witness-refused", f"The pinned card of {witness} has no witness keys; ask it for a new card."
        )
    return partner, partner.card.witness_keys


def _proof(broker: Broker, old: int, size: int) -> tuple[bytes, ...]:
    if old in (0, size):
        return ()
    with broker.store.read() as view:
        return consistency_proof(old, size, view.log.tile)


def _cosigned(broker: Broker, witness: str, keys: tuple[NoteKey, ...], note: Note, body: bytes) -> Cosigned:
    """Take the lines of the pinned keys alone, each of which must be over this very checkpoint, and now."""
    name = witness_name(witness)
    lines = tuple(one for one in read_signatures(body) if any(one.is_by(key) for key in keys))
    verdict = None
    if lines:
        quorum = Quorum(needed=1, witnesses={name: keys})
        verdict = weigh(quorum, Note(text=note.text, signatures=lines))
    if verdict is None or not verdict.met:
        raise IntegrityFailure(
            "cosignature-invalid", f"{witness} did not sign with each of its pinned keys, stating one time."
        )
    at = verdict.cosigned[name]
    now = broker.clock.now()
    if abs((at - now).total_seconds()) > broker.limits.clock_skew_s:
        raise IntegrityFailure(
            "cosignature-invalid",
            f"{witness} states {at:%Y-%m-%d %H:%M:%S}; here it is {now:%H:%M:%S} UTC.",
        )
    return Cosigned(witness=witness, at=at, lines="".join(line.line for line in lines))


def _stated_size(witness: str, reply: WitnessReply) -> int:
    try:
        if reply.media_type != SIZE_TYPE:
            raise ValueError("its media type is another")
        return read_size(reply.body)
    except ValueError as error:
        raise PeerFault(
            "partner-misbehaved", f"{witness} answered 409 without the size that it cosigned: {error}."
        ) from None


def _explain(
    broker: Broker, client: WitnessClient, partner: Counterparty, row: CheckpointRow, claim: str
) -> NoReturn:
    """Find out who is wrong: a witness that contradicts us must show what we signed.

    Nobody can make us believe that our log was set back without a signature by our own keys. A witness that
    somebody else has brought a newer checkpoint of ours is not wrong: it is asked for the newest one next.
    """
    witness = partner.row.agency
    shown = client.checkpoint(partner.row, origin_hash(log_name(broker.agency)))
    if shown is None:
        raise PeerFault("partner-misbehaved", f"{witness} {claim}, but shows no checkpoint of it.")
    with broker.store.read() as view:
        own = own_keys(view.log, broker.keyring)
    try:
        seen = own.recognise(shown)
    except IntegrityFailure as failure:
        raise PeerFault(
            "partner-misbehaved",
            f"{witness} {claim}, but shows what we did not sign ({failure.code}).",
        ) from None
    with broker.store.read() as view:
        check_start(view.log, own, witnessed=[seen])
    if seen.size > row.size:
        raise Refused(
            "witness-size-stale",
            f"{witness} has cosigned {seen.size} entries of our log already, all of them ours.",
        )
    raise PeerFault(
        "partner-misbehaved", f"{witness} {claim}, but the {seen.size} entries that it shows are ours."
    )
