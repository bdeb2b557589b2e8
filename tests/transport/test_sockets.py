"""Patient sockets: what moves may take its time, and what trickles may not."""

from __future__ import annotations

import socket
import threading

import pytest

from hub.errors import PeerFault
from hub.transport.sockets import PlainSocket
from tests.transport.trickling import trickle


def all_of(sock: socket.socket) -> bytes:
    return b"".join(iter(lambda: sock.recv(65536), b""))


def test_a_request_that_trickles_faster_than_the_smallest_step_ends_too() -> None:
    here, there = socket.socketpair()
    stop = threading.Event()
    thread = threading.Thread(target=trickle, args=(there, stop))
    guard = threading.Timer(10.0, there.close)
    with there, PlainSocket(fileno=here.detach()) as patient:
        patient.begin(patience_s=0.1, bytes_per_s=1_000_000.0)
        thread.start()
        guard.start()
        with pytest.raises(PeerFault, match="request-timeout"):
            all_of(patient)
        guard.cancel()
        stop.set()
        thread.join()


def test_what_is_on_the_wire_is_taken_though_the_time_is_over() -> None:
    here, there = socket.socketpair()
    with there, PlainSocket(fileno=here.detach()) as patient:
        there.sendall(b"a" * 4096)
        patient.begin(patience_s=0.0, bytes_per_s=1_000_000.0)
        assert b"".join(patient.recv(1) for _ in range(4096)) == b"a" * 4096
