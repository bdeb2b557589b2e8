"""From the Maildir into folders of ours: each message once, durably there before it is gone here."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from hashlib import sha256
from pathlib import Path
from typing import Final

from adapters.carriers import durable
from adapters.carriers.mail.naming import Naming
from adapters.carriers.mail.reading import Bounce, Incoming, MailParcel, MailReceipt, read_message
from adapters.carriers.verdicts import read_verdict
from adapters.contract import Verdict
from adapters.seals.smime import SmimeSeal
from hub.errors import HubError, IntegrityFailure, PeerFault

#: How many messages are looked at in one go; the others wait their turn.
_MAX_AT_ONCE: Final = 1000


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where what came lies. Files are named by parcel; refused messages by a number and their code."""

    state: Path

    @property
    def parcels(self) -> Path:
        """Return where parcels wait: the Message-ID in one line, then the sealed bytes."""
        return self.state / "parcels"

    @property
    def receipts(self) -> Path:
        """Return where receipts wait, each as the signed structure that proves it."""
        return self.state / "receipts"

    @property
    def bounces(self) -> Path:
        """Return where bounces wait, each as its status in one line."""
        return self.state / "bounces"

    @property
    def sent(self) -> Path:
        """Return where messages of ours wait for a receipt."""
        return self.state / "sent"

    @property
    def refused(self) -> Path:
        """Return where messages lie that are not what they should be, for a person to look at."""
        return self.state / "refused"


@dataclass(frozen=True, kw_only=True)
class Intake:
    """Takes what a mail server delivered."""

    maildir: Path
    places: Places
    naming: Naming
    partner: str
    seal: SmimeSeal
    max_message_bytes: int

    def take(self) -> None:
        """Take every message that waits; what is refused is kept apart with its code."""
        try:
            for path in self._waiting():
                self._take(path)
        except OSError as error:
            raise _unreadable(error) from None

    def check(self) -> None:
        """Raise PeerFault `partner-unreachable` where the mailbox cannot be read."""
        try:
            self._waiting()
        except OSError as error:
            raise _unreadable(error) from None

    def _waiting(self) -> Sequence[Path]:
        found = [entry for name in ("new", "cur") for entry in _entries(self.maildir / name)]
        aged = sorted(found, key=lambda entry: (entry.stat(follow_symlinks=False).st_mtime_ns, entry.name))
        return [Path(entry.path) for entry in aged[:_MAX_AT_ONCE]]

    def _take(self, path: Path) -> None:
        raw = durable.content(path, self.max_message_bytes)
        try:
            if raw is None:
                raise PeerFault(
                    "partner-document-too-large", f"A message has more than {self.max_message_bytes:,} bytes."
                )
            self._store(
                read_message(raw, naming=self.naming, partner=self.partner, max_bytes=self.max_message_bytes)
            )
        except HubError as error:
            self.refuse(path, error.code)
        else:
            durable.remove(path)

    def refuse(self, path: Path, code: str) -> None:
        """Put a file apart, under a number and why it was refused."""
        self.places.refused.mkdir(parents=True, exist_ok=True)
        path.rename(self.places.refused / f"{path.stat(follow_symlinks=False).st_ino}.{code}")

    def _store(self, came: Incoming) -> None:
        if isinstance(came, MailParcel):
            self._store_parcel(came)
        elif isinstance(came, MailReceipt):
            self._store_receipt(came)
        elif isinstance(came, Bounce) and self._waits(came.parcel_id):
            _keep(self.places.bounces / came.parcel_id, came.status.encode())

    def _store_parcel(self, came: MailParcel) -> None:
        """Keep a parcel; where two have one id, the one that the partner's signature proves."""
        path, content = self.places.parcels / came.parcel_id, came.message_id.encode() + b"\n" + came.cms
        there = durable.content(path, self.max_message_bytes)
        if there is not None and there != content:
            before = there.partition(b"\n")[2]
            if self._opens(before) or not self._opens(came.cms):
                raise IntegrityFailure(
                    "envelope-id-reused", "A message came with the id of another that waits."
                )
        if there != content:
            durable.write(path, content)

    def _opens(self, cms: bytes) -> bool:
        try:
            self.seal.open_signed(cms)
        except HubError:
            return False
        return True

    def _store_receipt(self, came: MailReceipt) -> None:
        """Keep a receipt whose signature proves it; a bounce that said otherwise is no longer believed."""
        signed = self.seal.open_signed(came.cms)
        receipt = read_verdict(came.parcel_id, signed.content)
        if receipt is None:
            raise PeerFault("partner-document-malformed", "A signed answer is no receipt for its message.")
        sent = durable.content(self.places.sent / came.parcel_id, self.max_message_bytes)
        if sent is None:
            return  # it was settled
        if receipt.digest != sha256(payload_of(sent)).digest():
            raise IntegrityFailure("receipt-invalid", "A receipt names other bytes than were sent.")
        _keep(self.places.receipts / came.parcel_id, signed.structure)
        durable.remove(self.places.bounces / came.parcel_id)

    def _waits(self, parcel_id: str) -> bool:
        sent, answered = self.places.sent / parcel_id, self.places.receipts / parcel_id
        return sent.exists() and not answered.exists()


def _unreadable(error: OSError) -> PeerFault:
    return PeerFault("partner-unreachable", f"The mailbox cannot be read ({error.strerror}).")


def bounced(status: str) -> Verdict:
    """Return what a bounce comes to: a refusal that nobody signed."""
    return Verdict(
        taken=False,
        code="delivery-failed",
        sentence=f"A mail server says that it could not deliver the message ({status}). Nobody signed this.",
    )


def payload_of(message: bytes) -> bytes:
    """Return the sealed bytes in a message of ours."""
    found = message_from_bytes(message).get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def _keep(path: Path, content: bytes) -> None:
    """Write a file, once: what came first stays."""
    if not path.exists():
        durable.write(path, content)


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from (entry for entry in entries if not entry.name.startswith("."))
    except FileNotFoundError:
        return
