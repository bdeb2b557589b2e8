"""Which hub a command is about, and who acts at the console of its machine."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from hub.cli.asking import hidden
from hub.config import Config, load_config
from hub.errors import HubError, Refused
from hub.records.actor import Actor, ActorKind, Role

if TYPE_CHECKING:
    from hub.bootstrap.opening import Hub
    from hub.bootstrap.secrets import Unlock

home_option: Final = click.option(
    "--home",
    envvar="HUB_HOME",
    required=True,
    show_envvar=True,
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False, resolve_path=True),
    help="The folder that holds the hub.",
)
_Command = TypeVar("_Command", bound=Callable[..., Any])
_descriptor: Final = click.IntRange(min=0)


def unlock_option(command: _Command) -> _Command:
    """Add the options that say where the secrets come from: `--unlock`, `--unlock-fd` and `--pin-fd`.

    The command is handed all of it as `unlock`, to hand on unread to whatever opens the hub.
    """
    file = click.option(
        "--unlock",
        envvar="HUB_UNLOCK",
        show_envvar=True,
        metavar="FILE",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Where the unlock file is, when it was moved out of the home.",
    )
    descriptor = click.option(
        "--unlock-fd", metavar="N", type=_descriptor, help="Read the unlock secret from this descriptor."
    )
    pin = click.option(
        "--pin-fd", metavar="N", type=_descriptor, help="Read the PIN of the token from this descriptor."
    )
    return file(descriptor(pin(command)))


def gather_secrets(told: dict[str, Any]) -> None:
    """Put together, as `unlock`, what a command line says about where the secrets come from.

    A person is asked at a terminal for what is found nowhere; nothing secret is ever an argument.
    """
    if not {"unlock", "unlock_fd", "pin_fd"} <= told.keys():
        return
    from hub.bootstrap.secrets import Secrets, Source

    asks = sys.stdin.isatty()
    told["unlock"] = Secrets(
        unlock=Source(
            file=told["unlock"],
            descriptor=told.pop("unlock_fd"),
            ask=partial(hidden, "Passphrase of the keys") if asks else None,
        ),
        pin=Source(descriptor=told.pop("pin_fd"), ask=partial(hidden, "PIN of the token") if asks else None),
    )


_ACTS: Final = "hub.cli.acts"


@contextmanager
def opened(home: Path, unlock: Unlock = None) -> Iterator[Hub]:
    """Open the hub in a home: database, keys, directory. The composition is loaded here and not before.

    A refusal of what the one who acts may not do is logged before the hub is closed.
    """
    from hub.bootstrap.opening import open_hub
    from hub.exchange.denying import is_denial, log_denial

    with open_hub(home, unlock=unlock) as hub:
        try:
            yield hub
        except HubError as error:
            if is_denial(error):
                context = click.get_current_context(silent=True)
                operation = "hub" if context is None else context.command_path
                actor = None if context is None else context.meta.get(_ACTS)
                log_denial(hub.broker, actor or administrator(hub.config.agency), error, operation=operation)
            raise


def acts(actor: Actor) -> Actor:
    """Remember who signed in, as the one who acts in this command."""
    if (context := click.get_current_context(silent=True)) is not None:
        context.meta[_ACTS] = actor
    return actor


def config_of(home: Path) -> Config:
    """Return the configuration in a home; raise Refused `home-missing` where there is none."""
    if not (home / "hub.toml").exists():
        raise Refused("home-missing", f"{home} holds no hub; `hub init --home {home} --agency ID` makes one.")
    return load_config(home)


def administrator(agency: str) -> Actor:
    """Return whoever sits at this machine's console: the system account that may read the home.

    The operating system has checked them; every audit event they cause names the account.
    """
    return Actor(
        kind=ActorKind.HUB,
        id=f"local:{getpass.getuser()}",
        agency=agency,
        roles=frozenset({Role.CUSTODIAN, Role.OPERATOR}),
    )
