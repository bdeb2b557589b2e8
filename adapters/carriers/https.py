"""The carrier between hubs: JSON over mutual TLS, in batches; attachments stream and resume.

Nothing a partner answers is believed: sizes are bounded, forms are checked, and what does not fit is
`partner-misbehaved`. Receipts are verified by whoever called.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Protocol

import msgspec

from adapters.carriers.answers import (
    ANSWER_MAX_BYTES,
    RECEIPT_MAX_BYTES,
    HttpReply,
    code_in,
    introduction_in,
    messages_in,
    need,
    object_in,
    outcome_in,
    outcomes_in,
    receipts_in,
    text_in,
    transfers_in,
    upload_offset,
)
from hub.entries import PartnerRow
from hub.envelope.documents import DOCUMENT_MAX_BYTES
from hub.envelope.messages import MESSAGE_MAX_BYTES
from hub.errors import OurFault, PeerFault
from hub.federation.card import CARD_MAX_BYTES
from hub.limits import Limits
from hub.ports import BlobStore, BooksAnswer, Introduction, Mail, Outcome, Transfer

#: How often an upload is put right when the partner says that it goes on from elsewhere.
_UPLOAD_TRIES: Final = 3
_FOLDER: Final = "/exchange/v1/"
_JSON: Final = {"Content-Type": "application/json"}
_WRITE: Final = msgspec.json.Encoder().encode
_OCTETS: Final = "application/octet-stream"
#: What a partner with lower limits than ours answers: too large, or not of the form that it takes.
_TOO_MUCH: Final = frozenset({413, 422})


class HttpClient(Protocol):
    """Calls one partner at a time; raises PeerFault `partner-unreachable` and `partner-misbehaved`."""

    def open(
        self,
        partner: PartnerRow,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | Iterable[bytes] | None = None,
        wait_s: float = 0.0,
    ) -> AbstractContextManager[HttpReply]: ...

    def cut(self, suspended: Collection[str]) -> None: ...


class HttpsCarrier:
    """Carries envelopes, receipts and attachments to hubs, or to the relay that a partner is reached by.

    `relay` finds the pinned row of a relay by its agency.
    """

    def __init__(
        self, client: HttpClient, limits: Limits, *, relay: Callable[[str], PartnerRow | None]
    ) -> None:
        self._client = client
        self._limits = limits
        self._relay = relay

    def cut(self, suspended: Collection[str]) -> None:
        """Break off what moves with these partners, and move nothing until they are no longer among them."""
        self._client.cut(suspended)

    def carry(self, partner: PartnerRow, transfers: Sequence[Transfer]) -> Sequence[Outcome]:
        """Hand over a batch, in as many requests as its bytes need; one outcome per transfer, in order.

        When a later request fails, what the earlier ones came to is kept and the rest gets its code. So it is
        when they have taken as long as a claim lasts: what was handed over is settled before more is.
        """
        hop = self._hop(partner)
        outcomes: list[Outcome] = []
        batches = deque(self._batches([_Text.of(one) for one in transfers]))
        until = time.monotonic() + self._limits.lane_claim_s
        while batches:
            batch = batches.popleft()
            try:
                if outcomes and time.monotonic() >= until:
                    raise PeerFault("partner-unreachable", f"{hop.agency} was too slow to take all at once.")
                outcomes += self._post_envelopes(hop, batch)
            except PeerFault as fault:
                too_many = fault.details.get("status") in _TOO_MUCH
                if too_many and len(batch) > 1:
                    half = len(batch) // 2
                    batches.extendleft([batch[half:], batch[:half]])
                elif too_many and len(transfers) > 1:
                    outcomes.append(_later(fault))  # it is this envelope, not the others
                elif outcomes:
                    return [*outcomes, *[_later(fault)] * (len(transfers) - len(outcomes))]
                else:
                    raise
        return outcomes

    def carry_receipts(
        self, partner: PartnerRow, receipts: Sequence[bytes], *, taken: Sequence[str] = ()
    ) -> Sequence[str | None]:
        """Hand over receipts; return a failure code, or None for taken, per receipt, in order."""
        body = _WRITE({"receipts": [raw.decode() for raw in receipts], "taken": taken})
        answer = self._post(self._hop(partner), "receipts", body, answers=len(receipts))
        return [code_in(partner, one) for one in outcomes_in(partner, answer, len(receipts))]

    def carry_messages(
        self, partner: PartnerRow, messages: Sequence[Transfer], *, taken: Sequence[str] = ()
    ) -> Sequence[str | None]:
        """Hand over sealed messages; return a failure code, or None for taken, per message, in order."""
        told = [{"sealed": one.sealed.decode(), "hops": one.hops} for one in messages]
        body = _WRITE({"messages": told, "taken": taken})
        answer = self._post(self._hop(partner), "messages", body, answers=len(messages))
        return [code_in(partner, one) for one in outcomes_in(partner, answer, len(messages))]

    def reconcile(self, partner: PartnerRow, statement: bytes) -> BooksAnswer:
        """Hand over what we state about our books; return what the partner states about its own."""
        if partner.via is not None:
            raise PeerFault("partner-unreachable", f"{partner.agency} cannot be asked by way of a relay.")
        body = _WRITE({"statement": statement.decode()})
        with self._client.open(
            partner, "POST", _FOLDER + "reconciliation", headers=_JSON, body=body
        ) as reply:
            need(partner, reply, 200)
            answer = object_in(partner, reply.read(ANSWER_MAX_BYTES + 2 * DOCUMENT_MAX_BYTES))
            leaf = reply.leaf
        told = text_in(partner, answer.get("statement"), DOCUMENT_MAX_BYTES).encode()
        return BooksAnswer(statement=told, leaf=leaf)

    def introduce(self, partner: PartnerRow, ours: Introduction) -> Introduction:
        """Tell a partner of our card, and return what it tells of its own."""
        if partner.via is not None:
            raise PeerFault("partner-unreachable", f"{partner.agency} is told of no card by way of a relay.")
        body = _WRITE({"card": ours.card.decode(), "knows": ours.knows, "said": ours.said})
        with self._client.open(partner, "POST", _FOLDER + "introduction", headers=_JSON, body=body) as reply:
            need(partner, reply, 200)
            answer = object_in(partner, reply.read(ANSWER_MAX_BYTES + 2 * CARD_MAX_BYTES))
        return introduction_in(partner, answer)

    def carry_attachment(self, partner: PartnerRow, digest: str, size_bytes: int, blobs: BlobStore) -> None:
        """Push an attachment's ciphertext, going on where an earlier push stopped.

        An empty part goes first, so that a partner without room says so before the first byte is sent.
        """
        hop = self._hop(partner)
        offset = self._offset(hop, digest)
        for _ in range(_UPLOAD_TRIES):
            if offset == 0:
                offset = self._put(hop, digest, 0, size_bytes, b"")
            if 0 <= offset < size_bytes:
                parts = _our_parts(blobs, digest, offset)
                offset = self._put(hop, digest, offset, size_bytes, parts)
            if offset == size_bytes:
                return
        raise PeerFault(
            "partner-misbehaved", f"{hop.agency} has {offset} of {size_bytes} bytes after every one was sent."
        )

    def poll(self, partner: PartnerRow, *, limit: int, wait_s: float) -> Mail:
        """Fetch what a partner's mailbox holds for us."""
        hop = self._hop(partner)
        path = f"{_FOLDER}mailbox?limit={limit}&wait_s={int(wait_s)}"
        with self._client.open(hop, "GET", path, wait_s=wait_s) as reply:
            need(hop, reply, 200)
            # The text of an envelope grows when it is quoted in JSON, at most to the double.
            most = self._limits.batch_max_bytes + limit * MESSAGE_MAX_BYTES
            answer = object_in(hop, reply.read(2 * most + ANSWER_MAX_BYTES))
            leaf = reply.leaf
        return Mail(
            transfers=tuple(transfers_in(hop, answer, limit)),
            receipts=tuple(receipts_in(hop, answer, limit)),
            messages=tuple(messages_in(hop, answer, limit)),
            leaf=leaf,
        )

    def fetch_attachment(self, partner: PartnerRow, digest: str, offset: int) -> Iterator[bytes]:
        """Stream an attachment's ciphertext from an offset."""
        hop = self._hop(partner)
        headers = {"Range": f"bytes={offset}-"} if offset else None
        with self._client.open(hop, "GET", _attachment(digest), headers=headers) as reply:
            if reply.status == 404:
                raise PeerFault("attachment-missing", f"{hop.agency} does not have the attachment yet.")
            need(hop, reply, 206 if offset else 200)
            yield from reply.parts()

    def _hop(self, partner: PartnerRow) -> PartnerRow:
        """Return whom to call: the partner, or the relay that it is reached by."""
        if partner.via is None:
            return partner
        relay = self._relay(partner.via)
        if relay is None:
            raise PeerFault(
                "partner-unreachable",
                f"{partner.agency} is reached by way of {partner.via}, which is not pinned here.",
            )
        return relay

    def _batches(self, texts: Sequence[_Text]) -> Iterator[list[_Text]]:
        """Split transfers so that no request is larger than a hub takes, or has more of them."""
        batch: list[_Text] = []
        size = 0
        for text in texts:
            full = len(batch) == self._limits.batch_max_envelopes
            if batch and (full or size + text.size > self._limits.batch_max_bytes - ANSWER_MAX_BYTES):
                yield batch
                batch, size = [], 0
            stated = any(text.statement is one.statement for one in batch[-1:])
            size += len(text.transfer) + 32 if stated else text.size
            batch.append(text)
        if batch:
            yield batch

    def _post_envelopes(self, hop: PartnerRow, batch: Sequence[_Text]) -> list[Outcome]:
        body = _request_text(batch)
        answer, leaf = self._answered(hop, "envelopes", body, answers=len(batch))
        said = [outcome_in(hop, one) for one in outcomes_in(hop, answer, len(batch))]
        return said if leaf is None else [replace(one, leaf=leaf) for one in said]

    def _post(self, hop: PartnerRow, name: str, body: bytes, *, answers: int) -> Mapping[str, object]:
        return self._answered(hop, name, body, answers=answers)[0]

    def _answered(
        self, hop: PartnerRow, name: str, body: bytes, *, answers: int
    ) -> tuple[Mapping[str, object], bytes | None]:
        """Return an answer, and the certificate of who gave it."""
        with self._client.open(hop, "POST", _FOLDER + name, headers=_JSON, body=body) as reply:
            need(hop, reply, 200)
            said = object_in(hop, reply.read(ANSWER_MAX_BYTES + 2 * RECEIPT_MAX_BYTES * answers))
            return said, reply.leaf

    def _offset(self, hop: PartnerRow, digest: str) -> int:
        with self._client.open(hop, "HEAD", _attachment(digest)) as reply:
            if reply.status == 404:
                return 0
            need(hop, reply, 200, 204)
            return upload_offset(hop, reply)

    def _put(
        self, hop: PartnerRow, digest: str, offset: int, size_bytes: int, body: bytes | Iterable[bytes]
    ) -> int:
        """Send a part and return where the upload goes on."""
        headers = {
            "Content-Type": _OCTETS,
            "Content-Length": str(0 if body == b"" else size_bytes - offset),
            "Upload-Offset": str(offset),
            "Upload-Length": str(size_bytes),
        }
        with self._client.open(hop, "PUT", _attachment(digest), headers=headers, body=body) as reply:
            if reply.status == 409 and "upload-offset" in reply.headers:
                return upload_offset(hop, reply)
            need(hop, reply, 204)
            return upload_offset(hop, reply)


