"""How a connection or a request is refused before any application sees it."""

from __future__ import annotations

import json
import ssl
from typing import Final

from hub.codes import CODES

#: OpenSSL's reasons that mean "not valid at this time": not yet, no longer.
NOT_NOW: Final = frozenset({9, 10})


def why(error: OSError) -> tuple[str, str]:
    """Return the code and the words for a handshake that failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code in NOT_NOW:
            return "certificate-expired", "the client certificate is not valid now"
        return "certificate-unknown", f"the client certificate is not pinned: {error.verify_message}"
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
