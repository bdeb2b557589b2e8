"""How a new hub's keys are guarded: by a file, a passphrase or a token, as `hub init` is told."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from hub.cli.asking import hidden
from hub.config import Config, TokenConfig
from hub.errors import Refused

_Command = TypeVar("_Command", bound=Callable[..., Any])

#: What a token can hold; the rest of the keys lie in files whatever is said.
TOKEN_PURPOSES: Final = ("sign-es256", "decrypt-p256", "token-es256", "tls-authority")
_PASSPHRASE_MIN: Final = 16
_descriptor: Final = click.IntRange(min=0)


def custody_options(command: _Command) -> _Command:
    """Add the options that say how keys are guarded; `told_custody` reads them."""
    options = (
        click.option("--passphrase", is_flag=True, help="Open the keys by a passphrase; it is asked for."),
        click.option(
            "--unlock-fd",
            metavar="N",
            type=_descriptor,
            help="Open them by the passphrase read here.",
        ),
        click.option(
            "--token-module",
            metavar="FILE",
            type=click.Path(path_type=Path, dir_okay=False),
            help="The PKCS #11 module of a token to make keys in.",
        ),
        click.option("--token-label", metavar="TEXT", help="Which of the module's tokens."),
        click.option(
            "--in-token",
            "purposes",
            multiple=True,
            metavar="PURPOSE",
            type=click.Choice(TOKEN_PURPOSES),
            help="Make these keys in it, not all that it can hold.",
        ),
        click.option(
            "--unlock-in-token", is_flag=True, help="The token also opens the keys that lie in files."
        ),
        click.option(
            "--pin-file",
            metavar="FILE",
            type=click.Path(path_type=Path, dir_okay=False, resolve_path=True),
            help="Where its PIN lies, now and later.",
        ),
        click.option("--pin-fd", metavar="N", type=_descriptor, help="Read its PIN from this descriptor."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def told_custody(
    *,
    passphrase: bool,
    unlock_fd: int | None,
    token_module: Path | None,
    token_label: str | None,
    purposes: tuple[str, ...],
    unlock_in_token: bool,
    pin_file: Path | None,
    pin_fd: int | None,
) -> dict[str, Any]:
    """Return what the options say, as `init_hub` takes it; raise Refused `request-invalid`."""
    if (token_module is None) != (token_label is None):
        raise Refused("request-invalid", "--token-module and --token-label go together.")
    if token_module is None and (purposes or unlock_in_token or pin_file or pin_fd is not None):
        raise Refused("request-invalid", "Say which token with --token-module and --token-label.")
    if passphrase + (unlock_fd is not None) + unlock_in_token > 1:
        raise Refused("request-invalid", "Keys in files are opened in one way: name one.")
    from hub.bootstrap.secrets import Source

    token = None
    if token_module is not None and token_label is not None:
        token = TokenConfig(
            module=str(token_module),
            label=token_label,
            purposes=purposes or TOKEN_PURPOSES,
            unlock=unlock_in_token,
            pin_file="" if pin_file is None else str(pin_file),
        )
    return {
        "token": token,
        "passphrase": new_passphrase(unlock_fd) if passphrase or unlock_fd is not None else None,
        "pin": Source(
            descriptor=pin_fd, ask=partial(hidden, "PIN of the token") if sys.stdin.isatty() else None
        ),
    }


def what_opens(config: Config, *, passphrase: bool) -> str:
    """Return the sentence on what to keep safe."""
    if passphrase:
        return "Everything hangs on the passphrase: keep it in a safe, apart from the backups of the rest."
    if config.token is not None and config.token.unlock:
        return (
            f"Everything hangs on the token {config.token.label}: nothing opens the keys in files without it."
        )
    place = config.home / "unlock"
    if config.token is not None:
        return (
            f"Everything hangs on {place} and on the token {config.token.label}: copy the file to a safe, "
            "apart from the backups of the rest; keys in the token are in no backup of the hub."
        )
    return f"Everything hangs on {place}: copy it to a safe, apart from the backups of the rest."


def new_passphrase(descriptor: int | None) -> Any:
    """Return a new passphrase: asked for twice, or read from a descriptor."""
    from hub.bootstrap.secrets import Source, Wanted, read_secret

    wanted = Wanted(called="passphrase", credential="hub-unlock", default=Path("unlock"), option="unlock")
    if descriptor is None:
        secret = read_secret(
            wanted, Source(ask=lambda: hidden("New passphrase of the keys", confirmation_prompt=True))
        )
    else:
        secret = read_secret(wanted, Source(descriptor=descriptor))
    if len(secret) < _PASSPHRASE_MIN:
        raise Refused(
            "request-invalid",
            f"The passphrase has {len(secret)} bytes; at least {_PASSPHRASE_MIN} are needed, "
            "like five words drawn by dice.",
        )
    return secret
