"""The real command in real processes: made, served, paired, a record sent and received, stopped."""

from __future__ import annotations

import json
import re
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.ports import free_ports
from tests.cli import walk
from tests.cli.conftest import AGENCIES, Moving, Officers
from tests.cli.walk import hub, json_of
from tests.exchange.hubs import agreement_text

pytestmark = pytest.mark.slow

HUB = (sys.executable, "-m", "hub.cli")


@pytest.fixture(autouse=True)
def _others_write_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not compare what commands declare with what is written: hubs that are served write meanwhile."""
    monkeypatch.setattr(walk, "_compare", lambda *_: None)


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    return free_ports(1)[0]


def until(found: Callable[[], bool], *, what: str, seconds: float = 30) -> None:
    """Wait for something that other processes do; they tell nobody when it is done."""
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, f"{what} did not happen in {seconds} s"
        time.sleep(0.1)


def answers(port: int) -> bool:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection(("127.0.0.1", port), 2) as raw, context.wrap_socket(raw) as tls:
            tls.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return tls.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Serve hubs in processes that end with the test."""
    running: list[subprocess.Popen[str]] = []

    def start(home: Path, port: int, *words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*HUB, "serve", "--home", str(home), *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        until(lambda: process.poll() is not None or answers(port), what="serving")
        assert process.poll() is None, process.communicate()
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def ports(homes: Path) -> dict[str, int]:
    """Give each home a port that is free now."""
    free = {}
    for agency in AGENCIES:
        free[agency] = free_port()
        config = homes / agency / "hub.toml"
        config.write_text(re.sub(r"port = \d+", f"port = {free[agency]}", config.read_text()))
    return free


def test_banner_is_one_and_the_log_is_json_lines(
    homes: Path, ports: dict[str, int], tmp_path: Path, serve: Callable[..., Any]
) -> None:
    home, port, log = homes / "kz-knb", ports["kz-knb"], tmp_path / "hub.jsonl"
    log.touch(0o644)  # as a log rotation leaves it
    process = serve(home, port, "--log", str(log))
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert err == ""
    assert out.count("is starting") == 1
    for part in (
        "kz-knb",
        f"https://127.0.0.1:{port}",
        str(home),
        "hub.sqlite3",
        "/docs",
        "hub partner card",
    ):
        assert part in out
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert lines
    assert all({"at", "level", "message"} <= set(line) for line in lines)


def test_machines_read_the_banner_as_one_document(
    homes: Path, ports: dict[str, int], serve: Callable[..., Any]
) -> None:
    process = serve(homes / "kz-knb", ports["kz-knb"], "--json")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    document = json.loads(out)
    assert (document["agency"], document["pid"]) == ("kz-knb", process.pid)


def test_record_drafted_and_released_at_one_console_is_read_at_another(
    homes: Path, ports: dict[str, int], tmp_path: Path, clock: Moving, serve: Callable[..., Any]
) -> None:
    clock.pass_(-180)  # it moves on with each sign-in, and must not overtake the servers' own
    treaty = tmp_path / "treaty.toml"
    treaty.write_text(agreement_text(AGENCIES), encoding="utf-8")
    pins = {}
    for agency in AGENCIES:
        at, card = ("--home", str(homes / agency)), tmp_path / f"{agency}.card"
        pins[agency] = card, json_of(hub("partner", "card", "--out", str(card), *at, "--json"))["fingerprint"]
        assert hub("agreement", "adopt", str(treaty), *at).exit_code == 0
    for agency, other in (AGENCIES, reversed(AGENCIES)):
        card, fingerprint = pins[other]
        at = ("--home", str(homes / agency))
        assert hub("partner", "add", str(card), "--fingerprint", fingerprint, *at).exit_code == 0
        serve(homes / agency, ports[agency], "--log", str(tmp_path / f"{agency}.jsonl"))

    officers = Officers(clock=clock)
    officers.add("aigul", "drafter")
    officers.add("bolat", "releaser")
    document = json_of(hub("record", "template", "spontaneous-information", "--json"))
    document["legal_basis"] = {"agreement": "test-treaty", "articles": ["1"]}
    file = tmp_path / "record.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    row = json_of(officers.act("aigul", "record", "draft", str(file), "--to", "cis-atc", "--json"))
    decided = ("record", "release", row["record_id"], "--digest", row["digest"], "--to", "cis-atc")
    assert officers.act("bolat", *decided).exit_code == 0

    def came_back(status: str) -> bool:
        told = json_of(hub("record", "trace", row["record_id"], "--json"))
        return f"receipt: {status}" in [one["what"] for one in told["timeline"]]

    until(lambda: came_back("accepted"), what="a verified receipt")
    there = ("--home", str(homes / "cis-atc"))
    readers = Officers(clock=clock)
    readers.add("carol", "reader", at=there)
    words = ("record", "read", row["record_id"], "--justification", "it came today", *there, "--json")
    assert json_of(readers.act("carol", *words))["narrative"] == document["narrative"]
    until(lambda: came_back("opened"), what="the receipt of the opening")
