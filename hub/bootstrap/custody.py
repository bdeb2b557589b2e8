"""Open the keys of a hub as hub.toml says: files, a token, and the secrets that open both."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hub.bootstrap.secrets import Source, Unlock, Wanted, read_secret, secrets_of
from hub.config import Config, TokenConfig
from hub.errors import OurFault, Refused
from keys.keyring import FileKeyring
from keys.policy import KeyPolicy, policy_of
from keys.secret import Secret
from keys.stores import TokenStore

if TYPE_CHECKING:
    from keys.token.session import Token

UNLOCK_IN_TOKEN: Final = "unlock.token"  # noqa: S105 (a file's name)


def open_keys(config: Config, unlock: Unlock = None) -> FileKeyring:
    """Open the key store of a hub; deriving its key takes a noticeable part of a second, by design.

    A token is asked for nothing yet, unless it holds the unlock secret. Raises OurFault `config-invalid`,
    `key-store-invalid` and what a token raises.
    """
    policy, token = policy_for(config), token_for(config, unlock)
    secret = unlock_secret(config, unlock, token)
    try:
        return open_with(config, secret, token, policy)
    finally:
        secret.wipe()


def open_with(config: Config, secret: Secret, token: Token | None, policy: KeyPolicy) -> FileKeyring:
    """Open the key store of a hub with all that it takes."""
    return FileKeyring.open(
        config.keys_dir,
        agency=config.agency,
        unlock=secret.reveal(),
        token=store_in(token),
        policy=policy,
        watch=token,
    )


def unlock_secret(config: Config, unlock: Unlock, token: Token | None) -> Secret:
    """Return the secret that opens the key files, from where it lies."""
    if token is not None and config.token is not None and config.token.unlock:
        from keys.token.unlocking import find_unlock

        return find_unlock(token, config.home / UNLOCK_IN_TOKEN, agency=config.agency)
    return read_secret(unlock_wanted(config.home), secrets_of(unlock).unlock)


def read_unlock(home: Path, unlock: Unlock) -> Secret:
    """Return the unlock secret of a home that has it in a file, or from where it is handed over."""
    return read_secret(unlock_wanted(home), secrets_of(unlock).unlock)


def unlock_wanted(home: Path) -> Wanted:
    """Return what the unlock secret is called and where it is looked for."""
    return Wanted(called="unlock secret", credential="hub-unlock", default=home / "unlock", option="unlock")


def policy_for(config: Config) -> KeyPolicy:
    """Return where keys are made, and how; raise OurFault `config-invalid` for what is not allowed."""
    in_token = () if config.token is None else config.token.purposes
    try:
        return policy_of(algorithms=dict(config.algorithms), in_token=in_token)
    except Refused as refusal:
        raise OurFault("config-invalid", f"hub.toml: {refusal.sentence}") from None


def token_for(config: Config, unlock: Unlock = None) -> Token | None:
    """Return the token that hub.toml names, if it names one. It is opened at its first use."""
    if config.token is None:
        return None
    return token_of(config.token, config.home, secrets_of(unlock).pin)


def token_of(told: TokenConfig, home: Path, pin: Source) -> Token:
    """Return a token; only here is python-pkcs11 loaded, which a hub without a token does without."""
    from keys.token.session import Token, TokenAddress

    return Token(TokenAddress(module=Path(told.module), label=told.label), pin_source(told, home, pin))


def store_in(token: Token | None) -> TokenStore | None:
    """Return what makes the store of the keys in a token."""
    if token is None:
        return None
    from keys.token.store import TokenKeys

    return partial(TokenKeys, token)


def pin_source(told: TokenConfig, home: Path, pin: Source) -> Callable[[], Secret]:
    """Return what reads the PIN when the token is first opened."""
    wanted = Wanted(
        called="PIN",
        credential="hub-token-pin",
        default=home / (told.pin_file or "token-pin"),
        option="pin",
    )
    return partial(read_secret, wanted, pin)
