"""Ports that are chosen now and listened on later stay free until then."""

from __future__ import annotations

import socket
import subprocess
import sys

from demo.ports import free_ports


def test_ports_differ_are_free_and_are_none_that_the_system_gives_out() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    for port in ports:
        socket.create_server(("127.0.0.1", port)).close()
    with socket.create_server(("127.0.0.1", 0)) as given:
        assert given.getsockname()[1] not in ports


def test_another_process_does_not_choose_a_port_that_is_promised_here() -> None:
    (port,) = free_ports(1)
    ask = f"from demo.ports import _reserved; print(_reserved({port}))"
    asked = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert asked.stdout.strip() == "False"
