"""Attachments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class AttachmentRow:
    """One attachment's encrypted bytes: the blob of the same name holds them.

    `digest` is the SHA-256 of the ciphertext (lowercase hex) once `complete`, and a temporary name before.
    `size_bytes` counts ciphertext; how much has arrived is the blob's size. `owner` is the agency that
    announced it and whose quota it uses. `used` tells that a record or an envelope names it; what is never
    used is forgotten, and so is what was `let_go_at` a time because nothing needs it any more. Only where we
    made it: `upload_id`, `plain_digest` (once complete) and `secret_body_id`, the vault-locked opening data.
    """

    digest: str
    size_bytes: int
    owner: str
    created_at: datetime
    complete: bool = False
    used: bool = False
    upload_id: str | None = None
    plain_digest: str | None = None
    secret_body_id: str | None = None
    let_go_at: datetime | None = None
