"""Loopback ports for hubs that are started later."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path
from typing import Final

_LOWEST: Final = 10240
_DICE: Final = random.SystemRandom()


def free_ports(count: int) -> list[int]:
    """Return free ports that nobody else takes until this process ends.

    They lie below those that the system gives to connections and to whoever asks for any port, so that none
    of these takes one meanwhile; other processes that choose here are kept off by a lock on a file.
    """
    found: list[int] = []
    below = _first_ephemeral()
    while len(found) < count:
        port = _DICE.randrange(_LOWEST, below)
        if _reserved(port):
            found.append(port)
    return found


def _first_ephemeral() -> int:
    try:
        told = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii")
    except OSError:
        return 32768
    first = int(told.split()[0])
    return first if first > 2 * _LOWEST else 65536


def _reserved(port: int) -> bool:
    """Lock a port's file until this process ends, and tell whether the port is free."""
    folder = Path(tempfile.gettempdir()) / f"hub-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(folder / str(port), os.O_WRONLY | os.O_CREAT, 0o600)  # closed when the process ends
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        os.close(handle)
        return False
    return True
