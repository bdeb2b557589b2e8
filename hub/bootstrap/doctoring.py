"""Examine the keys of a hub, however little of them can be opened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hub.bootstrap.custody import UNLOCK_IN_TOKEN, open_with, policy_for, token_for, unlock_secret
from hub.bootstrap.secrets import Unlock
from hub.config import Config
from hub.errors import HubError
from keys.examining import examine_modes, examine_store
from keys.findings import Finding, fine, wrong
from keys.inventory import Where, read_inventory
from keys.keyring import FileKeyring

if TYPE_CHECKING:
    from keys.token.session import Token

_UNLOCK_FIX: Final = (
    "Hand over the unlock secret this store was made with (--unlock, --unlock-fd, the systemd credential "
    "hub-unlock), or bring the files back with `hub key restore`."
)


def examine_keys(config: Config, unlock: Unlock, *, at: datetime) -> Sequence[Finding]:
    """Return what is found wrong, and what is fine, with a hub's token, key store and clock.

    Changes nothing, and shows a token its PIN at most once. Raises OurFault `config-invalid`.
    """
    policy, token = policy_for(config), token_for(config, unlock)
    findings = list(examine_modes(_private(config)))
    try:
        secret = unlock_secret(config, unlock, token)
    except HubError as failure:
        findings += [*_token_alone(token), _shut(failure, config, token)]
        return findings
    try:
        keyring = open_with(config, secret, token, policy)
    except HubError as failure:
        findings += [*_token_alone(token), _shut(failure, config, token)]
        return findings
    finally:
        secret.wipe()
    findings.append(fine("unlock", "keys", "The unlock secret opens the key store."))
    findings += _token_with_keys(token, keyring)
    findings += examine_store(keyring, at=at)
    return findings


def _private(config: Config) -> Iterator[Path]:
    """Yield what others of this machine must not look into."""
    yield config.home
    for name in ("hub.toml", "unlock", UNLOCK_IN_TOKEN, "token-pin"):
        if (config.home / name).exists():
            yield config.home / name
    if config.keys_dir.is_dir():
        yield config.keys_dir
        yield from sorted(config.keys_dir.iterdir())
    if config.token is not None and config.token.pin_file:
        pin = config.home / config.token.pin_file
        if pin.exists():
            yield pin


def _shut(failure: HubError, config: Config, token: Token | None) -> Finding:
    """Return why the store does not open; what a token has to do with it is told of the token."""
    return wrong("unlock", "keys", failure.sentence, _UNLOCK_FIX, code=failure.code)


def _token_alone(token: Token | None) -> Sequence[Finding]:
    if token is None:
        return ()
    from keys.token.examining import examine_token

    return list(examine_token(token, None, ()))


def _token_with_keys(token: Token | None, keyring: FileKeyring) -> Sequence[Finding]:
    if token is None:
        return ()
    from keys.token.examining import examine_token
    from keys.token.store import TokenKeys

    store = keyring.stores.get(Where.TOKEN)
    inventory = read_inventory(keyring.directory, agency=keyring.agency)
    entries = [entry for entry in inventory.entries if entry.where is Where.TOKEN and entry.held]
    return list(examine_token(token, store if isinstance(store, TokenKeys) else None, entries))
