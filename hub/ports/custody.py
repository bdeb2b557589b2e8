"""The steps that the keys of this hub's agency take, beside their use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class KeyFacts:
    """What is known of one key; never its private half.

    `state` is next, current, kept, retired or compromised, `since` when it came into it, `where` file or
    token. `kid` is the thumbprint by which envelopes name it. `used_from` and `used_until` bound its time as
    the current key, `destroyed_at` is when its private half was destroyed. `logged` is false while the audit
    log does not have its last step yet.
    """

    key_id: str
    purpose: str
    state: str
    where: str
    made_at: datetime
    since: datetime
    kid: str | None = None
    used_from: datetime | None = None
    used_until: datetime | None = None
    destroyed_at: datetime | None = None
    why: str | None = None
    logged: bool = True


class Custody(Protocol):
    """Where keys are made, take over and end. Each step is durable in the key store when it returns.

    Every step that is not logged shows in `inventory` until `note_logged` says that it is.
    """

    def inventory(self) -> Sequence[KeyFacts]:
        """Return every key there ever was."""
        ...

    def make_next(self, purpose: str, *, at: datetime) -> KeyFacts:
        """Make the next key of a purpose; one that is made already stays the next."""
        ...

    def switch(self, purpose: str, *, at: datetime) -> KeyFacts:
        """Make a purpose's next key the current one; raise Refused `not-found` without one."""
        ...

    def retire(self, key_id: str, *, at: datetime) -> KeyFacts:
        """Destroy a key's private half; raise Refused `not-found` and `transition-invalid`."""
        ...

    def compromise(self, key_id: str, *, why: str, at: datetime) -> KeyFacts:
        """Give a key up, with a fresh one in its place where it was current; return the one given up."""
        ...

    def logging(self) -> AbstractContextManager[None]:
        """Keep out, until the block ends, every other process that would log steps."""
        ...

    def note_logged(self, keys: Iterable[KeyFacts]) -> None:
        """Remember that the audit log has these keys as they are told of here.

        A key that took another step meanwhile stays one that is not logged.
        """
        ...
