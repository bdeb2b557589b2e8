"""Which text the caller has read: ETag and If-Match over the digest of what waits for another custodian."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from flask import request

from hub.api.room import Header
from hub.errors import Refused
from hub.limits import Limits

_PATTERN: Final = r'^"[0-9a-f]{64}"$'
ETAG: Final = Header(
    name="ETag",
    description="The digest of the text; give it back in If-Match.",
    schema={"type": "string", "pattern": _PATTERN},
)
IF_MATCH: Final = Header(
    name="If-Match",
    description="The ETag of the text that you have read.",
    schema={"type": "string", "pattern": _PATTERN},
    required=True,
)


def text_size(max_bytes: int) -> Callable[[Limits], int]:
    """Return how large a body with a text may be: escaped, a character of it takes up to six bytes."""
    return lambda limits: 6 * max_bytes + limits.request_max_bytes


def etag(digest: bytes) -> Mapping[str, str]:
    """Return the header that names a text."""
    return {"ETag": f'"{digest.hex()}"'}


def read_digest() -> bytes:
    """Return the digest of the text that the caller has read.

    Raises Refused `precondition-missing` without If-Match, `precondition-failed` where it names no text.
    """
    if_match = request.headers.get("If-Match")
    if if_match is None:
        raise Refused("precondition-missing", "Approving takes If-Match with the ETag of what you have read.")
    if not re.fullmatch(_PATTERN, if_match):
        raise Refused("precondition-failed", "If-Match names no text that was proposed; read it again.")
    return bytes.fromhex(if_match.strip('"'))
