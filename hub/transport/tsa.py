"""Asking a time stamping authority (RFC 3161 §3.4): its answer is signed, so the way to it is not trusted."""

from __future__ import annotations

import time
from typing import Final

import urllib3
from urllib3.util import Timeout, parse_url

from hub.errors import PeerFault

_QUERY: Final = {"Content-Type": "application/timestamp-query", "User-Agent": "hub"}
_REPLY: Final = "application/timestamp-reply"
_REPLY_MAX_BYTES: Final = 64 * 1024


def authority_name(url: str) -> str:
    """Return what an authority is called in tables and sentences: where it is, without path or password."""
    parsed = parse_url(url)
    return f"{parsed.scheme}://{parsed.host}" + (f":{parsed.port}" if parsed.port else "")


class HttpTimestampAuthority:
    """Implements `hub.ports.TimestampAuthority`. `timeout_s` bounds one question from start to end."""

    def __init__(self, url: str, *, timeout_s: float) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self.name = authority_name(url)
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=1, retries=False)

    def ask(self, query: bytes) -> bytes:
        """Send a query and return the answer; raise PeerFault `timestamp-unavailable` when there is none."""
        until = time.monotonic() + self._timeout_s
        try:
            response = self._pool.request(
                "POST",
                self._url,
                body=query,
                headers=_QUERY,
                timeout=Timeout(total=self._timeout_s),
                redirect=False,
                preload_content=False,
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._unavailable(f"it could not be reached ({type(error).__name__})") from None
        try:
            if response.status != 200:
                raise self._unavailable(f"it answered {response.status}")
            media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            if media_type != _REPLY:
                raise self._unavailable("its answer is no time stamp")
            return self._read(response, until)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._unavailable(f"it broke off ({type(error).__name__})") from None
        finally:
            response.close()

    def _read(self, response: urllib3.BaseHTTPResponse, until: float) -> bytes:
        answer = bytearray()
        while part := response.read1(_REPLY_MAX_BYTES):
            answer += part
            if len(answer) > _REPLY_MAX_BYTES:
                raise self._unavailable(f"its answer has more than {_REPLY_MAX_BYTES} bytes")
            if time.monotonic() > until:
                raise self._unavailable("its answer took too long")
        return bytes(answer)

    def _unavailable(self, why: str) -> PeerFault:
        return PeerFault("timestamp-unavailable", f"No time stamp from {self.name}: {why}.")
