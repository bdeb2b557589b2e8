"""Where the files of a directory come from: a partner's hub, a web server, a folder or a zip file.

The way they come is not trusted. What is bounded here is how long it takes and how much comes.
"""

from __future__ import annotations

import os
import re
import stat
import time
import zipfile
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Final, Protocol

import urllib3
from tuf.api.exceptions import DownloadHTTPError, DownloadLengthMismatchError
from tuf.ngclient import FetcherInterface
from urllib3.util import Timeout

from hub.entries import PartnerRow
from hub.errors import PeerFault, Refused
from hub.limits import Limits
from hub.records.ids import is_agency
from hub.transport.client import HttpsClient

METADATA: Final = "metadata/"
TARGETS: Final = "targets/"
#: The names that a directory has files under; nothing else is ever asked for or opened.
FILE_NAME: Final = re.compile(
    r"metadata/(?:[1-9][0-9]{0,9}\.)?[a-z][a-z0-9-]{1,80}\.json"
    r"|targets/[a-z][a-z0-9-]{1,80}/[0-9a-f]{64}\.entry\.jws"
)
_CHUNK_BYTES: Final = 64 * 1024
_ZIP_MAX_BYTES: Final = 256 * 1024 * 1024
_NOT_THERE: Final = frozenset({403, 404})

Opened = AbstractContextManager[Iterator[bytes]]
FindPartner = Callable[[str], PartnerRow | None]


class Readable(Protocol):
    """What a web server's answer is read by."""

    def read1(self, amt: int) -> bytes: ...


class BoundedFetcher(FetcherInterface):
    """Fetches for one refresh: all of it within `directory_timeout_s`, each file within a size."""

    def __init__(self, source: str, limits: Limits) -> None:
        self.source = source
        self._limits = limits
        self._until = time.monotonic() + limits.directory_timeout_s
        #: How many bytes came, for those who measure.
        self.bytes_fetched = 0

    @abstractmethod
    def _open(self, name: str, left_s: float) -> Opened:
        """Open a file; its parts are read inside the block. Raise FileNotFoundError when it is not there."""

    def _fetch(self, url: str) -> Iterator[bytes]:
        if not FILE_NAME.fullmatch(url):
            raise DownloadHTTPError("no file of a directory is called so", 404)
        return self._parts(url)

    def _parts(self, name: str) -> Iterator[bytes]:
        count = 0
        try:
            with self._open(name, self._left_s()) as parts:
                for part in parts:
                    self._left_s()
                    count += len(part)
                    self.bytes_fetched += len(part)
                    if count > self._limits.directory_document_max_bytes:
                        raise DownloadLengthMismatchError(f"{name} is larger than any file of a directory")
                    yield part
        except FileNotFoundError:
            raise DownloadHTTPError(f"{name} is not there", 404) from None

    def _left_s(self) -> float:
        left_s = self._until - time.monotonic()
        if left_s <= 0:
            raise PeerFault(
                "directory-slow",
                f"{self.source} took more than {self._limits.directory_timeout_s:g} s for the directory.",
            )
        return left_s

    def _unreachable(self, why: str) -> PeerFault:
        return PeerFault("directory-unreachable", f"The directory cannot be had from {self.source}: {why}.")


class FolderFetcher(BoundedFetcher):
    """Reads a folder, such as one on a courier's medium. Links and devices in it are not opened."""

    @contextmanager
    def _open(self, name: str, left_s: float) -> Iterator[Iterator[bytes]]:
        path = Path(self.source) / name
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            raise FileNotFoundError(name) from None
        except OSError as error:
            raise self._unreachable(f"{name}: {error.strerror}") from None
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise self._unreachable(f"{name} is not a plain file")
            yield _chunks(file)


class ZipFetcher(BoundedFetcher):
    """Reads a zip file as `hub directory publish -o FILE.zip` writes it."""

    @contextmanager
    def _open(self, name: str, left_s: float) -> Iterator[Iterator[bytes]]:
        try:
            if Path(self.source).stat().st_size > _ZIP_MAX_BYTES:
                raise self._unreachable(f"it has more than {_ZIP_MAX_BYTES} bytes")
            with zipfile.ZipFile(self.source) as archive, archive.open(name) as file:
                yield _chunks(file)
        except KeyError:
            raise FileNotFoundError(name) from None
        except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise self._unreachable(f"it is no zip file that can be read ({type(error).__name__})") from None


class WebFetcher(BoundedFetcher):
    """Asks a web server. Its certificate is not checked against a pin: the files prove themselves."""

    def __init__(self, source: str, limits: Limits) -> None:
        super().__init__(source, limits)
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=1, retries=False)

    @contextmanager
    def _open(self, name: str, left_s: float) -> Iterator[Iterator[bytes]]:
        timeout = Timeout(connect=min(self._limits.connect_timeout_s, left_s), read=left_s)
        try:
            response = self._pool.request(
                "GET",
                f"{self.source.rstrip('/')}/{name}",
                headers={"Accept-Encoding": "identity", "User-Agent": "hub"},
                timeout=timeout,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            try:
                self._check(response.status, name)
                yield _read1(response)
            finally:
                response.close()
        except urllib3.exceptions.ReadTimeoutError:
            self._left_s()
            raise self._unreachable("it stalled") from None
        except (urllib3.exceptions.HTTPError, ConnectionError) as error:
            raise self._unreachable(type(error).__name__) from None

    def _check(self, status: int, name: str) -> None:
        if status in _NOT_THERE:
            raise FileNotFoundError(name)
        if status != 200:
            raise self._unreachable(f"it answered {status}")


class PartnerFetcher(BoundedFetcher):
    """Asks a pinned partner's hub over mutual TLS."""

    def __init__(self, partner: PartnerRow, limits: Limits, client: HttpsClient) -> None:
        super().__init__(partner.agency, limits)
        self._partner = partner
        self._client = client

    @contextmanager
    def _open(self, name: str, left_s: float) -> Iterator[Iterator[bytes]]:
        try:
            with self._client.open(self._partner, "GET", f"/directory/{name}") as reply:
                if reply.status in _NOT_THERE:
                    raise FileNotFoundError(name)
                if reply.status != 200:
                    raise self._unreachable(f"it answered {reply.status}")
                yield reply.parts()
        except PeerFault as fault:
            if fault.code.startswith("directory-"):
                raise
            self._left_s()
            raise self._unreachable(fault.sentence.rstrip(".")) from None


def fetcher_for(source: str, limits: Limits, *, partner: FindPartner, client: HttpsClient) -> BoundedFetcher:
    """Return what fetches from a source; raise Refused `partner-unknown` or `request-invalid`.

    What looks like an agency's id is one, whatever folder has that name too: ./kz-knb is a folder.
    """
    if is_agency(source):
        row = partner(source)
        if row is None:
            raise Refused("partner-unknown", f"{source} is not a partner of this hub.")
        return PartnerFetcher(row, limits, client)
    if source.startswith(("https://", "http://")):
        return WebFetcher(source, limits)
    path = Path(source)
    if path.is_dir():
        return FolderFetcher(source, limits)
    if path.is_file():
        return ZipFetcher(source, limits)
    raise Refused(
        "request-invalid",
        f"{source} is no partner, no https:// address, no folder and no zip file to fetch from.",
    )


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while part := file.read(_CHUNK_BYTES):
        yield part


def _read1(response: Readable) -> Iterator[bytes]:
    while part := response.read1(_CHUNK_BYTES):
        yield part
