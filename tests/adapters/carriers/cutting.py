"""A TCP proxy that breaks a connection off after so many bytes from the client, and counts them."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Cutting:
    """Passes bytes on until `cut_after` of them went to the server; None passes all."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.cut_after: int | None = None
        self.passed = 0

    def run(self) -> None:
        """Take connections until the listener is closed."""
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            self.passed = 0
            threading.Thread(target=self._up, args=(client, server), daemon=True).start()
            threading.Thread(target=_pump, args=(server, client), daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        # A blocked accept only wakes up when the listener is shut down.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        while part := _receive(client):
            self.passed += len(part)
            if self.cut_after is not None and self.passed > self.cut_after:
                for one in (client, server):
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    one.close()
                return
            try:
                server.sendall(part)
            except OSError:
                return
        server.close()


def _receive(one: socket.socket) -> bytes:
    try:
        return one.recv(65536)
    except OSError:
        return b""


def _pump(source: socket.socket, sink: socket.socket) -> None:
    while part := _receive(source):
        try:
            sink.sendall(part)
        except OSError:
            return
    sink.close()


@contextmanager
def cutting(target: int) -> Iterator[Cutting]:
    """Run such a proxy in front of a port."""
    proxy = Cutting(target)
    threading.Thread(target=proxy.run, daemon=True).start()
    try:
        yield proxy
    finally:
        proxy.close()
