"""Attachments on their way: in threads of their own, a few for each partner, apart from what is waiting.

A gigabyte takes minutes or hours. It holds up neither its partner's lane, nor another partner, nor the end
of the process: what has arrived stays there, and the next push or fetch goes on from it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, cast

from hub.entries import OutboxEntry, PartnerRow
from hub.errors import HubError, OurFault, PeerFault, Refused, failure
from hub.exchange.attachments import fetch, missing
from hub.exchange.backoff import retry_at
from hub.exchange.broker import Broker
from hub.exchange.switch import watcher
from hub.ports import BlobStore

_REMEMBERED_MAX = 10_000

log = logging.getLogger("hub.attachments")

#: A partner and an attachment; an empty digest stands for all of the partner's.
Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why the last try failed, how many in a row did, and until when there is no other."""

    code: str
    sentence: str
    count: int
    until: datetime


class Streams:
    """Pushes and fetches attachments, at most `attachments_at_once` for each partner."""

    def __init__(self, broker: Broker, *, running: Callable[[], bool], wake: Callable[[str], None]) -> None:
        self._broker = replace(broker, blobs=_breaking_off(broker.blobs, self._refuse_stopping))
        self._running = running
        self._wake = wake
        self._lock = threading.Lock()
        self._under_way: dict[Key, threading.Thread] = {}
        self._pushed: set[Key] = set()
        self._failures: dict[Key, Failure] = {}

    def pushed(self, partner: PartnerRow, entry: OutboxEntry) -> bool:
        """Tell whether an entry's attachments are at the partner; start pushing those that are not.

        Raises what the last push failed with, until the time for another has come.
        """
        keys = [(partner.agency, digest) for digest in entry.attachments]
        with self._lock:
            if entry.reason == "attachment-missing":
                # The partner lost or forgot it since it was pushed.
                self._pushed.difference_update(keys)
            waiting = [key for key in keys if key not in self._pushed]
        for key in waiting:
            self._raise_failure(key)
            self._begin(key, partial(self._push, partner, key))
        return not waiting

    def fetched(self, partner: PartnerRow, digest: str, size_bytes: int) -> bool:
        """Tell whether an attachment that a mailbox names is here; start fetching it when it is not."""
        with self._broker.store.read() as view:
            if not missing(view, self._broker, [digest]):
                return True
        key = (partner.agency, digest)
        self._raise_failure(key)
        self._begin(key, lambda: fetch(self._broker, partner, digest, size_bytes))
        return False

    def _refuse_stopping(self) -> None:
        if not self._running():
            raise Refused("interrupted", "The hub stops; the attachment goes on from here later.")

    def join(self, until: float) -> None:
        """Wait, until a monotonic time, for what is under way to break off; `running` must say no by now."""
        with self._lock:
            threads = list(self._under_way.values())
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _begin(self, key: Key, move: Callable[[], None]) -> None:
        """Move an attachment in a thread of its own, unless it moves already or its partner has enough."""
        with self._lock:
            of_partner = sum(agency == key[0] for agency, _ in self._under_way)
            full = of_partner >= self._broker.limits.attachments_at_once
            if full or key in self._under_way or not self._running():
                return
            thread = threading.Thread(target=self._move, args=(key, move), name="attachment", daemon=True)
            self._under_way[key] = thread
            thread.start()

    def _move(self, key: Key, move: Callable[[], None]) -> None:
        try:
            move()
        except HubError as error:
            log.warning("an attachment was not moved", extra={"code": error.code, "lane": key[0]})
            self._note_failure(key, error)
        except Exception:
            log.exception("an attachment was not moved", extra={"code": "internal", "lane": key[0]})
            self._note_failure(key, OurFault("internal", "Moving the attachment failed; the log says why."))
        else:
            with self._lock:
                self._failures.pop(key, None)
                self._failures.pop((key[0], ""), None)
        finally:
            with self._lock:
                del self._under_way[key]
            self._wake(key[0])

    def _push(self, partner: PartnerRow, key: Key) -> None:
        with self._broker.store.read() as view:
            row = view.attachments.get(key[1])
        if row is None or not row.complete:
            raise PeerFault("attachment-missing", "The attachment to push is not here.")
        blobs = _breaking_off(self._broker.blobs, watcher(self._broker, partner.agency))
        self._broker.carrier.carry_attachment(partner, row.digest, row.size_bytes, blobs)
        with self._lock:
            if len(self._pushed) >= _REMEMBERED_MAX:
                self._pushed.clear()  # forgetting costs one question to the partner each
            self._pushed.add(key)

    def _note_failure(self, key: Key, error: HubError) -> None:
        """Let the attachment rest, or all of the partner's when it is not about this one."""
        about = key if _about_this_one(error) else (key[0], "")
        at, limits = self._broker.clock.now(), self._broker.limits
        with self._lock:
            before = self._failures.get(about)
            count = 1 if before is None else before.count + 1
            if before is None and len(self._failures) >= _REMEMBERED_MAX:
                self._failures.clear()
            until = retry_at(count, at=at, limits=limits)
            code = str(error.details.get("problem") or error.code)
            self._failures[about] = Failure(code=code, sentence=error.sentence, count=count, until=until)

    def _raise_failure(self, key: Key) -> None:
        at = self._broker.clock.now()
        with self._lock:
            found = [self._failures.get(key), self._failures.get((key[0], ""))]
        for last in found:
            if last is not None and at < last.until:
                raise failure(last.code, last.sentence)


def _about_this_one(error: HubError) -> bool:
    """Tell a refusal of one attachment (too large, no room) from a partner that takes none now."""
    status = error.details.get("status")
    answered = isinstance(status, int) and status < 500 and status != 429
    return answered or error.code not in {
        "partner-unreachable",
        "partner-misbehaved",
        "certificate-revoked",
        "revocation-unknown",
    }


class _BreakingOff:
    """A blob store whose streams end with what `refuse` raises between two parts."""

    def __init__(self, blobs: BlobStore, refuse: Callable[[], None]) -> None:
        self._blobs = blobs
        self._refuse = refuse

    def parts(self, digest: str, offset: int = 0) -> Iterator[bytes]:
        return self._while_running(self._blobs.parts(digest, offset))

    def append(self, digest: str, offset: int, parts: Iterable[bytes]) -> int:
        return self._blobs.append(digest, offset, self._while_running(parts))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._blobs, name)

    def _while_running(self, parts: Iterable[bytes]) -> Iterator[bytes]:
        for part in parts:
            self._refuse()
            yield part


def _breaking_off(blobs: BlobStore, refuse: Callable[[], None]) -> BlobStore:
    return cast(BlobStore, _BreakingOff(blobs, refuse))
