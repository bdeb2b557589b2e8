"""Make a hub's home, and renew what runs out in it."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from hub.audit.events import Act
from hub.bootstrap.opening import open_hub, read_unlock
from hub.config import Config
from hub.errors import Refused
from hub.federation.card import check_url
from hub.records.ids import is_agency
from keys.file_store import create_store
from keys.keyring import renew_leaf
from keys.sealing import write_private


def init_hub(
    home: Path,
    *,
    agency: str,
    name: str = "",
    host: str = "127.0.0.1",
    port: int = 8443,
    url: str = "",
    pull: bool = False,
    database: str = "",
    metrics_port: int = 0,
    host_names: Sequence[str] = (),
) -> Config:
    """Make a home: configuration, unlock secret, keys, certificate authority and database.

    Raises Refused `home-exists` when there is one, `request-invalid` for an impossible agency id or url.
    """
    if (home / "hub.toml").exists():
        raise Refused("home-exists", f"{home} already holds a hub.")
    if not is_agency(agency):
        raise Refused("request-invalid", f"{agency!r} is not an agency id, like kz-knb.")
    if url:
        try:
            check_url(url)
        except ValueError as error:
            raise Refused("request-invalid", f"{url!r} cannot be put on a card: {error}.") from None
    told = {
        "agency": agency,
        "name": name,
        "host": host,
        "port": port,
        "url": url,
        "pull": pull,
        "database": database,
        "metrics_port": metrics_port,
    }
    at = datetime.now(UTC)
    names = list(dict.fromkeys([*host_names, host, "localhost", "127.0.0.1"]))
    text = "".join(
        f"{key} = {json.dumps(value)}\n" for key, value in told.items() if value not in ("", 0, False)
    )
    with _new_home(home):
        write_private(home / "unlock", secrets.token_hex(32).encode() + b"\n")
        create_store(home / "keys", agency=agency, host_names=names, unlock=read_unlock(home, None), at=at)
        write_private(home / "hub.toml", text.encode())
        with open_hub(home, create=True) as hub:
            broker = hub.broker
            with broker.store.work() as work:
                work.stage([broker.event(Act.KEY_CHANGED, broker.itself, agency, at, step="hub-made")])
                work.commit()
            return hub.config


@contextmanager
def _new_home(home: Path) -> Iterator[None]:
    """Make the folder of a hub, and empty it again when the block fails.

    A folder that holds anything is refused: a new unlock secret would lock out the keys that are there.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(home.iterdir()):
        raise Refused("home-exists", f"{home} is not empty; a hub is made in a new folder.")
    try:
        yield
    except BaseException:
        for left in home.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        raise


def renew_tls(home: Path, *, unlock: Path | None = None, host_names: Sequence[str] = ()) -> x509.Certificate:
    """Replace the certificate that a hub answers and calls with; return the new one.

    Without names it keeps those that the old one has.
    """
    with open_hub(home, unlock=unlock) as hub:
        leaf, broker = hub.keyring.tls_files().certificate, hub.broker
        renew_leaf(hub.keyring, host_names=host_names or _host_names(leaf), at=broker.clock.now())
        renewed = x509.load_pem_x509_certificate(leaf.read_bytes())
        with broker.store.work() as work:
            event = broker.event(
                Act.KEY_CHANGED,
                broker.itself,
                broker.agency,
                broker.clock.now(),
                step="tls-renewed",
                certificate=renewed.fingerprint(hashes.SHA256()).hex(),
            )
            work.stage([event])
            work.commit()
    return renewed


def _host_names(leaf: Path) -> list[str]:
    certificate = x509.load_pem_x509_certificate(leaf.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = map(str, names.get_values_for_type(x509.IPAddress))
    return [*names.get_values_for_type(x509.DNSName), *addresses]
