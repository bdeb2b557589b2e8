"""Attachments: uploads and reading for members and officers, ciphertext for hubs. All of it streams."""

from __future__ import annotations

from functools import partial

from flask import Response

from hub.api.callers import Door
from hub.api.describing import ACCESS_REFUSED, CONTENT_REFUSED
from hub.api.room import OCTETS, Answer, Call, Room
from hub.api.schemas.attachments import AnnounceBody, AttachmentReadBody, UploadView
from hub.api.scopes import Way
from hub.api.streaming import RANGE, body_parts, count_of, offset_header, range_start, streamed
from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.errors import Refused
from hub.exchange import attachments
from hub.limits import Limits
from hub.records.actor import Role

room = Room("attachments", __name__, description="Attachments, streamed and resumable both ways.")

_OFFSET = offset_header("Upload-Offset", "Where this part begins.")
_NEXT = offset_header("Upload-Offset", "Where the upload goes on.", required=False)
_LENGTH = offset_header("Upload-Length", "How many bytes the whole has.")


def _upload_size(limits: Limits) -> int:
    # Ciphertext is longer than content by 16 bytes a chunk; the exact bound is the use case's.
    return limits.attachment_max_bytes + limits.attachment_max_bytes // 64


@room.operation(
    "POST",
    "/api/v1/attachments",
    door=Door.INSIDE,
    way=Way.SUBMIT,
    roles=[Role.DRAFTER],
    body=AnnounceBody,
    status=201,
    reply=UploadView,
    refusals=["attachment-too-large", "quota-exceeded"],
    trail=writes(Act.ATTACHED),
)
def announce_attachment(call: Call) -> Answer:
    """Announce an attachment; room for it is checked before the first byte."""
    upload_id = attachments.announce(call.broker, call.actor, size_bytes=call.body["size_bytes"])
    return Answer(body=attachments.progress(call.broker, call.actor, upload_id))


@room.operation(
    "GET",
    "/api/v1/attachments/<id:upload_id>",
    door=Door.INSIDE,
    way=Way.SUBMIT,
    roles=[Role.DRAFTER],
    reply=UploadView,
    refusals=["attachment-missing", "decryption-failed"],
    trail=writes_nothing("how far an upload is"),
)
def get_upload(call: Call, upload_id: str) -> Answer:
    """Ask from where an upload goes on."""
    return Answer(body=attachments.progress(call.broker, call.actor, upload_id))


@room.operation(
    "PUT",
    "/api/v1/attachments/<id:upload_id>",
    door=Door.INSIDE,
    way=Way.SUBMIT,
    roles=[Role.DRAFTER],
    raw=OCTETS,
    size=_upload_size,
    takes=[_OFFSET],
    reply=UploadView,
    refusals=[
        "offset-mismatch",
        "conflict",
        "attachment-mismatch",
        "attachment-missing",
        "decryption-failed",
    ],
    trail=writes(Act.ATTACHED, or_nothing="the last byte has not come yet"),
)
def upload_attachment(call: Call, upload_id: str) -> Answer:
    """Send content from an offset on; the connection may break anywhere.

    With the last byte the answer holds the `digest` that a record names the attachment by.
    """
    after = attachments.upload(call.broker, call.actor, upload_id, count_of("Upload-Offset"), body_parts())
    return Answer(body=after)


@room.operation(
    "POST",
    "/api/v1/records/<id:record_id>/attachments/<digest:digest>/read",
    door=Door.INSIDE,
    way=Way.COLLECT,
    roles=[Role.READER],
    body=AttachmentReadBody,
    streams=[200],
    refusals=[
        "attachment-missing",
        "chunk-invalid",
        "attachment-mismatch",
        "range-invalid",
        "conflict",
        "justification-missing",
        *ACCESS_REFUSED,
        *CONTENT_REFUSED,
    ],
    trail=writes(Act.CONSULTED, Act.DISCLOSED),
)
def read_attachment(call: Call, record_id: str, digest: str) -> Response:
    """Read the content of a record's attachment.

    The read and its justification are logged before the content leaves. `digest` is the content's, as the
    record names it. The last piece is sent only after the whole was checked against it.
    """
    parts = attachments.read_attachment(
        call.broker,
        call.actor,
        record_id,
        digest,
        justification=call.body["justification"],
        version=call.body.get("version"),
        originator=call.body.get("originator"),
        offset=call.body["offset"],
        covered=partial(call.who.covers, Way.COLLECT),
    )
    return streamed(parts)


@room.operation(
    "PUT",
    "/exchange/v1/attachments/<digest:digest>",
    door=Door.PARTNER,
    raw=OCTETS,
    size=_upload_size,
    takes=[_OFFSET, _LENGTH],
    gives=[_NEXT],
    status=204,
    refusals=[
        "offset-mismatch",
        "conflict",
        "attachment-mismatch",
        "attachment-too-large",
        "quota-exceeded",
        "partner-unknown",
    ],
    trail=writes(Act.ATTACHED, or_nothing="a part between the first and the last"),
)
def take_attachment(call: Call, digest: str) -> Answer:
    """Send an attachment's ciphertext from an offset on; `digest` is the ciphertext's."""
    after = attachments.receive_part(
        call.broker,
        call.actor.agency,
        digest,
        count_of("Upload-Offset"),
        count_of("Upload-Length"),
        body_parts(),
    )
    return Answer(headers={"Upload-Offset": str(after)})


@room.operation(
    "HEAD",
    "/exchange/v1/attachments/<digest:digest>",
    door=Door.PARTNER,
    gives=[_NEXT],
    refusals=["partner-unknown", "attachment-mismatch", "conflict"],
    trail=writes_nothing("how far an upload is"),
)
def ask_attachment(call: Call, digest: str) -> Answer:
    """Ask from where an attachment goes on that the caller sends; 0 when nothing has come."""
    after = attachments.offset(call.broker, call.actor.agency, digest)
    return Answer(headers={"Upload-Offset": str(after)})


@room.operation(
    "GET",
    "/exchange/v1/attachments/<digest:digest>",
    door=Door.PARTNER,
    takes=[RANGE],
    streams=[200, 206],
    refusals=["range-invalid", "partner-unknown"],
    trail=writes_nothing("ciphertext, for a recipient that the release of its record names"),
)
def give_attachment(call: Call, digest: str) -> Response:
    """Fetch the ciphertext of an attachment that an envelope for the caller carries."""
    start = range_start()
    served = attachments.serve_part(call.broker, call.actor.agency, digest, start or 0)
    left = served.size_bytes - served.offset
    if not left:
        raise Refused("range-invalid", f"The attachment ends at {served.size_bytes}; nothing follows.")
    if start is None:
        return streamed(served.parts, length=served.size_bytes)
    response = streamed(served.parts, length=left, status=206)
    response.headers["Content-Range"] = f"bytes {start}-{served.size_bytes - 1}/{served.size_bytes}"
    return response
