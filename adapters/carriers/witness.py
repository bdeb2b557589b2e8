"""Asking another agency's witness (C2SP tlog-witness), over the same pinned mutual TLS as everything else."""

from __future__ import annotations

from typing import Final

from adapters.carriers.answers import ANSWER_MAX_BYTES, HttpReply, need
from adapters.carriers.https import HttpClient
from hub.audit.notes import NOTE_MAX_BYTES
from hub.entries import PartnerRow
from hub.ports import WitnessReply

_FOLDER: Final = "/witness/"
_TEXT: Final = {"Content-Type": "text/plain; charset=utf-8"}


class HttpsWitnessClient:
    """Implements `hub.ports.WitnessClient`. A witness is always asked directly, never through a relay."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    def add_checkpoint(self, partner: PartnerRow, body: bytes) -> WitnessReply:
        """Ask for a cosignature; every status that is an answer comes back, none of them is raised."""
        with self._client.open(
            partner, "POST", f"{_FOLDER}add-checkpoint", headers=_TEXT, body=body
        ) as reply:
            return WitnessReply(
                status=reply.status, media_type=_media_type(reply), body=reply.read(ANSWER_MAX_BYTES)
            )

    def checkpoint(self, partner: PartnerRow, origin_hash: str) -> bytes | None:
        """Fetch the latest checkpoint that it cosigned for a log; None when it never cosigned one."""
        with self._client.open(partner, "GET", f"{_FOLDER}{origin_hash}/checkpoint") as reply:
            if reply.status == 404:
                return None
            need(partner, reply, 200)
            return reply.read(NOTE_MAX_BYTES)


def _media_type(reply: HttpReply) -> str:
    return reply.headers.get("content-type", "").partition(";")[0].strip().lower()
