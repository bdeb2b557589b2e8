"""Idempotency keys: the answer is remembered in the very transaction of the work it tells of.

A client that lost the answer, or whose twin asked at the same time, gets the first answer, and the work is
done once. Keys are forgotten after `idempotency_life_s` by upkeep.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from flask import Response, request
from marshmallow import Schema

from hub.api.room import Answer, Call, Header
from hub.entries import Replay
from hub.errors import Refused
from hub.ports import UnitOfWork

_PATTERN: Final = r"^[A-Za-z0-9_.:-]{8,128}$"
IDEMPOTENCY_KEY: Final = Header(
    name="Idempotency-Key",
    description="Chosen by the client, new for each request it means; a repeat gets the first answer.",
    schema={"type": "string", "pattern": _PATTERN},
)

Remember = Callable[[UnitOfWork, Sequence[Any]], None]


def once(
    call: Call,
    key: str | None,
    *,
    schema: Schema,
    work: Callable[[Remember | None], Mapping[str, Any]],
) -> Answer | Response:
    """Do the work unless this client's key has an answer already; then give that one again.

    `work` hands what it is given to its use case, which calls it before it commits. Raises Refused
    `request-invalid` for a malformed key, `idempotency-key-reused` for a key that came with another request.
    """
    if key is None:
        return Answer(body=work(None))
    if not re.fullmatch(_PATTERN, key):
        raise Refused("request-invalid", "An Idempotency-Key has 8 to 128 letters, digits and any of `_.:-`.")
    digest = hashlib.sha256(request.get_data(cache=True)).digest()
    before = _again(call, key, digest)
    if before is not None:
        return before

    def remember(unit: UnitOfWork, results: Sequence[Any]) -> None:
        unit.replays.put(
            Replay(
                client=call.actor.id,
                key=key,
                request_digest=digest,
                status=200,
                body=json.dumps(schema.dump({"items": results})).encode(),
                at=call.broker.clock.now(),
            )
        )

    try:
        return Answer(body=work(remember))
    except Refused as refusal:
        # Its twin was faster: the whole work was rolled back and the twin's answer stands.
        twin = _again(call, key, digest) if refusal.code == "conflict" else None
        if twin is None:
            raise
        return twin


def _again(call: Call, key: str, digest: bytes) -> Response | None:
    with call.broker.store.read() as view:
        replay = view.replays.get(call.actor.id, key)
    if replay is None:
        return None
    if replay.request_digest != digest:
        raise Refused("idempotency-key-reused", "This Idempotency-Key came before with another request.")
    response = Response(replay.body, status=replay.status, content_type="application/json")
    response.headers["Idempotency-Replayed"] = "true"
    return response
