"""Connections by who is at the other end, so that a suspension cuts them, whatever thread uses them."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Protocol
from weakref import WeakSet

from hub.errors import PeerFault


def cut_off(sock: ssl.SSLSocket) -> None:
    """End a TLS connection that another thread may be using: its reads and writes fail at once.

    Not SSLSocket.shutdown, which takes the encryption away from under that thread.
    """
    with suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


class Outgoing(Protocol):
    """A connection that we made. Hashed by identity."""

    agency: str

    def break_off(self) -> None: ...


class Switchboard:
    """The connections that we made to partners, and those partners with whom nothing moves now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._live: WeakSet[Outgoing] = WeakSet()
        self._suspended: Collection[str] = frozenset()

    def refuse(self, agency: str) -> None:
        """Raise PeerFault `partner-unreachable` for a partner with whom nothing moves."""
        if agency in self._suspended:
            raise PeerFault("partner-unreachable", f"{agency} is suspended here; it is not called.")

    def enter(self, connection: Outgoing) -> None:
        """Take note of a connection once it is made; refuse it when it was cut meanwhile."""
        with self._lock:
            self._live.add(connection)
        self.refuse(connection.agency)

    def cut(self, suspended: Collection[str], close: Callable[[str], None]) -> None:
        """Break off what moves with these partners; `close` forgets one's idle connections."""
        with self._lock:
            # In this order: who enters after this line is refused, who entered before it is cut.
            self._suspended = frozenset(suspended)
            live = [one for one in self._live if one.agency in self._suspended]
        for agency in self._suspended:
            close(agency)
        for connection in live:
            connection.break_off()
