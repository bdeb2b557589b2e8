"""`hub init` makes a home whole or not at all; `hub renew` keeps its certificate valid."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest
from cryptography import x509

from hub.bootstrap.opening import open_hub
from hub.cli.init_serve import without_password
from tests.cli.conftest import Moving
from tests.cli.walk import hub, json_of, refused


def leaf(home: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((home / "keys" / "tls.pem").read_bytes())


def hosts(home: Path) -> set[str]:
    names = leaf(home).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))}


def test_home_is_private_and_its_answer_says_what_is_next(tmp_path: Path) -> None:
    home = tmp_path / "new"
    words = ("--agency", "kz-knb", "--url", "https://hub.knb.example:9000", "--host-name", "192.0.2.7")
    result = hub("init", "--home", str(home), *words)
    assert result.exit_code == 0, result.stderr
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert {stat.S_IMODE((home / name).stat().st_mode) for name in ("unlock", "hub.toml")} == {0o600}
    assert hosts(home) == {"hub.knb.example", "192.0.2.7", "localhost", "127.0.0.1"}
    for part in ("https://hub.knb.example:9000", str(home / "unlock"), f"hub serve --home {home}"):
        assert part in result.stdout


def test_second_init_is_refused_and_changes_nothing(made: Path) -> None:
    before = (made / "kz-knb" / "unlock").read_bytes()
    refused(hub("init", "--home", str(made / "kz-knb"), "--agency", "kz-knb"), "home-exists")
    assert (made / "kz-knb" / "unlock").read_bytes() == before


def test_a_home_that_cannot_be_made_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    home = tmp_path / "file" / "kz-knb"
    said = refused(hub("init", "--home", str(home), "--agency", "kz-knb"), "config-invalid")
    assert f"{home} cannot be made a hub: Not a directory." in " ".join(said.split())


def test_init_never_takes_the_unlock_secret_from_keys_that_lost_their_configuration(homes: Path) -> None:
    home = homes / "kz-knb"
    before = (home / "unlock").read_bytes()
    (home / "hub.toml").unlink()
    refused(hub("init", "--home", str(home), "--agency", "kz-knb"), "home-exists")
    assert (home / "unlock").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--agency", "Nobody"), "request-invalid"),
        (("--agency", "kz-knb", "--host-name", "not a name"), "request-invalid"),
        (("--agency", "kz-knb", "--database", "postgresql://u:pw@127.0.0.1:1/x"), "storage-unavailable"),
    ],
)
def test_failed_init_leaves_nothing_behind(tmp_path: Path, words: tuple[str, ...], code: str) -> None:
    home = tmp_path / "new"
    refused(hub("init", "--home", str(home), *words), code)
    assert not home.exists() or not list(home.iterdir())


def test_renewed_certificate_keeps_its_names_and_is_logged(homes: Path, clock: Moving) -> None:
    home = homes / "kz-knb"
    before, names = leaf(home), hosts(home)
    clock.pass_(300 * 86400)
    document = json_of(hub("renew", "--json"))
    after = leaf(home)
    assert after.not_valid_after_utc > before.not_valid_after_utc
    assert document["valid_until"].startswith(after.not_valid_after_utc.date().isoformat())
    assert hosts(home) == names
    with open_hub(home) as opened, opened.store.read() as view:
        events = [event for _, event in view.events(after=0, limit=1000)]
    assert "tls-renewed" in {event.details.get("step") for event in events}


def test_renewal_takes_other_names_when_told(homes: Path) -> None:
    assert hub("renew", "--host-name", "hub.knb.example").exit_code == 0
    assert hosts(homes / "kz-knb") == {"hub.knb.example"}


def test_serve_without_a_home_is_told_at_once(tmp_path: Path) -> None:
    refused(hub("serve", "--home", str(tmp_path)), "home-missing")


def test_serve_at_a_taken_address_is_told_before_anything_starts(homes: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        config = homes / "kz-knb" / "hub.toml"
        config.write_text(config.read_text().replace("9443", str(taken.getsockname()[1])))
        said = refused(hub("serve"), "listen-failed")
    assert "in use" in said


def test_unlock_secret_that_was_moved_is_named_with_unlock(homes: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    (homes / "kz-knb" / "unlock").rename(moved)
    refused(hub("partner", "list"), "key-store-invalid")
    assert hub("partner", "list", "--unlock", str(moved)).exit_code == 0


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://hub:pa:ss@db.example/hub", "postgresql://hub:…@db.example/hub"),
        ("postgresql://hub@db.example/hub", "postgresql://hub@db.example/hub"),
        ("sqlite:////var/lib/hub/hub.sqlite3", "sqlite:////var/lib/hub/hub.sqlite3"),
    ],
)
def test_database_is_shown_without_its_password(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_unknown_key_is_told_with_those_there_are(homes: Path) -> None:
    config = homes / "kz-knb" / "hub.toml"
    config.write_text(f"prot = 8443\n{config.read_text()}")
    said = refused(hub("partner", "list"), "config-invalid")
    assert "unknown key prot" in said
    assert "and the tables [limits], [token] and [algorithms]" in said


@pytest.mark.parametrize("hour", [0, 23])
def test_books_are_compared_from_an_hour_of_the_day_on(homes: Path, hour: int) -> None:
    toml = homes / "kz-knb" / "hub.toml"
    toml.write_text(f"reconcile_hour = {hour}\n" + toml.read_text())
    assert hub("partner", "list").exit_code == 0


def test_an_hour_that_no_day_has_is_refused(homes: Path) -> None:
    toml = homes / "kz-knb" / "hub.toml"
    toml.write_text("reconcile_hour = 24\n" + toml.read_text())
    assert "an hour from 0 to 23" in refused(hub("partner", "list"), "config-invalid")
