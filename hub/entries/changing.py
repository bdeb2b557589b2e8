"""What all rows share: how one that differs is made, and two words of theirs."""

from __future__ import annotations

from enum import Enum
from typing import TypeVar

Row = TypeVar("Row")


def changed(row: Row, **values: object) -> Row:
    """Return a row that differs in these fields; a fifth of the price of `dataclasses.replace`.

    For rows of this module alone: they check nothing when they are made.
    """
    if not values.keys() <= row.__dict__.keys():
        raise TypeError(f"{type(row).__name__} has no such field")
    made = object.__new__(type(row))
    made.__dict__.update(row.__dict__, **values)
    return made


class Priority(Enum):
    """How soon an entry goes out among those that wait for the same partner."""

    FLASH = "flash"
    URGENT = "urgent"
    ROUTINE = "routine"


class Direction(Enum):
    """Whether a record was made here or came from a partner."""

    OUT = "out"
    IN = "in"
