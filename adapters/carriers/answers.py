"""Reading what a partner answers: sizes are bounded, forms are checked, nothing is believed."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, Protocol, TypeVar

from hub.codes import CODES
from hub.entries import PartnerRow
from hub.errors import PeerFault
from hub.federation.card import CARD_MAX_BYTES
from hub.ports import Introduction, Outcome, Transfer
from hub.records.ids import is_agency

_Read = TypeVar("_Read")

log = logging.getLogger("hub.carriers")

#: A receipt with both signatures has about 6 KiB.
RECEIPT_MAX_BYTES: Final = 32768
#: What an answer may have beside what was asked for; also the bound of a problem document.
ANSWER_MAX_BYTES: Final = 65536
_SENTENCE_MAX: Final = 500
_ID_MAX: Final = 64
_KEYS_MOST: Final = 64
#: As many as a hub takes; how many are too many is for whoever relays.
_HOPS_MAX: Final = 64
#: Statuses that ask for another try rather than say that the request was wrong.
_LATER: Final = frozenset({401, 403, 404, 408, 409, 413})
_COUNT: Final = re.compile(r"0|[1-9][0-9]{0,15}")


class HttpReply(Protocol):
    """An answer whose body is read as it comes; header names are in lowercase."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def leaf(self) -> bytes | None: ...
    def read(self, max_bytes: int) -> bytes: ...
    def parts(self) -> Iterator[bytes]: ...


def need(hop: PartnerRow, reply: HttpReply, *expected: int) -> None:
    """Raise for any other status; the problem's code, if it is one of ours, is in the details."""
    if reply.status in expected:
        return
    problem = _problem(reply)
    raise PeerFault(
        "partner-unreachable" if reply.status in _LATER else "partner-misbehaved",
        f"{hop.agency} answered {reply.status} {problem or 'without a known code'}; expected {expected[0]}.",
        status=reply.status,
        problem=problem,
    )


def _problem(reply: HttpReply) -> str | None:
    try:
        document = json.loads(reply.read(ANSWER_MAX_BYTES))
    except (PeerFault, ValueError, RecursionError):
        return None
    code = document.get("code") if isinstance(document, dict) else None
    return code if isinstance(code, str) and code in CODES else None


def object_in(hop: PartnerRow, body: bytes) -> Mapping[str, object]:
    """Return the JSON object that a body is."""
    try:
        return members_of(hop, json.loads(body))
    except (ValueError, RecursionError):
        raise misbehaved(hop, "it is not JSON") from None


def members_of(hop: PartnerRow, told: object) -> Mapping[str, object]:
    """Return a value that is a JSON object."""
    if not isinstance(told, dict):
        raise misbehaved(hop, "an object was expected")
    return told


def list_in(hop: PartnerRow, told: Mapping[str, object], name: str, most: int) -> list[object]:
    """Return a member that is a list; one that is absent is empty."""
    value = told.get(name, [])
    if not isinstance(value, list) or len(value) > most:
        raise misbehaved(hop, f"{name} is not a list of at most {most}")
    return value


def text_in(hop: PartnerRow, told: object, most: int) -> str:
    """Return a value that is a text of ASCII, as sealed bytes, receipts and ids are."""
    if not isinstance(told, str) or len(told) > most or not told.isascii():
        raise misbehaved(hop, f"a text of at most {most} ASCII characters was expected")
    return told


def transfers_in(hop: PartnerRow, answer: Mapping[str, object], most: int) -> list[Transfer]:
    """Return the envelopes of a mailbox; one that is not of the form is left out and stops no other.

    Their bytes are bounded by the answer and not looked at here: whoever takes them answers each alone.
    """
    told = list_in(hop, answer, "statements", most)
    statements = [one.encode("utf-8", "surrogatepass") if isinstance(one, str) else None for one in told]
    return _each(
        hop,
        list_in(hop, answer, "transfers", most),
        lambda hop, told: _transfer(hop, told, statements),
    )


def receipts_in(hop: PartnerRow, answer: Mapping[str, object], most: int) -> list[bytes]:
    """Return the receipts of a mailbox, as `transfers_in` does its envelopes."""
    return _each(
        hop,
        list_in(hop, answer, "receipts", most),
        lambda hop, told: text_in(hop, told, RECEIPT_MAX_BYTES).encode(),
    )