def _attachment(digest: str) -> str:
    return f"{_FOLDER}attachments/{digest}"


@dataclass(frozen=True, kw_only=True)
class _Text:
    """A transfer as JSON, up to where it names its statement, and the statement as JSON."""

    transfer: bytes
    statement: bytes | None

    @classmethod
    def of(cls, transfer: Transfer) -> _Text:
        text = _WRITE({"sealed": transfer.sealed.decode(), "hops": transfer.hops})
        raw = transfer.statement
        return cls(transfer=text[:-1], statement=None if raw is None else _quoted(raw))

    @property
    def size(self) -> int:
        """Return how many bytes it takes in a request that has nothing else."""
        return len(self.transfer) + len(self.statement or b"") + 32


@lru_cache(maxsize=16)
def _quoted(raw: bytes) -> bytes:
    """Return a statement as JSON; all transfers of a batch have the same."""
    return _WRITE(raw.decode())


def _request_text(batch: Sequence[_Text]) -> bytes:
    """Return transfers as the body of a request: what several of them name stands in it once."""
    which: dict[bytes, int] = {}
    transfers = []
    for one in batch:
        named = b""
        if one.statement is not None:
            named = b',"statement":%d' % which.setdefault(one.statement, len(which))
        transfers.append(one.transfer + named + b"}")
    return b'{"statements":[%b],"transfers":[%b]}' % (b",".join(which), b",".join(transfers))


def _later(fault: PeerFault) -> Outcome:
    return Outcome(envelope_id="", code=fault.code, sentence=fault.sentence)


def _our_parts(blobs: BlobStore, digest: str, offset: int) -> Iterator[bytes]:
    """Read our own blob; a failing disk is our fault and not the partner's."""
    try:
        yield from blobs.parts(digest, offset)
    except OSError as error:
        raise OurFault("storage-unavailable", f"The attachment cannot be read: {error.strerror}.") from None
