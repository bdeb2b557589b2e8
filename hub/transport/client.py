"""Calls to partners: pooled mutual TLS, each partner held to the authority and the agency on its card."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import urllib3
from cryptography import x509
from urllib3.connection import HTTPSConnection
from urllib3.util import Timeout, parse_url

from hub.entries import PartnerRow
from hub.errors import HubError, PeerFault
from hub.federation.card import read_card
from hub.federation.names import agency_in
from hub.limits import Limits
from hub.transport.refusals import unverified
from hub.transport.sockets import PatientSocket
from hub.transport.switchboard import Switchboard, cut_off
from hub.transport.tls import HasTls, client_context

_CONNECTIONS_EACH: Final = 4
_CHUNK_BYTES: Final = 256 * 1024
_RETRY_AFTER_MAX_S: Final = 3600
#: OpenSSL's reasons when the other side does not take our certificate.
_OURS_REFUSED: Final = (
    "UNKNOWN_CA",
    "CERTIFICATE_UNKNOWN",
    "CERTIFICATE_EXPIRED",
    "CERTIFICATE_REQUIRED",
    "BAD_CERTIFICATE",
)
#: Why the certificate of who answers is not taken.
_REFUSALS: Final = frozenset(
    {
        "certificate-expired",
        "certificate-revoked",
        "certificate-unfit",
        "certificate-unknown",
        "certificate-weak",
        "revocation-unknown",
    }
)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer whose body has not been read yet, and the certificate (DER) of who gives it.

    Header names are in lowercase.
    """

    agency: str
    status: int
    headers: Mapping[str, str]
    leaf: bytes | None
    _response: urllib3.BaseHTTPResponse = field(repr=False)

    def read(self, max_bytes: int) -> bytes:
        """Return the whole body; raise PeerFault `partner-misbehaved` when it is larger."""
        body = bytearray()
        for part in self.parts():
            body += part
            if len(body) > max_bytes:
                raise PeerFault(
                    "partner-misbehaved", f"The answer of {self.agency} has more than {max_bytes} bytes."
                )
        return bytes(body)

    def parts(self) -> Iterator[bytes]:
        """Yield the body in pieces, as it comes."""
        with _faults_told(self.agency):
            yield from self._response.stream(_CHUNK_BYTES, decode_content=False)


#: Raises PeerFault unless a leaf (DER) is that of an agency, and in force, and not revoked.
Recognise = Callable[[bytes | None, str], None]


def named(leaf_der: bytes | None, agency: str) -> None:
    """Recognise a leaf by the one agency that it names; its authority is checked in the handshake."""
    try:
        leaf = x509.load_der_x509_certificate(leaf_der or b"")
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        raise PeerFault("certificate-unknown", "The server's certificate names nobody.") from None
    if agency_in(names.get_values_for_type(x509.UniformResourceIdentifier)) != agency:
        raise PeerFault("certificate-unknown", "The server's certificate names another agency.")


