"""Fetching CRLs and asking OCSP over HTTP (RFC 5280 §4.2.1.13, RFC 6960 appendix A).

What comes is signed by the authority, so the way to it is not trusted, and RFC 5280 §8 advises against https.
"""

from __future__ import annotations

import math
import ssl
import time
from collections.abc import Sequence
from typing import Any, Final

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util import Timeout, parse_url

from hub.errors import PeerFault
from hub.transport.sockets import PatientSocket, PlainSocket

_AGENT: Final = "hub"
_OCSP_REQUEST: Final = "application/ocsp-request"
_PART_BYTES: Final = 65536


class _Plain(HTTPConnection):
    """A connection on which an answer, its head included, has one time, however it trickles."""

    def connect(self) -> None:
        super().connect()
        bare: Any = self.sock
        self.sock = PlainSocket(fileno=bare.detach())
        self.sock.settimeout(self.timeout)

    def getresponse(self) -> Any:
        _begin(self.sock, self.timeout)
        return super().getresponse()


class _Tls(HTTPSConnection):
    """The same over TLS."""

    def getresponse(self) -> Any:
        _begin(self.sock, self.timeout)
        return super().getresponse()


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Plain


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Tls


def _begin(sock: object, timeout_s: float | None) -> None:
    assert isinstance(sock, (PlainSocket, PatientSocket))
    assert timeout_s is not None
    sock.begin(patience_s=timeout_s, bytes_per_s=math.inf)


class HttpRevocationClient:
    """Implements `hub.ports.RevocationClient`. `timeout_s` bounds one question from start to end.

    Who answers slowly holds up those who are asked after it for no longer than that.

    An https address is a partner's hub, which is held to the partner's own authorities.
    """

    def __init__(self, *, timeout_s: float) -> None:
        self._timeout_s = timeout_s

    def fetch(self, url: str, *, authorities: Sequence[str], max_bytes: int) -> bytes:
        """Return a CRL; raise PeerFault `revocation-unavailable`."""
        return self._request("GET", url, None, authorities, max_bytes)

    def ask(self, url: str, request: bytes, *, authorities: Sequence[str], max_bytes: int) -> bytes:
        """Return the answer to an OCSP request; raise PeerFault `revocation-unavailable`."""
        return self._request("POST", url, request, authorities, max_bytes)

    def _request(
        self, method: str, url: str, body: bytes | None, authorities: Sequence[str], max_bytes: int
    ) -> bytes:
        until = time.monotonic() + self._timeout_s
        headers = {"User-Agent": _AGENT, "Accept-Encoding": "identity"}
        if body is not None:
            headers["Content-Type"] = _OCSP_REQUEST
        context = _context(authorities) if url.startswith("https:") else None
        with urllib3.PoolManager(num_pools=1, maxsize=1, retries=False, ssl_context=context) as pool:
            pool.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
            try:
                response = pool.request(
                    method,
                    url,
                    body=body,
                    headers=headers,
                    timeout=Timeout(total=self._timeout_s),
                    redirect=False,
                    preload_content=False,
                )
                try:
                    if response.status != 200:
                        raise _unavailable(url, f"it answered {response.status}")
                    return _read(response, url, until, max_bytes)
                finally:
                    response.close()
            except PeerFault as fault:
                if fault.code != "request-timeout":
                    raise
                raise _unavailable(url, "its answer took too long") from None
            except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                raise _unavailable(url, f"it could not be reached ({type(error).__name__})") from None


def _context(authorities: Sequence[str]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.sslsocket_class = PatientSocket
    context.check_hostname = False
    context.load_verify_locations(cadata="\n".join(authorities))
    return context


def _read(response: urllib3.BaseHTTPResponse, url: str, until: float, max_bytes: int) -> bytes:
    answer = bytearray()
    while part := response.read1(_PART_BYTES):
        answer += part
        if len(answer) > max_bytes:
            raise _unavailable(url, f"its answer has more than {max_bytes} bytes")
        if time.monotonic() > until:
            raise _unavailable(url, "its answer took too long")
    return bytes(answer)


def _unavailable(url: str, why: str) -> PeerFault:
    parsed = parse_url(url)
    return PeerFault("revocation-unavailable", f"Nothing was learnt of {parsed.host}: {why}.")
