"""How officers show who they are at the command line: a prompt for people, a descriptor for scripts."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from hub.cli.asking import hidden
from hub.cli.home import acts
from hub.errors import Refused
from hub.exchange.accounts import authenticate
from hub.exchange.broker import Broker
from hub.records.actor import Actor

_MAX_BYTES: Final = 8192
_Command = TypeVar("_Command", bound=Callable[..., Any])

password_fd_option: Final = click.option(
    "--password-fd",
    metavar="N",
    type=click.IntRange(min=0),
    help="Read the secrets from this descriptor, a line each, instead of asking.",
)


def officer_options(command: _Command) -> _Command:
    """Add the options by which an officer signs in: `--as NAME` and `--password-fd N`."""
    named = click.option(
        "--as",
        "officer",
        envvar="HUB_OFFICER",
        show_envvar=True,
        required=True,
        metavar="NAME",
        help="The officer who acts; password and code are asked for.",
    )
    return named(password_fd_option(command))


def sign_in(broker: Broker, officer: str, password_fd: int | None) -> Actor:
    """Return the officer once password and code are right. Secrets never stand on the command line."""
    return sign_in_to_sign(broker, officer, password_fd)[0]


def sign_in_to_sign(broker: Broker, officer: str, password_fd: int | None) -> tuple[Actor, str]:
    """Return the officer, and the password, which opens the officer's signing key too."""
    if password_fd is None:
        password = hidden("Password")
        code = click.prompt("Code", err=True)
    else:
        password, code = _lines(password_fd, ("the password", "the code"))
    return acts(authenticate(broker, name=officer, password=password, code=code.strip())), password


def new_password(password_fd: int | None) -> str:
    """Return a new password: asked for twice, or one line of a descriptor."""
    if password_fd is None:
        return hidden("New password", confirmation_prompt=True)
    return _lines(password_fd, ("the password",))[0]


def _lines(descriptor: int, expected: tuple[str, ...]) -> list[str]:
    try:
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            lines = stream.read(_MAX_BYTES).decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise Refused("request-invalid", f"Descriptor {descriptor} cannot be read as text.") from None
    if len(lines) != len(expected):
        raise Refused(
            "request-invalid",
            f"Descriptor {descriptor} holds {len(lines)} lines; {len(expected)} are expected: "
            f"{' and '.join(expected)}.",
        )
    return lines
