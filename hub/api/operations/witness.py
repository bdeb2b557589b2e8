"""The witness that this hub is for others' logs (C2SP tlog-witness)."""

from __future__ import annotations

from typing import Final

from flask import Response, request

from hub.api.callers import Door
from hub.api.parsing import whole
from hub.api.room import TEXT, Call, Room
from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.audit.witnessing import SIZE_TYPE, Verdict, size_line
from hub.errors import failure
from hub.exchange.witness.answering import WitnessAnswer, add_checkpoint, witnessed_note

room = Room("witness", __name__, description="The witness that this hub is for others' logs.")

_COMMITMENTS: Final = writes_nothing("a signed checkpoint, which holds a size and a hash")


@room.operation(
    "POST",
    "/witness/add-checkpoint",
    door=Door.PARTNER,
    raw=TEXT,
    streams=[200],
    media=TEXT,
    besides={409: SIZE_TYPE},
    refusals=[
        "witness-request-invalid",
        "checkpoint-signature-invalid",
        "witness-log-unknown",
        "log-inconsistent",
    ],
    trail=writes(
        Act.WITNESSED,
        Act.FORK_SEEN,
        or_nothing="a log that was cosigned before; what was cosigned is kept, and signed by us",
    ),
)
def add_log_checkpoint(call: Call) -> Response:
    """Ask for a cosignature (C2SP tlog-witness, add-checkpoint).

    The body is an `old` line, consistency proof lines, an empty line and the checkpoint, whatever media type
    it is said to be. The answer is our signature lines. A 409 says which size was cosigned last.
    """
    answer = add_checkpoint(call.broker, call.actor, whole(request))
    if answer.verdict is Verdict.COSIGN:
        return Response(answer.lines, mimetype=TEXT)
    if answer.verdict is Verdict.STALE:
        return Response(size_line(answer.size), status=409, content_type=SIZE_TYPE)
    raise _refused(answer)


@room.operation(
    "GET",
    "/witness/<digest:origin_hash>/checkpoint",
    door=Door.IDENTIFIED,
    streams=[200],
    media=TEXT,
    trail=_COMMITMENTS,
)
def get_witnessed_checkpoint(call: Call, origin_hash: str) -> Response:
    """Fetch the latest checkpoint of a log that was cosigned here, by the SHA-256 of the log's origin."""
    note = witnessed_note(call.broker, origin_hash)
    return Response(note, mimetype=TEXT, headers={"Cache-Control": "no-cache"})


def _refused(answer: WitnessAnswer) -> Exception:
    """Return the failure of a verdict; its entry was written with it."""
    error = failure(answer.code or "internal", answer.sentence)
    error.logged = True
    return error
