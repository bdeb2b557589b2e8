"""A peer that never stalls and never comes to an end: it sends a byte at a time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_PACE_S = 0.02


def trickle(sock: socket.socket, stop: threading.Event) -> None:
    """Send a byte at a time until told to stop, or until the other side has gone."""
    with suppress(OSError):
        while not stop.wait(_PACE_S):
            sock.sendall(b"a")


@contextmanager
def trickling_server(head: bytes) -> Iterator[str]:
    """Serve one caller an answer that begins with `head` and goes on byte by byte; yield the address."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as door:

        def answer() -> None:
            with suppress(OSError):
                caller, _ = door.accept()
                with caller:
                    caller.recv(65536)
                    caller.sendall(head)
                    trickle(caller, stop)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}/list"
        finally:
            stop.set()
            thread.join()
