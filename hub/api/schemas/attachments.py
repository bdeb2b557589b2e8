"""Attachments as members and officers see them: content in, content out."""

from __future__ import annotations

from marshmallow import Schema, validate

from hub.api.schemas.basics import (
    Hex,
    View,
    a_justification,
    a_number,
    an_id,
    originator_field,
    version_field,
)

_BYTES_MAX = 2**53 - 1


class AnnounceBody(Schema):
    """An attachment that is to come."""

    size_bytes = a_number(1048576, required=True, strict=True, validate=validate.Range(min=1, max=_BYTES_MAX))


class UploadView(View):
    """How far an upload is."""

    upload_id = an_id(required=True)
    size_bytes = a_number(3145728, required=True)
    chunk_bytes = a_number(
        1048576, "Send at least so many bytes at a time, or all that is left.", required=True
    )
    offset = a_number(1048576, "Where it goes on.", required=True)
    digest = Hex(metadata={"description": "The SHA-256 of the content, once whole; a record names it so."})


class AttachmentReadBody(Schema):
    """Why an attachment is read, and from where on."""

    justification = a_justification("Identification of the person in case 26-114")
    version = version_field(strict=True)
    originator = originator_field()
    offset = a_number(0, strict=True, load_default=0, validate=validate.Range(min=0, max=_BYTES_MAX))
