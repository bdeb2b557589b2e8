"""The nouns of `hub`, each read when it is first named: one command does not pay for all the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module

import click


class Nouns(MutableMapping[str, click.Command]):
    """Commands by name, in the order of the work, from where they are written (`module:attribute`)."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places: dict[str, str | click.Command] = dict(places)

    def __getitem__(self, name: str) -> click.Command:
        """Return a command; its module is imported the first time."""
        found = self._places[name]
        if isinstance(found, str):
            module, _, attribute = found.partition(":")
            found = self._places[name] = getattr(import_module(module), attribute)
        return found

    def __setitem__(self, name: str, command: click.Command) -> None:
        """Put a command in its place."""
        self._places[name] = command

    def __delitem__(self, name: str) -> None:
        """Take a command away."""
        del self._places[name]

    def __iter__(self) -> Iterator[str]:
        """Yield the names; nothing is imported."""
        return iter(self._places)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._places)
