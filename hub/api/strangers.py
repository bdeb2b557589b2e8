"""Callers who did not show who they are: refused, and logged without letting them write the log full."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from hub.audit.events import Act
from hub.errors import HubError, failure
from hub.exchange.broker import Broker
from hub.exchange.denying import log_denial

#: Stands for the addresses beyond those that are counted one by one.
_OTHERS = "others"


@dataclass(frozen=True, kw_only=True)
class Stranger:
    """What repeats are counted by; `subject` is the account or member that was named, where it is known.

    An agency that is known here stands in the place of its address: of these there are few, and no number of
    strangers takes the place of one. `thumbprint` is of the certificate that was shown the first time, and
    does not count.
    """

    address: str
    code: str
    operation: str
    act: Act = Act.REFUSED
    subject: str | None = None
    thumbprint: str | None = field(default=None, compare=False)

    @property
    def is_agency(self) -> bool:
        """Tell an agency that is known here from an address on the network."""
        return self.subject is not None and self.address == self.subject


class Strangers:
    """Logs the first refusal of each stranger at once, and of repeats the number, once in a while.

    Each refusal commits durably: were every one logged, anybody on the network could make this hub busy. The
    sum of `times` is the number of refusals; a process that is killed loses what it has counted and not told.
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._lock = Lock()
        self._wait = timedelta(seconds=broker.limits.stranger_log_every_s)
        self._most = broker.limits.strangers_max
        self._counts: dict[Stranger, int] = {}
        self._since: dict[Stranger, datetime] = {}
        self._next: datetime | None = None

    def note(self, stranger: Stranger, error: HubError) -> None:
        """Log a refusal, or count it where the same stranger's was logged a moment ago."""
        self.settle()
        now = self._broker.clock.now()
        with self._lock:
            full = len(self._since) >= self._most and not stranger.is_agency
            if full and stranger not in self._since:
                stranger = Stranger(address=_OTHERS, code=stranger.code, operation=_OTHERS, act=stranger.act)
            if stranger in self._since:
                self._counts[stranger] = self._counts.get(stranger, 0) + 1
                error.logged = True
                return
            self._since[stranger] = now
            self._next = min(self._next or now + self._wait, now + self._wait)
        self._log(stranger, error, 1)

    def settle(self) -> None:
        """Log the counts whose time has come; costs next to nothing until then."""
        now = self._broker.clock.now()
        if self._next is None or now < self._next:
            return
        with self._lock:
            due = [one for one, since in self._since.items() if since + self._wait <= now]
            counted = {one: self._counts.pop(one) for one in due if one in self._counts}
            for one in due:
                # Whoever goes on is counted on; whoever stopped is forgotten.
                if one in counted:
                    self._since[one] = now
                else:
                    del self._since[one]
            self._next = min(self._since.values()) + self._wait if self._since else None
        for one, times in counted.items():
            self._log(one, failure(one.code, "Repeated."), times)

    def _log(self, stranger: Stranger, error: HubError, times: int) -> None:
        shown = {} if stranger.thumbprint is None else {"thumbprint": stranger.thumbprint}
        log_denial(
            self._broker,
            self._broker.itself,
            error,
            operation=stranger.operation,
            subject=stranger.subject,
            act=stranger.act,
            address=stranger.address,
            times=str(times),
            **shown,
        )
