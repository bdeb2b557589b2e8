"""Which hub a command is about, and who acts at the console of its machine."""

from __future__ import annotations

import getpass
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from hub.config import Config, load_config
from hub.errors import Refused
from hub.records.actor import Actor, ActorKind, Role

if TYPE_CHECKING:
    from hub.bootstrap.opening import Hub

home_option: Final = click.option(
    "--home",
    envvar="HUB_HOME",
    required=True,
    show_envvar=True,
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False, resolve_path=True),
    help="The folder that holds the hub.",
)
unlock_option: Final = click.option(
    "--unlock",
    envvar="HUB_UNLOCK",
    show_envvar=True,
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the unlock file is, when it was moved out of the home.",
)


def opened(home: Path, unlock: Path | None = None) -> AbstractContextManager[Hub]:
    """Open the hub in a home: database, keys, directory. The composition is loaded here and not before."""
    from hub.bootstrap.opening import open_hub

    return open_hub(home, unlock=unlock)


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
