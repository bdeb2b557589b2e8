"""The directory as others fetch it from this hub: the files of its repository, and nothing beside them."""

from __future__ import annotations

from hub.errors import Refused
from hub.exchange.directory.place import Place


def served_file(place: Place | None, name: str) -> bytes:
    """Return a file of the repository; raise Refused `not-found`. The name was checked at the door."""
    try:
        if place is not None:
            return (place.repository / name).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        pass
    raise Refused("not-found", "The directory has no file of that name here.")
