"""Media that a courier carries, and what a hub keeps of them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from adapters.carriers.courier import FolderMedium
from hub.ports.medium import Medium

#: Everything of ours on a medium lies in this folder; what else is there is left alone.
FOLDER: Final = "hub-courier"


def medium_in(folder: Path) -> Medium:
    """Return the medium that is mounted in a folder."""
    return FolderMedium(folder / FOLDER)


def kept_for(home: Path, partner: str) -> Medium:
    """Return where a hub keeps what goes back to a partner with the next courier."""
    return FolderMedium(home / "courier" / partner)
