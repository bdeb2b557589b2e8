"""A running hub follows the directory at another by itself, and its traffic does not depend on it."""

from __future__ import annotations

import json
import signal
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import urllib3

from demo.ports import free_ports
from hub.bootstrap.making import init_hub
from hub.bootstrap.opening import Hub, open_hub
from hub.exchange.directory.place import State
from hub.exchange.partners import pair
from hub.federation.card import fingerprint
from tests.exchange.hubs import CUSTODIAN
from tests.wire.commands import answered, typed
from tests.wire.served import start, wait_ready

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def homes(tmp_path: Path) -> Path:
    """Two founders that have pinned one another, and a directory that kz-knb has published."""
    for agency, port in zip(("kz-knb", "kg-gknb"), free_ports(2), strict=True):
        init_hub(tmp_path / agency, agency=agency, port=port)
        with (tmp_path / agency / "hub.toml").open("a") as config:
            config.write("\n[limits]\ndirectory_refresh_s = 0.5\ndirectory_timeout_s = 10\n")
    for ours, theirs in (("kz-knb", "kg-gknb"), ("kg-gknb", "kz-knb")):
        with open_hub(tmp_path / ours) as us, open_hub(tmp_path / theirs) as them:
            card = them.kept_card()
            pair(us.broker, CUSTODIAN, card, confirmed_fingerprint=fingerprint(card))
    ask, first, both = (str(tmp_path / name) for name in ("kg.join", "first", "both"))
    at(tmp_path, "kg-gknb", "join", "--founder", "-o", ask)
    at(tmp_path, "kz-knb", "init", "cis-directory", "--needed", "2", "--founder", ask, "-o", first)
    at(tmp_path, "kg-gknb", "approve", "--yes", first, "-o", both)
    at(tmp_path, "kz-knb", "publish", both)
    return tmp_path


def at(homes: Path, agency: str, *words: str) -> dict[str, Any]:
    return answered(homes / agency, "directory", *words)


@pytest.fixture
def served(homes: Path) -> Iterator[dict[str, tuple[Hub, Callable[[], None]]]]:
    """Both hubs, served; each with what stops it."""
    with ExitStack() as stack:
        found = {}
        for agency in ("kz-knb", "kg-gknb"):
            process = start(homes / agency)

            def stop(process: Any = process) -> None:
                process.send_signal(signal.SIGTERM)
                process.wait(40)

            stack.callback(stop)
            opened = stack.enter_context(open_hub(homes / agency))
            wait_ready(opened)
            found[agency] = (opened, stop)
        yield found


def until(opened: Hub, so: Callable[[State], bool], within_s: float = 60.0) -> State:
    """Return what a hub knows of the directory once it is so."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        state = opened.federation.place.state()
        if so(state):
            return state
        time.sleep(0.1)
    raise AssertionError(opened.federation.place.state())


def test_what_is_published_arrives_and_a_publisher_that_is_gone_stops_nothing(
    homes: Path, served: dict[str, tuple[Hub, Callable[[], None]]]
) -> None:
    words = at(homes, "kz-knb", "status")["root_words"]
    at(homes, "kg-gknb", "join", "--from", "kz-knb", "--confirm", " ".join(words))
    (_, stop_publisher), (follower, _) = served["kz-knb"], served["kg-gknb"]
    at(homes, "kz-knb", "publish", "--give", "cis-member=kg-gknb")
    state = until(follower, lambda now: bool(now.agencies["kg-gknb"].marks))
    assert state.agencies["kg-gknb"].marks == ("kz-knb:cis-member",)
    stop_publisher()
    state = until(follower, lambda now: now.failure is not None)
    assert state.failure is not None
    assert state.failure.code == "directory-unreachable"
    assert "directory-unreachable" in ready(follower, "directory-unreachable")
    refused = typed(homes / "kg-gknb", "partner", "add", "--from-directory", "kz-knb")
    assert "[directory-unreachable]" in refused.stderr
    with follower.store.read() as view:
        assert view.directory.partner("kz-knb") is not None


def ready(opened: Hub, code: str, within_s: float = 20.0) -> list[str]:
    """Return the warnings of a hub that is ready, once a code stands among them."""
    context = ssl.create_default_context(cadata=opened.keyring.tls_files().authority_pem)
    pool = urllib3.PoolManager(ssl_context=context, retries=False, timeout=10)
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        answer = pool.request("GET", f"{opened.config.public_url}/readyz")
        assert answer.status == 200
        told = list(json.loads(answer.data)["warnings"])
        if code in told:
            return told
        time.sleep(0.2)
    return told
