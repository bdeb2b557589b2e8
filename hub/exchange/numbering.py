"""The numbers of envelopes: stated by their originator with each carry, and checked where they arrive.

A statement costs one signature a batch and recipient, and one verification where it comes: never one a
record. It is made outside every transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hub.entries import OutboxEntry, StatementRow
from hub.envelope import sealing
from hub.envelope.canonical import digest
from hub.envelope.transfers import (
    TRANSFER_MAX_BYTES,
    Numbered,
    TransferStatement,
    state_transfer,
    verify_transfer,
)
from hub.errors import HubError, IntegrityFailure, PeerFault
from hub.exchange.broker import Broker, Counterparty, Standing
from hub.ports import Transfer


def state_numbers(
    broker: Broker,
    standing: Standing,
    transfers: Iterable[tuple[OutboxEntry, Transfer]],
    *,
    kept: Mapping[str, bytes],
    at: datetime,
) -> Sequence[tuple[OutboxEntry, Transfer]]:
    """Return transfers with their statements: our own newly signed, and `kept` ones as they came."""
    given = list(transfers)
    ours: dict[str, list[Numbered]] = defaultdict(list)
    for entry, transfer in given:
        if entry.number is not None:
            bytes_digest = entry.digest or digest(transfer.sealed)
            ours[entry.recipient].append(
                Numbered(number=entry.number, envelope_id=entry.envelope_id, digest=bytes_digest.hex())
            )
    signed = {
        recipient: state_transfer(
            numbered,
            sender=broker.agency,
            recipient=recipient,
            at=at,
            keys=broker.keyring.signing(),
            suite=standing.partner(recipient).suite,
        )
        for recipient, numbered in ours.items()
    }
    return [
        (entry, replace(transfer, statement=_statement(entry, signed, kept))) for entry, transfer in given
    ]


def _statement(entry: OutboxEntry, signed: Mapping[str, bytes], kept: Mapping[str, bytes]) -> bytes | None:
    if entry.statement is not None:
        return kept.get(entry.statement)
    return signed[entry.recipient] if entry.number is not None else None


@dataclass(frozen=True, kw_only=True)
class Stated:
    """The number that a verified statement gives an envelope, and the statement as it is stored."""

    number: int
    row: StatementRow


@dataclass(frozen=True, kw_only=True)
class Statements:
    """The statements of one request; each is verified once, however many envelopes come with it."""

    broker: Broker
    at: datetime
    verified: dict[tuple[str, str, bytes], tuple[TransferStatement, StatementRow] | HubError] = field(
        default_factory=dict
    )

    def number(self, sender: Counterparty, transfer: Transfer, sealed: sealing.Sealed, to: str) -> Stated:
        """Return the number that the originator states for an envelope to one recipient.

        Raises PeerFault `statement-missing` and `clock-skew`, IntegrityFailure `statement-invalid`.
        """
        if transfer.statement is None:
            raise PeerFault("statement-missing", "The envelope came without its originator's statement.")
        key = (sender.row.agency, to, transfer.statement)
        if key not in self.verified:
            try:
                self.verified[key] = self._verify(sender, to, transfer.statement)
            except HubError as error:
                self.verified[key] = error
        found = self.verified[key]
        if isinstance(found, HubError):
            raise found
        statement, row = found
        numbered = statement.by_envelope.get(sealed.header.envelope_id)
        if numbered is None or numbered.digest != sealed.digest.hex():
            raise IntegrityFailure("statement-invalid", "The transfer statement is about other envelopes.")
        return Stated(number=numbered.number, row=row)

    def _verify(self, sender: Counterparty, to: str, raw: bytes) -> tuple[TransferStatement, StatementRow]:
        if len(raw) > TRANSFER_MAX_BYTES:
            raise IntegrityFailure(
                "statement-invalid", f"The transfer statement has more than {TRANSFER_MAX_BYTES} bytes."
            )
        # With which suites two others speak is for them to pin; a relay takes what the sender's card offers.
        allowed = sender.allowed if to == self.broker.agency else sender.offered
        statement = verify_transfer(raw, by=sender.public, to=to, allowed=allowed)
        if statement.issued_at > self.at + timedelta(seconds=self.broker.limits.clock_skew_s):
            raise PeerFault("clock-skew", "The transfer statement is of a time to come: the clocks differ.")
        row = StatementRow(digest=digest(raw).hex(), signer=statement.sender, at=self.at, raw=raw)
        return statement, row
