"""A secret that we hold ourselves: in memory that can be overwritten, and never shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Secret:
    """Bytes that open something. `wipe` overwrites them; copies that libraries make are out of reach."""

    __slots__ = ("_held",)

    def __init__(self, held: bytes | bytearray) -> None:
        self._held = held if isinstance(held, bytearray) else bytearray(held)

    def __repr__(self) -> str:
        return "Secret()"

    def __len__(self) -> int:
        return len(self._held)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not copied or stored")

    def reveal(self) -> bytearray:
        """Return the bytes themselves, not a copy."""
        return self._held

    def text(self) -> str:
        """Return the secret as text, for libraries that take nothing else."""
        return self._held.decode("utf-8")

    def wipe(self) -> None:
        """Overwrite the bytes, and hold none any more."""
        overwrite(self._held)
        self._held.clear()


def overwrite(held: bytearray) -> None:
    """Put zeros in the place of a secret."""
    held[:] = bytes(len(held))


@contextmanager
def passing(size: int) -> Iterator[bytearray]:
    """Yield memory for a secret that is needed in the block alone; it is overwritten at its end."""
    held = bytearray(size)
    try:
        yield held
    finally:
        overwrite(held)