class PinnedConnection(HTTPSConnection):
    """A connection that is used only while the other side's leaf is the right agency's."""

    def __init__(
        self,
        *args: Any,
        agency: str,
        limits: Limits,
        recognise: Recognise,
        board: Switchboard,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.agency = agency
        self._limits = limits
        self._recognise = recognise
        self.leaf: bytes | None = None
        self._board = board

    def connect(self) -> None:
        """Connect, shake hands and look at who answers."""
        super().connect()
        self.leaf = self._patient().getpeercert(True)
        self._look()
        self._board.enter(self)
        self._begin(self._limits.carry_timeout_s)

    def break_off(self) -> None:
        """End the connection under whatever thread uses it."""
        if isinstance(self.sock, PatientSocket):
            cut_off(self.sock)

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send a request within its time, once it is known that its receiver was not revoked meanwhile."""
        if self.sock is not None:
            self._look()
            self._begin(self._limits.carry_timeout_s)
        super().request(*args, **kwargs)

    def _look(self) -> None:
        try:
            self._recognise(self.leaf, self.agency)
        except HubError as error:
            self.close()
            if error.code in {"certificate-revoked", "revocation-unknown"}:
                raise
            why = "is not valid now" if error.code == "certificate-expired" else "is not that of its pin"
            raise _not_theirs(self.agency, error.code, why) from None

    def getresponse(self) -> Any:
        """Wait for the answer within the read timeout."""
        self._begin(self.timeout or self._limits.carry_timeout_s)
        return super().getresponse()

    def _begin(self, patience_s: float) -> None:
        rate = self._limits.attachment_chunk_bytes / self._limits.request_timeout_s
        self._patient().begin(patience_s=patience_s, bytes_per_s=rate)

    def _patient(self) -> PatientSocket:
        assert isinstance(self.sock, PatientSocket)
        return self.sock


class HttpsClient:
    """Keeps a bounded pool of connections to each partner and makes it anew when its pin changes."""

    def __init__(
        self,
        keyring: HasTls,
        limits: Limits,
        *,
        recognise: Recognise = named,
        refused: Callable[[str, PeerFault], None] | None = None,
    ) -> None:
        self._keyring = keyring
        self._limits = limits
        self._recognise = recognise
        self._refused = refused
        self._lock = threading.Lock()
        self._board = Switchboard()
        self._pools: dict[str, tuple[tuple[object, ...], urllib3.HTTPSConnectionPool]] = {}

    @contextmanager
    def open(
        self,
        partner: PartnerRow,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | Iterable[bytes] | None = None,
        wait_s: float = 0.0,
    ) -> Iterator[Reply]:
        """Ask a partner; its answer is read inside the block.

        `wait_s` is how long the partner was asked to wait before it answers. A body in parts needs a
        Content-Length among the headers. Raises PeerFault `partner-unreachable` when there is no answer or
        one that says "later" (`retry_after_s` is then in the details), `partner-misbehaved` when it is not
        the pinned partner that answers, `certificate-revoked` and `revocation-unknown` where its certificate
        was taken back or that cannot be found out.
        """
        self._board.refuse(partner.agency)
        pool = self._pool(partner)
        read_s = self._limits.carry_timeout_s + wait_s
        with self._refusals_told(partner.agency), _faults_told(partner.agency):
            response = pool.urlopen(
                method,
                path,
                body=body,
                headers={"Accept-Encoding": "identity", "User-Agent": "hub", **(headers or {})},
                timeout=Timeout(connect=self._limits.connect_timeout_s, read=read_s),
                pool_timeout=max(1, int(self._limits.carry_timeout_s)),
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        try:
            _refuse_later(partner.agency, response)
            names = {name.lower(): value for name, value in response.headers.items()}
            yield Reply(
                agency=partner.agency,
                status=response.status,
                headers=names,
                leaf=getattr(response.connection, "leaf", None),
                _response=response,
            )
            if response.length_remaining == 0:
                # Read to its end, the connection goes back to the pool; otherwise it is closed.
                response.drain_conn()
        finally:
            response.close()
            response.release_conn()

    @contextmanager
    def _refusals_told(self, agency: str) -> Iterator[None]:
        """Tell who wants to know that a certificate was not taken."""
        try:
            yield
        except PeerFault as fault:
            reason = str(fault.details.get("reason", fault.code))
            if self._refused is not None and reason in _REFUSALS:
                self._refused(agency, fault)
            raise

    def cut(self, suspended: Collection[str]) -> None:
        """Break off what moves with these partners, and call none until it is no longer among them."""
        self._board.cut(suspended, self._forget)

    def _forget(self, agency: str) -> None:
        with self._lock:
            known = self._pools.pop(agency, None)
        if known is not None:
            known[1].close()

    def close(self) -> None:
        """Close all idle connections."""
        with self._lock:
            for _, pool in self._pools.values():
                pool.close()
            self._pools.clear()

    def _pool(self, partner: PartnerRow) -> urllib3.HTTPSConnectionPool:
        if partner.url is None:
            raise PeerFault(
                "partner-unreachable", f"{partner.agency} cannot be called; it polls its mailbox here."
            )
        identity = self._keyring.tls_files()
        made_for = (partner.fingerprint, partner.url, identity.certificate.stat().st_mtime_ns)
        with self._lock:
            known = self._pools.get(partner.agency)
            if known is not None and known[0] == made_for:
                return known[1]
            if known is not None:
                known[1].close()
            pool = self._make_pool(partner, partner.url)
            self._pools[partner.agency] = (made_for, pool)
            return pool

    def _make_pool(self, partner: PartnerRow, address: str) -> urllib3.HTTPSConnectionPool:
        url = parse_url(address)
        if url.scheme != "https" or not url.host:
            raise PeerFault("partner-unreachable", f"The address of {partner.agency} is not https://HOST.")
        context = client_context(self._keyring.tls_files(), read_card(partner.card).authorities)
        context.sslsocket_class = PatientSocket
        pool = urllib3.HTTPSConnectionPool(
            url.host,
            url.port,
            maxsize=_CONNECTIONS_EACH,
            block=True,
            ssl_context=context,
            assert_hostname=False,
            agency=partner.agency,
            limits=self._limits,
            recognise=self._recognise,
            board=self._board,
        )
        pool.ConnectionCls = PinnedConnection
        return pool


def _refuse_later(agency: str, response: urllib3.BaseHTTPResponse) -> None:
    """Raise when the answer only says that it cannot be given now."""
    if response.status != 429 and response.status < 500:
        return
    told = response.headers.get("Retry-After", "")
    after_s = (
        min(int(told), _RETRY_AFTER_MAX_S) if told.isascii() and told.isdigit() and len(told) < 9 else None
    )
    raise PeerFault(
        "partner-unreachable",
        f"{agency} answered {response.status}: not now.",
        status=response.status,
        retry_after_s=after_s,
    )


@contextmanager
def _faults_told(agency: str) -> Iterator[None]:
    """Tell what went wrong on the wire in our codes."""
    try:
        yield
    except PeerFault as fault:
        if fault.code != "request-timeout":
            raise
        raise PeerFault("partner-unreachable", f"{agency} stalled while it answered.") from None
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise _told(agency, error) from None


def _told(agency: str, error: BaseException) -> PeerFault:
    cause: object = error
    while isinstance(cause, BaseException) and not isinstance(cause, ssl.SSLError):
        cause = next((inner for inner in cause.args if isinstance(inner, BaseException)), None)
    if isinstance(cause, ssl.SSLCertVerificationError):
        code, words = unverified(cause)
        return _not_theirs(agency, code, words)
    if isinstance(cause, ssl.SSLError) and any(name in (cause.reason or "") for name in _OURS_REFUSED):
        return PeerFault(
            "partner-unreachable",
            f"{agency} does not take our certificate; it may not have pinned our present card.",
            reason="certificate-refused",
        )
    kind = type(cause if isinstance(cause, ssl.SSLError) else error).__name__
    return PeerFault("partner-unreachable", f"{agency} could not be reached, or broke off ({kind}).")


def _not_theirs(agency: str, reason: str, why: str) -> PeerFault:
    return PeerFault(
        "partner-misbehaved", f"Who answers for {agency} shows a certificate that {why}.", reason=reason
    )
