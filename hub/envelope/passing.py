"""An originator's signed record inside another record: its JWS as an object, and back to the same signature.

A JWS signs its texts (`protected`, `payload`) and not the JSON around them (RFC 7515 §5.1), so the object
verifies as the bytes did that came in an envelope.
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.envelope.canonical import canonical
from hub.envelope.encoding import parse_json
from hub.envelope.manifest import AttachmentSecret
from hub.envelope.sealing import read_signed
from hub.errors import PeerFault


def as_object(jws: bytes) -> dict[str, object]:
    """Return a JWS as the object that a passage carries; raise PeerFault `envelope-malformed`."""
    try:
        return parse_json(jws)
    except ValueError as error:
        raise PeerFault("envelope-malformed", f"The signed record cannot be read: {error}.") from None


def attachments_in(signed: Mapping[str, object]) -> tuple[AttachmentSecret, ...]:
    """Return what opens the attachments of a signed record, which was verified before.

    Raises PeerFault `envelope-malformed`.
    """
    return read_signed(as_jws(signed))[0].attachments


def as_jws(signed: Mapping[str, object]) -> bytes:
    """Return the bytes of a JWS that a passage carries."""
    return canonical(dict(signed))
