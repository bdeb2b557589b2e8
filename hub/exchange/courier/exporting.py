"""Onto the medium: envelopes that are permitted again, receipts, attachments, and signed lists of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from hub.entries import OutboxEntry
from hub.envelope.bundles import TAKEN_MAX, Bundle, PackedTransfer, sign_bundle
from hub.envelope.canonical import digest
from hub.errors import HubError, Refused
from hub.exchange.attachments import serve_part
from hub.exchange.broker import Broker, Counterparty
from hub.exchange.claiming import claim_for_mailbox
from hub.exchange.courier.places import answers, attachment_of, bundles_of, file_of, taken
from hub.exchange.dispatching import permit_again, tell_origins, transfers_of
from hub.exchange.mailbox import handed_out, keep
from hub.exchange.weighing import Settled
from hub.ports import Transfer
from hub.ports.medium import Medium

#: A courier does not wait for an entry's next turn.
_WHENEVER: Final = timedelta(days=3650)


@dataclass(kw_only=True)
class Exported:
    """What was written: how many of each, and which files of ours on the medium are still meant."""

    envelopes: int = 0
    receipts: int = 0
    attachments: int = 0
    left: list[tuple[str, str]] = field(default_factory=list)
    bundles: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    blobs: set[str] = field(default_factory=set)


def export(broker: Broker, peer: str, medium: Medium, kept: Medium) -> Exported:
    """Write all that waits for a partner to a medium; what of ours lay there and waits no more is removed.

    An envelope whose attachments cannot be written is left for another time: `left` has its id and the code.
    Of a conversation the oldest envelope goes, the next when that has its receipt. Raises Refused
    `partner-unknown` and `partner-suspended`, and what the medium raises.
    """
    done = Exported()
    with broker.store.read() as view:
        partner = _active(broker.standings.of(view).partner(peer))
        waiting = [row.raw for row in view.receipts.unsent(peer, 10 * broker.limits.batch_max_envelopes)]
    receipts = list(dict.fromkeys([*answers(kept), *waiting]))
    ids = list(taken(kept))
    seen: set[int] = set()
    size = broker.limits.batch_max_envelopes
    while True:
        batch = _batch(broker, peer, besides=seen, seen=seen)
        if batch is None and not (receipts or ids):
            break
        written = _write_transfers(broker, peer, medium, batch or (), done)
        now, receipts = receipts[:size], receipts[size:]
        told, ids = ids[:TAKEN_MAX], ids[TAKEN_MAX:]
        _write_bundle(broker, partner, medium, written, now, told, done)
    _tidy(broker, peer, medium, done)
    return done


def _active(partner: Counterparty) -> Counterparty:
    if not partner.active:
        raise Refused("partner-suspended", f"{partner.row.agency} is suspended here; nothing goes to it now.")
    return partner


def _batch(
    broker: Broker, peer: str, *, besides: Collection[int], seen: set[int]
) -> Sequence[tuple[OutboxEntry, Transfer]] | None:
    """Return the next envelopes with their bytes, and note how far the export is; None when there are none.

    What may not go is held.
    """
    settled, at = Settled(), broker.clock.now()
    with broker.store.read() as view:
        claimed = claim_for_mailbox(
            broker,
            view,
            broker.standings.of(view),
            peer,
            size=broker.limits.batch_max_envelopes,
            due=at + _WHENEVER,
            besides=frozenset(besides),
        )
    if not claimed.entries:
        return None
    seen.update(entry.position for entry in claimed.entries)
    going = permit_again(broker, claimed, settled, at)
    batch = transfers_of(broker, claimed, going, settled, at)
    settled.entries += [handed_out(broker, entry, at) for entry, _transfer in batch]
    tell_origins(broker, claimed, settled)
    keep(broker, settled)
    return batch


@dataclass(frozen=True, kw_only=True)
class _Written:
    transfers: tuple[PackedTransfer, ...] = ()
    attachments: tuple[tuple[str, int], ...] = ()


def _write_transfers(
    broker: Broker,
    peer: str,
    medium: Medium,
    batch: Sequence[tuple[OutboxEntry, Transfer]],
    done: Exported,
) -> _Written:
    packed: list[PackedTransfer] = []
    blobs: dict[str, int] = {}
    for entry, transfer in batch:
        try:
            blobs |= _write_attachments(broker, peer, medium, entry)
        except HubError as error:
            if error.code == "partner-unreachable":
                raise
            done.left.append((entry.envelope_id, error.code))
            continue
        write = partial(_write_file, broker, peer, medium, done)
        statement = None if transfer.statement is None else write(transfer.statement)
        packed.append(PackedTransfer(sealed=write(transfer.sealed), statement=statement, hops=transfer.hops))
    done.envelopes += len(packed)
    done.attachments += len(blobs)
    done.blobs |= blobs.keys()
    return _Written(transfers=tuple(packed), attachments=tuple(blobs.items()))


def _write_attachments(broker: Broker, peer: str, medium: Medium, entry: OutboxEntry) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for name in entry.attachments:
        sizes[name] = serve_part(broker, peer, name).size_bytes
        medium.fill(
            attachment_of(broker.agency, peer, name),
            sizes[name],
            lambda offset, name=name: serve_part(broker, peer, name, offset).parts,  # type: ignore[misc]
        )
    return sizes


def _write_file(broker: Broker, peer: str, medium: Medium, done: Exported, raw: bytes) -> str:
    name = digest(raw).hex()
    medium.write(file_of(broker.agency, peer, name), raw)
    done.files.add(name)
    return name


def _write_bundle(
    broker: Broker,
    partner: Counterparty,
    medium: Medium,
    written: _Written,
    receipts: Sequence[bytes],
    ids: Sequence[str],
    done: Exported,
) -> None:
    """Write a list last, when all that it names is there."""
    peer = partner.row.agency
    bundle = Bundle(
        by=broker.agency,
        to=peer,
        issued_at=_whole(broker.clock.now()),
        transfers=written.transfers,
        receipts=tuple(_write_file(broker, peer, medium, done, raw) for raw in receipts),
        attachments=written.attachments,
        taken=tuple(ids),
    )
    raw = sign_bundle(bundle, keys=broker.keyring.signing(), suite=partner.suite)
    name = digest(raw).hex()
    medium.write(f"{bundles_of(broker.agency, peer)}/{name}", raw)
    done.bundles.add(name)
    done.receipts += len(receipts)


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def _tidy(broker: Broker, peer: str, medium: Medium, done: Exported) -> None:
    """Remove what an earlier export of ours left there: it was answered, or may no longer go."""
    folder = f"{broker.agency}/{peer}"
    meant = {"bundles": done.bundles, "files": done.files, "attachments": done.blobs}
    for kind, names in meant.items():
        for name in medium.names(f"{folder}/{kind}"):
            if name not in names:
                medium.remove(f"{folder}/{kind}/{name}")
