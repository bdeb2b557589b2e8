"""SMTP submission (RFC 6409, 8314): always with TLS, and only to a server of the pinned authority."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from hub.errors import PeerFault

#: From here on a server's answer is for good (RFC 5321 §4.2.1).
_FOR_GOOD: Final = 500


@dataclass(frozen=True, kw_only=True)
class Submission:
    """Where mail is handed over, and who we are there. `implicit` is TLS from the first byte."""

    host: str
    port: int
    implicit: bool
    context: ssl.SSLContext = field(repr=False)
    user: str | None
    password: str = field(repr=False, default="")
    timeout_s: int = 60

    def send(self, message: bytes, *, sender: str, recipient: str) -> None:
        """Hand a message over; when this returns the server has taken charge of it.

        Raises PeerFault `handshake-failed`, `partner-unreachable`, or `delivery-failed` where the server
        refuses the message for good.
        """
        with _told(), self._connected() as server:
            server.sendmail(sender, [recipient], message)

    def check(self) -> None:
        """Connect, prove who we are, and go."""
        with _told(), self._connected() as server:
            server.noop()

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        if self.implicit:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=self.timeout_s, context=self.context
            )
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=self.timeout_s)
        with server:
            if not self.implicit:
                server.starttls(context=self.context)
            if self.user is not None:
                server.login(self.user, self.password)
            yield server


def verified_by(authorities_pem: str) -> ssl.SSLContext:
    """Return a context that believes these authorities and no other, and compares the server's name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=authorities_pem)
    return context


@contextmanager
def _told() -> Iterator[None]:
    """Tell every failure of a submission by its code; what the server says is never passed on in words."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise PeerFault(
            "handshake-failed", f"The mail server's certificate is not believed ({error.verify_message})."
        ) from None
    except ssl.SSLError:
        raise PeerFault("handshake-failed", "The mail server did not agree on TLS.") from None
    except smtplib.SMTPNotSupportedError:
        raise PeerFault("handshake-failed", "The mail server offers no TLS or no login.") from None
    except smtplib.SMTPAuthenticationError:
        raise PeerFault("partner-unreachable", "The mail server does not take our password.") from None
    except smtplib.SMTPRecipientsRefused as error:
        raise _refused(max(code for code, _ in error.recipients.values())) from None
    except smtplib.SMTPResponseException as error:
        raise _refused(error.smtp_code) from None
    except (smtplib.SMTPException, OSError) as error:
        raise PeerFault(
            "partner-unreachable", f"The mail server cannot be used now ({type(error).__name__})."
        ) from None


def _refused(code: int) -> PeerFault:
    if code >= _FOR_GOOD:
        return PeerFault("delivery-failed", f"The mail server refuses the message for good ({code}).")
    return PeerFault("partner-unreachable", f"The mail server cannot take it now ({code}).")
