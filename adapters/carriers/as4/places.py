"""What one carrier keeps, as files that last: messages whole and encrypted, signals as they went or came.

| folder | holds |
|---|---|
| `sent` | messages of ours without a settled receipt: the content's SHA-256, the Content-Type, the body |
| `asked` | which of them the partner has, and has not answered |
| `receipts`, `errors` | what answered: signed by the partner, or not |
| `doubted` | of which of them an answer proves nothing: why |
| `arrived` | messages of the partner without a verdict: the Content-Type, the body |
| `refused` | messages of the partner that no longer hold, by a number and a code |
| `answers` | our signals, each with the SHA-256 of the content that it is for; a repeat gets it again |
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from adapters.carriers import durable
from adapters.carriers.names import as_name
from hub.errors import OurFault

_DAY_S: Final = 86_400
#: What stands before a body: digests and a Content-Type.
_HEAD_BYTES: Final = 4096


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A message of ours, byte for byte as each try sends it."""

    digest: bytes
    media_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """A message of the partner as it came, and when."""

    media_type: str
    body: bytes = field(repr=False)
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A signal of ours, and the digest of the content that it answers."""

    digest: bytes
    signal: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Places:
    """The folders of one carrier's state; messages are bounded."""

    state: Path
    max_bytes: int

    def keep_sent(self, parcel_id: str, content: bytes, message: tuple[str, bytes]) -> Sent:
        """Keep a message of ours before it goes, and return it."""
        sent = Sent(digest=sha256(content).digest(), media_type=message[0], body=message[1])
        head = f"{sent.digest.hex()}\n{sent.media_type}\n".encode()
        durable.write(self._path("sent", parcel_id), head + sent.body)
        return sent

    def sent(self, parcel_id: str) -> Sent | None:
        """Return a message of ours that is not settled."""
        raw = self._read("sent", parcel_id)
        if raw is None:
            return None
        digest, media_type, body = _three(raw)
        return Sent(digest=bytes.fromhex(digest), media_type=media_type, body=body)

    def keep_arrived(self, parcel_id: str, media_type: str, body: bytes) -> bool:
        """Keep a message as it came; False where another came first under its id, and stays."""
        return self._keep("arrived", parcel_id, media_type.encode() + b"\n" + body)

    def arrived(self, parcel_id: str) -> Arrived | None:
        """Return a message of the partner that has no verdict."""
        path = self._path("arrived", parcel_id)
        raw = self._read("arrived", parcel_id)
        try:
            at = datetime.fromtimestamp(path.lstat().st_mtime, UTC)
        except FileNotFoundError:
            return None
        if raw is None:
            return None
        media_type, _, body = raw.partition(b"\n")
        return Arrived(media_type=media_type.decode(), body=body, at=at)

    def put_apart(self, parcel_id: str, code: str) -> None:
        """Put a message that no longer holds apart, under a number and why."""
        path = self._path("arrived", parcel_id)
        refused = self.state / "refused"
        refused.mkdir(parents=True, exist_ok=True)
        path.rename(refused / f"{path.lstat().st_ino}.{code}")

    def keep_answer(self, parcel_id: str, answer: Answer) -> Answer:
        """Keep our signal for a message, and return the one that was kept first."""
        self._keep("answers", parcel_id, answer.digest.hex().encode() + b"\n" + answer.signal)
        self.remove("arrived", parcel_id)
        kept = self.answer(parcel_id)
        if kept is None:
            raise OurFault("internal", "A signal that was kept cannot be read.")
        return kept

    def answer(self, parcel_id: str) -> Answer | None:
        """Return our signal for a message."""
        raw = self._read("answers", parcel_id)
        if raw is None:
            return None
        digest, _, signal = raw.partition(b"\n")
        return Answer(digest=bytes.fromhex(digest.decode()), signal=signal)

    def keep(self, place: str, parcel_id: str, raw: bytes) -> None:
        """Keep a signal of the partner, or a mark."""
        durable.write(self._path(place, parcel_id), raw)

    def read(self, place: str, parcel_id: str) -> bytes | None:
        """Return what lies in a place under an id."""
        return self._read(place, parcel_id)

    def remove(self, place: str, parcel_id: str) -> None:
        """Let go of what lies in a place; it need not be there."""
        path = self._path(place, parcel_id)
        if path.exists():
            durable.remove(path)

    def ids(self, place: str) -> Iterator[str]:
        """Yield what lies in a place, what came first before the others."""
        yield from (path.name for path in durable.files(self.state / place))

    def forget_answers(self, days: int) -> None:
        """Let go of signals older than some days, for which no repeat comes any more."""
        before = time.time() - days * _DAY_S
        for path in durable.files(self.state / "answers"):
            if path.stat(follow_symlinks=False).st_mtime >= before:
                return
            path.unlink(missing_ok=True)

    def _path(self, place: str, parcel_id: str) -> Path:
        return self.state / place / as_name(parcel_id)

    def _read(self, place: str, parcel_id: str) -> bytes | None:
        return durable.content(self._path(place, parcel_id), self.max_bytes + _HEAD_BYTES)

    def _keep(self, place: str, parcel_id: str, raw: bytes) -> bool:
        """Write a file durably unless there is one, also when two processes do at once; tell whether."""
        path = self._path(place, parcel_id)
        own = path.with_name(f".{path.name}-{os.getpid()}-{os.urandom(8).hex()}")
        durable.write(own, raw)
        try:
            os.link(own, path)
        except FileExistsError:
            return False
        finally:
            durable.remove(own)
        return True


def _three(raw: bytes) -> tuple[str, str, bytes]:
    digest, _, rest = raw.partition(b"\n")
    media_type, _, body = rest.partition(b"\n")
    return digest.decode(), media_type.decode(), body
