"""Make a hub's home, and renew what runs out in it."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509

from hub.audit.events import Act
from hub.bootstrap.custody import UNLOCK_IN_TOKEN, open_with, policy_for, store_in, token_of
from hub.bootstrap.opening import open_hub
from hub.bootstrap.secrets import Source, Unlock
from hub.config import Config, TokenConfig, load_config
from hub.errors import OurFault, Refused
from hub.federation.card import check_url
from hub.records.ids import is_agency
from keys.file_store import create_store
from keys.inventory import Where
from keys.keyring import FileKeyring
from keys.sealing import PASSPHRASE_COST, RANDOM_COST, write_private
from keys.secret import Secret

if TYPE_CHECKING:
    from keys.token.session import Token


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
    token: TokenConfig | None = None,
    passphrase: Secret | None = None,
    pin: Source = Source(),  # noqa: B008 - it is frozen
) -> Config:
    """Make a home: configuration, unlock secret, keys, certificate authority and database.

    The unlock secret is written beside the keys, unless a person's `passphrase` or the `token` opens them.
    Raises Refused `home-exists` when there is one, `request-invalid` for an impossible agency id or url, and
    what a token raises.
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
    if token is not None:
        members = {name: value for name, value in asdict(token).items() if value not in ("", False)}
        text += "\n[token]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in members.items())
    with _new_home(home):
        write_private(home / "hub.toml", text.encode())
        keyring = _make_keys(load_config(home), names, at, passphrase=passphrase, pin=pin)
        with _kept(keyring), open_hub(home, create=True, keyring=keyring) as hub:
            broker = hub.broker
            with broker.store.work() as work:
                work.certificates.add(hub.leaf.row())
                work.stage([broker.event(Act.KEY_CHANGED, broker.itself, agency, at, step="hub-made")])
                work.commit()
            return hub.config


def _make_keys(
    config: Config, host_names: Sequence[str], at: datetime, *, passphrase: Secret | None, pin: Source
) -> FileKeyring:
    """Make the unlock secret and the keys, and return them opened."""
    policy = policy_for(config)
    token = None if config.token is None else token_of(config.token, config.home, pin)
    secret = passphrase or _make_unlock(config, token)
    try:
        create_store(
            config.keys_dir,
            agency=config.agency,
            host_names=host_names,
            unlock=secret.reveal(),
            at=at,
            cost=RANDOM_COST if passphrase is None else PASSPHRASE_COST,
            token=store_in(token),
            policy=policy,
            revocation_url=config.revocation_base,
        )
        return open_with(config, secret, token, policy)
    finally:
        secret.wipe()


def _make_unlock(config: Config, token: Token | None) -> Secret:
    if config.token is not None and config.token.unlock and token is not None:
        from keys.token.unlocking import make_unlock

        return make_unlock(token, config.home / UNLOCK_IN_TOKEN, agency=config.agency)
    secret = Secret(secrets.token_hex(32).encode())
    write_private(config.home / "unlock", bytes(secret.reveal()) + b"\n")
    return secret


@contextmanager
def _kept(keyring: FileKeyring) -> Iterator[None]:
    """Destroy in the token what was made there, when the block fails: the home will not know it."""
    try:
        yield
    except BaseException:
        for entry in keyring.inventory().entries:
            if entry.where is Where.TOKEN:
                with suppress(OurFault):
                    keyring.stores[Where.TOKEN].destroy(entry)
        raise


@contextmanager
def _new_home(home: Path) -> Iterator[None]:
    """Make the folder of a hub, and empty it again when the block fails.

    A folder that holds anything is refused: a new unlock secret would lock out the keys that are there.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        filled = any(home.iterdir())
    except OSError as error:
        raise OurFault("config-invalid", f"{home} cannot be made a hub: {error.strerror}.") from None
    if filled:
        raise Refused("home-exists", f"{home} is not empty; a hub is made in a new folder.")
    try:
        yield
    except BaseException:
        for left in home.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        raise


def renew_tls(home: Path, *, unlock: Unlock = None, host_names: Sequence[str] = ()) -> x509.Certificate:
    """Replace the certificate that a hub answers and calls with; return the new one.

    Without names it keeps those that the old one has.
    """
    with open_hub(home, unlock=unlock) as hub:
        return hub.leaf.renew(hub.broker.itself, host_names)
