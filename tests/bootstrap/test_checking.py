"""A restored backup: what a hub whose database was set back does, and does not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hub.audit.events import Act
from hub.bootstrap.making import init_hub
from hub.bootstrap.opening import Hub, open_hub
from hub.bootstrap.serving import serve_hub
from hub.errors import HubError
from hub.exchange.log.keeper import LogKeeper
from keys.sealing import Derivation
from tests.cli.conftest import derived


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(Derivation, "derive", derived)  # slow by design; once is enough
    init_hub(tmp_path / "hub", agency="kz-knb", port=1)
    return tmp_path / "hub"


def keep_log(hub: Hub) -> None:
    LogKeeper(hub.broker, hub.config.log_dir).take_turn(at_once=True)


def do_something(hub: Hub) -> None:
    broker = hub.broker
    with broker.store.work() as work:
        work.stage([broker.event(Act.STARTED, broker.itself, broker.agency, broker.clock.now())])
        work.commit()


def test_a_restored_backup_takes_no_change_and_is_not_served(home: Path) -> None:
    database = home / "hub.sqlite3"
    with open_hub(home) as hub:
        keep_log(hub)
    shutil.copy(database, home / "backup")
    with open_hub(home) as hub:
        do_something(hub)
        keep_log(hub)
    shutil.copy(home / "backup", database)
    with open_hub(home) as hub:
        with hub.store.read() as view:
            assert view.log.size() == 1, "one can still look"
        with pytest.raises(HubError) as refused:
            do_something(hub)
        assert refused.value.code == "log-rolled-back"
        assert "runbook" in refused.value.sentence
    with pytest.raises(HubError) as refused:
        serve_hub(home)
    assert refused.value.code == "log-rolled-back"


def test_what_was_not_published_yet_is_no_reason_to_stop(home: Path) -> None:
    with open_hub(home) as hub:
        keep_log(hub)
        do_something(hub)
    with open_hub(home) as hub:
        do_something(hub)
        keep_log(hub)
    with open_hub(home) as hub:
        do_something(hub)
        with hub.store.read() as view:
            assert view.log.waiting(9)


def test_a_published_checkpoint_that_was_altered_stops_changes(home: Path) -> None:
    with open_hub(home) as hub:
        keep_log(hub)
    path = home / "log" / "checkpoint"
    path.write_bytes(path.read_bytes().replace(b"\n1\n", b"\n2\n"))
    with open_hub(home) as hub, pytest.raises(HubError) as refused:
        do_something(hub)
    assert refused.value.code == "checkpoint-signature-invalid"
