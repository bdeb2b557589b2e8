"""What hub.toml says of policy is in the log before anything is changed under it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub.audit.events import Act
from hub.bootstrap.making import init_hub
from hub.bootstrap.opening import Hub, open_hub
from hub.bootstrap.settings import settings_of
from hub.config import Config, TokenConfig
from hub.exchange.settings import note_settings
from hub.limits import Limits

HOME = Path("/nowhere")


def test_a_setting_is_told_where_it_is_not_at_its_default_and_no_mere_place() -> None:
    assert settings_of(Config(home=HOME, agency="kz-knb", name="Committee", port=9443, database="x")) == {}
    config = Config(
        home=HOME,
        agency="kz-knb",
        witnesses=("cis-atc", "sco-rats"),
        witness_quorum=1,
        release_signed=True,
        algorithms={"sign-es256": "p-256"},
        token=TokenConfig(module="/lib/module.so", label="hub", purposes=("sign-es256",)),
        limits=Limits(witness_missing_max_s=60.0),
    )
    assert settings_of(config) == {
        "witnesses": "cis-atc sco-rats",
        "witness_quorum": "1",
        "release_signed": "true",
        "algorithms.sign-es256": "p-256",
        "token": "hub",
        "token.purposes": "sign-es256",
        "token.unlock": "false",
        "limits.witness_missing_max_s": "60.0",
    }


@contextmanager
def told(home: Path, text: str) -> Iterator[Hub]:
    """Open a home whose hub.toml says so."""
    (home / "hub.toml").write_text(f'agency = "kz-knb"\n{text}')
    with open_hub(home) as hub:
        yield hub


def change(hub: Hub) -> None:
    with hub.store.work() as work:
        work.stage([hub.broker.event(Act.STARTED, hub.broker.itself, "kz-knb", hub.broker.clock.now())])
        work.commit()


def noted(hub: Hub) -> list[dict[str, str]]:
    with hub.store.read() as view:
        found = [event for _, event in view.events(after=0, limit=1000)]
    assert [event.act for event in found][-1] is not Act.POLICY_CHANGED  # it comes before the change
    return [dict(event.details) for event in found if event.act is Act.POLICY_CHANGED]


@pytest.mark.slow
def test_a_policy_that_was_changed_in_its_file_is_logged_before_the_next_change(tmp_path: Path) -> None:
    home = tmp_path / "home"
    init_hub(home, agency="kz-knb")
    with told(home, "") as hub:
        change(hub)
        assert noted(hub) == []
    weak = {"release_secret_officers": "3", "limits.key_overlap_s": "60.0"}
    text = "release_secret_officers = 3\n[limits]\nkey_overlap_s = 60\n"
    first = {**weak, "changed": "limits.key_overlap_s release_secret_officers"}
    with told(home, text) as hub:
        assert noted(hub) == []  # who only looks changes nothing
        for _ in range(2):
            change(hub)
        assert noted(hub) == [first]
    with told(home, text) as hub:
        change(hub)
        assert not note_settings(hub.broker, hub.checked.unchecked, weak)  # as another process would
        assert noted(hub) == [first]
    with told(home, "release_secret_officers = 3\n") as hub:
        change(hub)
        assert noted(hub) == [first, {"release_secret_officers": "3", "changed": "limits.key_overlap_s"}]
    with told(home, "") as hub:
        change(hub)
        assert noted(hub)[2:] == [{"changed": "release_secret_officers"}]
