"""The directory of agencies, put together: where it is kept, what fetches it, and our keys in it."""

from __future__ import annotations

from dataclasses import dataclass

from hub.config import Config
from hub.exchange.directory.place import Place
from hub.ports import DirectoryClient, DirectoryKeys
from hub.transport.client import HttpsClient
from hub.transport.directory.fetching import FindPartner
from hub.transport.directory.following import TufDirectoryClient
from keys.directory_keys import FOLDER, FileDirectoryKeys
from keys.keyring import FileKeyring


@dataclass(frozen=True, kw_only=True)
class Federation:
    """What the use cases of the directory are handed besides the broker."""

    place: Place
    client: DirectoryClient
    keys: DirectoryKeys


def federation(
    config: Config, keyring: FileKeyring, *, partner: FindPartner, client: HttpsClient
) -> Federation:
    """Return the directory of a hub; nothing is fetched and no key is read yet."""
    return Federation(
        place=Place(folder=config.directory_dir),
        client=TufDirectoryClient(config.limits, partner=partner, client=client),
        keys=FileDirectoryKeys(config.keys_dir / FOLDER, keyring.sealer),
    )
