"""How a connection or a request is refused before any application sees it."""

from __future__ import annotations

import json
import ssl
from typing import Final

from hub.codes import CODES

#: What OpenSSL's verification failures mean here (x509_vfy.h); every other one is a certificate not pinned.
_NOT_NOW: Final = frozenset({9, 10})
_TOO_WEAK: Final = frozenset({66, 67, 68})
_UNFIT: Final = frozenset({24, 25, 26, 32, 37, 47, 48, 79})


def unverified(error: ssl.SSLCertVerificationError) -> tuple[str, str]:
    """Return the code for a certificate that was not verified, and words to follow "a certificate that"."""
    if error.verify_code in _NOT_NOW:
        return "certificate-expired", "is not valid now"
    if error.verify_code in _TOO_WEAK:
        return "certificate-weak", f"is too weak: {error.verify_message}"
    if error.verify_code in _UNFIT:
        return "certificate-unfit", f"is not made for this: {error.verify_message}"
    return "certificate-unknown", f"is not from its pinned authority: {error.verify_message}"


def why(error: OSError) -> tuple[str, str]:
    """Return the code and the words for a handshake that failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        code, words = unverified(error)
        return code, f"the client shows a certificate that {words}"
    reason = getattr(error, "reason", None) or type(error).__name__
    return "handshake-failed", f"the handshake failed: {str(reason).lower().replace('_', ' ')}"


def problem_answer(code: str, sentence: str) -> bytes:
    """Return a whole HTTP answer with a problem document, after which the connection is closed."""
    row = CODES[code]
    document = {
        "type": f"urn:hub:problem:{code}",
        "title": row.title,
        "status": row.status,
        "detail": sentence,
        "code": code,
    }
    body = json.dumps(document).encode()
    head = (
        f"HTTP/1.1 {row.status} {code}\r\nContent-Type: application/problem+json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
