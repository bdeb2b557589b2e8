"""Sockets whose peer has to keep going: a stalled body ends the request, not the worker thread."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeVar

from hub.errors import PeerFault

_SLICE_BYTES: Final = 65536
#: What is on the wire already is taken even when the time has run out meanwhile.
_LEAST_S: Final = 0.05
#: How long a request that is late is waited for in such steps: who trickles has no more than that.
_LATE_MAX_S: Final = 0.5

Result = TypeVar("Result")


class _Patient(socket.socket):
    """A connection on which each request has `patience_s`, and more for every byte that moves.

    A request so ends with PeerFault `request-timeout` when it stalls, or runs slower than `bytes_per_s`
    on average; a large upload that moves goes on for as long as it takes.
    """

    _until: float | None = None
    _patience_s = 0.0
    _bytes_per_s = 1.0
    _sending = False
    _late_s = 0.0

    def begin(self, *, patience_s: float, bytes_per_s: float) -> None:
        """Start the time of one request."""
        self._patience_s = patience_s
        self._bytes_per_s = bytes_per_s
        self._sending = False
        self._late_s = 0.0
        self._until = time.monotonic() + patience_s

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Receive within the request's time."""
        data = self._within(partial(super().recv, buflen, flags))
        self._earn(len(data))
        return data

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        """Receive into a buffer within the request's time."""
        room = memoryview(buffer).nbytes if nbytes is None else nbytes
        count = self._within(partial(super().recv_into, buffer, room, flags))
        self._earn(count)
        return count

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send within a time that starts anew with the answer."""
        if self._until is not None and not self._sending:
            self._sending = True
            self._until = time.monotonic() + self._patience_s
        with memoryview(data) as view, view.cast("B") as octets:
            for start in range(0, len(octets), _SLICE_BYTES):
                part = octets[start : start + _SLICE_BYTES]
                self._within(partial(super().sendall, part, flags))
                self._earn(len(part))

    def _earn(self, count: int) -> None:
        if self._until is not None:
            self._until += count / self._bytes_per_s

    def _within(self, step: Callable[[], Result]) -> Result:
        if self._until is None:
            return step()
        told = self.gettimeout()
        began = time.monotonic()
        left = max(self._until - began, _LEAST_S)
        if self._late_s > _LATE_MAX_S:
            raise self._slow()
        self.settimeout(left if told is None else min(told, left))
        try:
            return step()
        except TimeoutError:
            if told is not None and told < left:
                raise
            raise self._slow() from None
        finally:
            late = began >= self._until
            self._late_s = self._late_s + time.monotonic() - began if late else 0.0
            if self.fileno() >= 0:
                self.settimeout(told)

    def _slow(self) -> PeerFault:
        return PeerFault(
            "request-timeout",
            f"The request stalled, or ran slower than {self._bytes_per_s:.0f} bytes a second.",
        )


class PatientSocket(_Patient, ssl.SSLSocket):
    """A patient TLS connection."""


class ProxiedSocket(_Patient):
    """A patient connection from the proxy in front, which did TLS and says whose certificate was shown."""


class PlainSocket(_Patient):
    """A patient connection without TLS, to who signs what it answers."""
