"""What is written beside a parcel once it is whole: its id, size, digest and time, as canonical JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from adapters.contract import Parcel
from adapters.reading import read_json
from hub.envelope.canonical import canonical
from hub.errors import HubError

MANIFEST_MAX_BYTES: Final = 4096


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a parcel's writer says of it; only who has the parcel's bytes can tell whether it is so."""

    size: int
    digest: str

    def describes(self, content: bytes) -> bool:
        """Tell whether these are the bytes that are meant."""
        return len(content) == self.size and sha256(content).hexdigest() == self.digest


def write_manifest(parcel: Parcel, *, at: datetime) -> bytes:
    """Return the manifest of a parcel that is whole."""
    return canonical(
        {
            "bytes": len(parcel.content),
            "parcel": parcel.parcel_id,
            "sha256": sha256(parcel.content).hexdigest(),
            "written_at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
    )


def read_manifest(parcel_id: str, raw: bytes | None) -> Manifest | None:
    """Read what may be the manifest of a parcel; None for all that is not. Other names in it are let be."""
    if raw is None:
        return None
    try:
        said = read_json(raw, max_bytes=MANIFEST_MAX_BYTES)
    except HubError:
        return None
    if not isinstance(said, dict) or said.get("parcel") != parcel_id:
        return None
    size, digest = said.get("bytes"), said.get("sha256")
    if type(size) is not int or size < 0 or not isinstance(digest, str) or len(digest) != 64:
        return None
    return Manifest(size=size, digest=digest)
