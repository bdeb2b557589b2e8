"""A served hub whose token is taken away and put back, over real mutual TLS: it says so and loses nothing."""

from __future__ import annotations

import json
import signal
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import urllib3

from demo.ports import free_ports
from hub.audit.events import Act
from hub.bootstrap.making import init_hub
from hub.bootstrap.opening import Hub, open_hub
from hub.bootstrap.secrets import Source
from hub.config import TokenConfig
from hub.entries import OutboxEntry
from hub.envelope.suites import Suite
from hub.exchange.agreements import adopt
from hub.exchange.partners import pair
from hub.federation.card import fingerprint
from hub.records.lifecycle import EntryState
from tests.cli.walk import hub as command
from tests.exchange.hubs import CUSTODIAN, agreement_text, released
from tests.servers.postgres import PostgresServer
from tests.servers.softhsm import SoftHsm, soft_hsm
from tests.wire.served import Peer, start, wait_ready

US, THEM = "kz-knb", "cis-atc"
LABEL = "hub kz-knb"
PURPOSES = ("sign-es256", "decrypt-p256", "token-es256", "tls-authority")
WITHIN_S = 90.0

pytestmark = pytest.mark.slow


@pytest.fixture
def hsm(tmp_path: Path) -> Iterator[SoftHsm]:
    with soft_hsm(tmp_path / "hsm") as made:
        made.add_token(LABEL)
        yield made


@contextmanager
def two_hubs(folder: Path, hsm: SoftHsm, *, database: str = "", workers: int = 1) -> Iterator[dict[str, Hub]]:
    """Two hubs that know one another; kz-knb keeps what it can in a token, cis-atc all of it in files."""
    ours, theirs, metrics = free_ports(3)
    (folder / "pin").write_text(hsm.pin)
    (folder / "pin").chmod(0o600)
    token = TokenConfig(module=str(hsm.module), label=LABEL, purposes=PURPOSES, pin_file=str(folder / "pin"))
    told = {"metrics_port": metrics, "database": database}
    init_hub(folder / US, agency=US, port=ours, token=token, pin=Source(), **told)  # type: ignore[arg-type]
    toml = folder / US / "hub.toml"
    toml.write_text(f"workers = {workers}\n" + toml.read_text())
    init_hub(folder / THEM, agency=THEM, port=theirs)
    with ExitStack() as stack:
        hubs = {agency: stack.enter_context(open_hub(folder / agency)) for agency in (US, THEM)}
        for one, other in ((US, THEM), (THEM, US)):
            card = hubs[other].card()
            pair(hubs[one].broker, CUSTODIAN, card, confirmed_fingerprint=fingerprint(card))
            adopt(hubs[one].broker, CUSTODIAN, agreement_text([US, THEM]))
        yield hubs


@contextmanager
def serving(hubs: dict[str, Hub]) -> Iterator[None]:
    processes = [start(hub.config.home) for hub in hubs.values()]
    try:
        for hub in hubs.values():
            wait_ready(hub)
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait(40)


def until(what: Callable[[], bool], told: str) -> None:
    """Look again and again until something is so; the processes under test give no other sign."""
    end = time.monotonic() + WITHIN_S
    while not what():
        assert time.monotonic() < end, f"not within {WITHIN_S} s: {told}"
        time.sleep(0.1)


def entries(hub: Hub) -> list[OutboxEntry]:
    with hub.store.read() as view:
        return list(view.outbox.page(after=0, limit=1000))


def came(hub: Hub) -> list[str]:
    with hub.store.read() as view:
        rows = view.records.page(after=0, limit=1000)
    return [row.record_id for row in rows if row.direction.value == "in"]


def ready(hub: Hub) -> list[str]:
    context = ssl.create_default_context(cadata=hub.keyring.tls_files().authority_pem)
    with urllib3.PoolManager(ssl_context=context, retries=False, timeout=5) as pool:
        answer = pool.request("GET", f"{hub.config.public_url}/readyz")
    assert answer.status == 200
    return list(answer.json()["warnings"])


