"""Ask a person at the terminal for what nobody may see."""

from __future__ import annotations

import getpass
import warnings

import click

from hub.errors import Refused


def hidden(what: str, *, confirmation_prompt: bool = False) -> str:
    """Ask without showing what is typed; where that cannot be, refuse rather than show it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return str(click.prompt(what, hide_input=True, confirmation_prompt=confirmation_prompt, err=True))
        except getpass.GetPassWarning:
            raise Refused(
                "request-invalid",
                "There is no terminal at which a password can be typed unseen; hand the secrets over with "
                "--password-fd N.",
            ) from None