def messages_in(hop: PartnerRow, answer: Mapping[str, object], most: int) -> list[Transfer]:
    """Return the sealed messages of a mailbox, as `transfers_in` does its envelopes."""
    return _each(hop, list_in(hop, answer, "messages", most), lambda hop, told: _transfer(hop, told, []))


def _each(
    hop: PartnerRow, told: Sequence[object], read: Callable[[PartnerRow, object], _Read]
) -> list[_Read]:
    found = []
    for one in told:
        try:
            found.append(read(hop, one))
        except PeerFault as fault:
            log.warning(
                "something in a mailbox cannot be read", extra={"code": fault.code, "partner": hop.agency}
            )
    return found


def _transfer(hop: PartnerRow, told: object, statements: Sequence[bytes | None]) -> Transfer:
    members = members_of(hop, told)
    hops = list_in(hop, members, "hops", _HOPS_MAX)
    sealed = members.get("sealed")
    if not isinstance(sealed, str) or not all(isinstance(one, str) and is_agency(one) for one in hops):
        raise misbehaved(hop, "an envelope is not a text, or a hop not an agency")
    which = members.get("statement")
    named = statements[which] if type(which) is int and 0 <= which < len(statements) else None
    return Transfer(
        sealed=sealed.encode("utf-8", "surrogatepass"),
        hops=tuple(str(one) for one in hops),
        statement=named,
    )


def outcomes_in(hop: PartnerRow, answer: Mapping[str, object], count: int) -> list[Mapping[str, object]]:
    """Return the outcomes of an answer, of which there must be as many as things were sent."""
    outcomes = list_in(hop, answer, "outcomes", count)
    if len(outcomes) != count:
        raise misbehaved(hop, f"{len(outcomes)} outcomes came for {count}")
    return [members_of(hop, one) for one in outcomes]


def outcome_in(hop: PartnerRow, told: Mapping[str, object]) -> Outcome:
    """Return one envelope's outcome: taken by a relay, or else a receipt, a code, or both for a refusal."""
    receipt, code = told.get("receipt"), code_in(hop, told)
    relayed = told.get("relayed", False)
    if not isinstance(relayed, bool) or relayed is (receipt is not None or code is not None):
        raise misbehaved(hop, "an outcome is neither relayed nor answered, or both")
    return Outcome(
        envelope_id=text_in(hop, told.get("envelope_id"), _ID_MAX),
        receipt=None if receipt is None else text_in(hop, receipt, RECEIPT_MAX_BYTES).encode(),
        code=code,
        sentence=_sentence(told.get("sentence")),
        relayed=relayed,
    )


def introduction_in(hop: PartnerRow, told: Mapping[str, object]) -> Introduction:
    """Return what a partner tells of its card, and of ours as it has pinned it."""
    return Introduction(
        card=text_in(hop, told.get("card"), CARD_MAX_BYTES).encode("utf-8", "surrogatepass"),
        knows=tuple(text_in(hop, one, _ID_MAX) for one in list_in(hop, told, "knows", _KEYS_MOST)),
        said=text_in(hop, told.get("said"), _ID_MAX),
        code=code_in(hop, told),
    )


def code_in(hop: PartnerRow, told: Mapping[str, object]) -> str | None:
    """Return the failure code, if there is one; a code that is not known here says only that it failed."""
    code = told.get("code")
    if code is not None and not isinstance(code, str):
        raise misbehaved(hop, "a code is not a text")
    return code if code is None or code in CODES else "partner-misbehaved"


def _sentence(told: object) -> str | None:
    """Return a partner's words in a form that can be shown: bounded, and without control characters."""
    if not isinstance(told, str):
        return None
    return "".join(one for one in told[:_SENTENCE_MAX] if one.isprintable())


def upload_offset(hop: PartnerRow, reply: HttpReply) -> int:
    """Return where the partner says that an upload goes on."""
    told = reply.headers.get("upload-offset", "")
    if not _COUNT.fullmatch(told):
        raise misbehaved(hop, "there is no Upload-Offset")
    return int(told)


def misbehaved(hop: PartnerRow, why: str) -> PeerFault:
    """Build the failure for an answer that cannot be used."""
    return PeerFault("partner-misbehaved", f"The answer of {hop.agency} cannot be used: {why}.")