def metrics(hub: Hub) -> str:
    with urllib3.PoolManager(retries=False, timeout=5) as pool:
        return pool.request("GET", f"http://127.0.0.1:{hub.config.metrics_port}/metrics").data.decode()


def test_a_served_hub_waits_for_its_token_and_drains_when_it_is_back(tmp_path: Path, hsm: SoftHsm) -> None:
    with two_hubs(tmp_path, hsm) as hubs:
        ours, theirs = hubs[US], hubs[THEM]
        out = [released(ours.broker, THEM, narrative=f"No {n}").record_id for n in range(5)]
        back = [released(theirs.broker, US, narrative=f"No {n}").record_id for n in range(3)]
        hsm.take_away()
        with serving(hubs):  # it starts without its token
            until(lambda: {e.reason for e in entries(ours)} == {"token-unavailable"}, "our lane waits")
            until(lambda: all(e.retries for e in entries(theirs)), "theirs was told to come again")
            assert {e.state for e in (*entries(ours), *entries(theirs))} == {EntryState.PENDING}
            assert "token-unavailable" in ready(ours)
            assert "hub_token_up 0.0" in metrics(ours)
            told = json.loads(command("queue", "list", "--home", str(ours.config.home), "--json").stdout)
            assert {entry["reason"] for entry in told["entries"]} == {"token-unavailable"}
            assert not came(ours)
            hsm.put_back()
            drained(ours, theirs, out, back)
            until(lambda: ready(ours) == [], "nothing to warn of")
            assert "hub_token_up 1.0" in metrics(ours)

            hsm.take_away()  # and once more under way
            back += [released(theirs.broker, US, narrative=f"Again {n}").record_id for n in range(2)]
            until(lambda: any(e.retries and e.state is EntryState.PENDING for e in entries(theirs)), "told")
            until(lambda: "token-unavailable" in ready(ours), "readiness warns")
            hsm.put_back()
            drained(ours, theirs, out, back)
        log = (ours.config.home / "serve.log").read_text()
        assert hsm.pin not in log


def test_two_workers_share_a_token_under_load_and_lose_nothing(
    tmp_path: Path, hsm: SoftHsm, postgres: PostgresServer
) -> None:
    with (
        postgres.database(empty=True) as database,
        two_hubs(tmp_path, hsm, database=database, workers=2) as hubs,
    ):
        ours, theirs = hubs[US], hubs[THEM]
        out = [released(ours.broker, THEM, narrative=f"No {n}").record_id for n in range(10)]
        back = [released(theirs.broker, US, narrative=f"No {n}").record_id for n in range(10)]
        with serving(hubs):
            with ThreadPoolExecutor(8) as callers:  # each on a connection of its own, so both workers answer
                told = list(callers.map(lambda _n: handed_over(theirs, ours), range(24)))
            drained(ours, theirs, out, [*back, *told])
            assert ready(ours) == []
        with ours.store.read() as view:
            events = [event for _, event in view.events(after=0, limit=10_000)]
        assert len({event.details["pid"] for event in events if event.act is Act.STARTED}) == 2
    assert "token-unavailable" not in (tmp_path / US / "serve.log").read_text()


def handed_over(theirs: Hub, ours: Hub) -> str:
    """Have a partner hand over a record that a token must open and sign for; return the record's id."""
    peer = Peer(hub=theirs, target=ours)
    record = peer.record()
    (outcome,) = peer.send(peer.seal(record, suite=Suite.CLASSIC_1))
    assert outcome["receipt"] is not None, outcome
    return str(record["id"])


def drained(ours: Hub, theirs: Hub, out: list[str], back: list[str]) -> None:
    """Wait until everything is accepted, and see that each record came once."""

    def accepted() -> bool:
        return {e.state for e in (*entries(ours), *entries(theirs))} == {EntryState.ACCEPTED}

    until(accepted, "both queues drain")
    assert (sorted(came(theirs)), sorted(came(ours))) == (sorted(out), sorted(back))
