"""Calls to one partner's server of its own kind: mutual TLS, a pinned authority, an end to each wait.

Nothing is followed, nothing of the environment is used, and what is answered has a largest size.
"""

from __future__ import annotations

import os
import secrets
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import urllib3
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from urllib3.connection import HTTPSConnection
from urllib3.util import Timeout, parse_url

from adapters.profiles import invalid
from hub.errors import PeerFault

_CHUNK_BYTES: Final = 64 * 1024
_LEAST_S: Final = 0.001


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a server said; header names are in lowercase."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


def context(
    key: PrivateKeyTypes,
    chain: Sequence[x509.Certificate],
    authorities: Sequence[x509.Certificate],
    *,
    tls: str,
) -> ssl.SSLContext:
    """Return a context that shows our certificate and believes these authorities alone."""
    if not authorities:
        raise invalid("it names no authority")
    made = believing(authorities, tls=tls)
    password = secrets.token_hex(16).encode()
    sealed = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password))
    # Python loads keys from files alone: this one is in memory, and its key is encrypted all the same.
    handle = os.memfd_create("tls", os.MFD_CLOEXEC)
    try:
        os.write(handle, sealed + "".join(_pem(each) for each in chain).encode())
        made.load_cert_chain(f"/proc/self/fd/{handle}", password=password)
    except ssl.SSLError:
        raise invalid("the key is not that of the certificate") from None
    finally:
        os.close(handle)
    return made


def believing(authorities: Sequence[x509.Certificate], *, tls: str) -> ssl.SSLContext:
    """Return a context that believes these authorities alone, and shows no certificate of ours.

    With none, it believes those that this machine trusts: for public servers, never for partners.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_3 if tls == "1.3" else ssl.TLSVersion.TLSv1_2
    made.verify_flags |= ssl.VERIFY_X509_STRICT
    made.sslsocket_class = _TimedSocket
    if authorities:
        made.load_verify_locations(cadata="".join(_pem(each) for each in authorities))
    else:
        made.load_default_certs()
    return made


class TlsServer:
    """A server at one address, called over one connection at a time."""

    def __init__(
        self,
        base: str,
        context: ssl.SSLContext,
        *,
        headers: Mapping[str, str],
        connect_timeout_s: int,
        request_timeout_s: int,
        max_bytes: int,
    ) -> None:
        url = parse_url(base)
        if url.scheme != "https" or not url.host or url.auth or url.query or url.fragment:
            raise invalid("the address is not of the form https://HOST[:PORT]/PATH")
        self._path = (url.path or "/").rstrip("/") + "/"
        self._headers = {"Accept-Encoding": "identity", "User-Agent": "hub", **headers}
        self._connect_timeout_s = connect_timeout_s
        self._request_timeout_s = request_timeout_s
        self._max_bytes = max_bytes
        self._pool = urllib3.HTTPSConnectionPool(
            url.host.strip("[]"),
            url.port,
            maxsize=1,
            block=True,
            ssl_context=context,
            assert_hostname=None,
            patience_s=request_timeout_s,
        )
        self._pool.ConnectionCls = _TimedConnection

    def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Send a request below the base and return the whole answer.

        Raises PeerFault `partner-unreachable` where there is none, it comes too slowly or says "later", and
        `partner-misbehaved` where it is too large, leads elsewhere, or another than the pinned side answers.
        """
        try:
            response = self._pool.urlopen(
                method,
                self._path + path,
                body=body,
                headers={**self._headers, **(headers or {})},
                timeout=Timeout(connect=self._connect_timeout_s, read=self._request_timeout_s),
                pool_timeout=self._request_timeout_s,
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            return self._answer(response)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _told(error) from None

    def _answer(self, response: urllib3.BaseHTTPResponse) -> Answer:
        body = bytearray()
        try:
            while part := response.read(_CHUNK_BYTES):
                body += part
                if len(body) > self._max_bytes:
                    raise PeerFault(
                        "partner-misbehaved", f"The partner's answer has more than {self._max_bytes:,} bytes."
                    )
        finally:
            if response.length_remaining != 0:
                response.close()
            response.release_conn()
        if response.status == 429 or response.status >= 500:
            raise PeerFault("partner-unreachable", f"The partner's server answered {response.status}.")
        if 300 <= response.status < 400:
            raise PeerFault(
                "partner-misbehaved", "The partner's server leads elsewhere; that is not followed."
            )
        names = {name.lower(): value for name, value in response.headers.items()}
        return Answer(status=response.status, headers=names, body=bytes(body))


class _TimedSocket(ssl.SSLSocket):
    """A connection whose every wait ends when the request's time is over."""

    until: float | None = None

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        self._shorten()
        return super().recv_into(buffer, nbytes, flags)

    def send(self, data: Any, flags: int = 0) -> int:
        self._shorten()
        return super().send(data, flags)

    def _shorten(self) -> None:
        if self.until is not None:
            left_s = self.until - time.monotonic()
            if left_s <= 0:
                raise TimeoutError("the request took too long")
            self.settimeout(max(left_s, _LEAST_S))


class _TimedConnection(HTTPSConnection):
    """A connection on which each request has its time, from its first byte to the answer's last."""

    def __init__(self, *args: Any, patience_s: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._patience_s = patience_s

    def connect(self) -> None:
        """Connect and shake hands, then start the time of the request."""
        super().connect()
        self._begin()

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send a request in its time."""
        self._begin()
        super().request(*args, **kwargs)

    def _begin(self) -> None:
        if isinstance(self.sock, _TimedSocket):
            self.sock.until = time.monotonic() + self._patience_s


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode("ascii")


def _told(error: BaseException) -> PeerFault:
    cause: object = error
    while isinstance(cause, BaseException) and not isinstance(cause, ssl.SSLError):
        cause = next((inner for inner in cause.args if isinstance(inner, BaseException)), None)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return PeerFault(
            "partner-misbehaved", "Who answers shows a certificate that is not the pinned one's."
        )
    kind = type(cause if isinstance(cause, ssl.SSLError) else error).__name__
    return PeerFault("partner-unreachable", f"The partner could not be reached, or broke off ({kind}).")
