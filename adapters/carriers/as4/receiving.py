"""What a partner's message gets: a signed receipt once its verdict is durable, or a signed error.

The first message under an id is kept before anything is said. A repeat, also one that was signed anew, gets
the signal that the first one got, byte for byte; other content under the same id is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final

from adapters.carriers.as4.failures import Ebms, about_of, error_of, reused
from adapters.carriers.as4.messages import Message, unpack
from adapters.carriers.as4.names import SOAP_TYPE
from adapters.carriers.as4.parties import Agreed
from adapters.carriers.as4.places import Answer, Places
from adapters.carriers.as4.signals import write_failure, write_receipt
from adapters.contract import Parcel, Reply, Verdict
from hub.errors import HubError, OurFault

_SIGNAL_TYPE: Final = f"{SOAP_TYPE}; charset=UTF-8"
_LATER: Final = Reply(status=202, media_type="", body=b"")


class Receiver:
    """Our end where the partner pushes. Several threads and processes may use one state at once."""

    def __init__(self, agreed: Agreed, places: Places, now: Callable[[], datetime]) -> None:
        self._agreed = agreed
        self._places = places
        self._now = now

    def receive(self, media_type: str, body: bytes, *, decide: Callable[[Parcel], Verdict | None]) -> Reply:
        """Take a message and return what is said to it.

        `decide` is asked for the verdict on a parcel that waits, durably; without one the partner is told
        that its message is here, and gets its receipt when it asks again.
        """
        try:
            message = unpack(media_type, body, self._agreed, self._now())
            answer = self._known(message)
        except OurFault:
            raise
        except HubError as failure:
            return self._refusal(failure)
        if answer is None:
            first = self._places.keep_arrived(message.parcel.parcel_id, media_type, body)
            # What is decided about is what was kept: another message may have come first.
            kept = message if first else self._arrived(message.parcel.parcel_id)
            answer = self._decided(message, kept, decide)
        if answer is None:
            return _LATER
        if answer.digest != sha256(message.parcel.content).digest():
            # Other content came first while this was read; what is said of that is not for this.
            return self._refusal(reused(message.message_id))
        return Reply(status=200, media_type=_SIGNAL_TYPE, body=answer.signal)

    def waiting(self, limit: int) -> Sequence[Parcel]:
        """Return parcels without a verdict, oldest first."""
        return [message.parcel for message in self._waiting(limit)]

    def acknowledge(self, parcel_id: str, verdict: Verdict) -> None:
        """Sign what is said of a parcel, once, and keep it for repeats."""
        message = self._arrived(parcel_id)
        if message is not None:
            self._answer(message, verdict)

    def _known(self, message: Message) -> Answer | None:
        """Return what was said of a message before; raise IntegrityFailure `envelope-id-reused`."""
        before = self._places.answer(message.parcel.parcel_id)
        if before is not None:
            seen = before.digest
        elif (waits := self._arrived(message.parcel.parcel_id)) is not None:
            seen = sha256(waits.parcel.content).digest()
        else:
            return None
        if seen != sha256(message.parcel.content).digest():
            raise reused(message.message_id)
        return before

    def _decided(
        self, message: Message, kept: Message | None, decide: Callable[[Parcel], Verdict | None]
    ) -> Answer | None:
        if kept is None:
            return self._places.answer(message.parcel.parcel_id)
        verdict = decide(kept.parcel)
        return None if verdict is None else self._answer(kept, verdict)

    def _answer(self, message: Message, verdict: Verdict) -> Answer:
        at = self._now()
        if verdict.code is None:
            signal = write_receipt(message.message_id, message.references, self._agreed, at)
        else:
            signal = write_failure(
                message.message_id,
                Ebms.OTHER,
                code=verdict.code,
                sentence=verdict.sentence,
                agreed=self._agreed,
                at=at,
            )
        digest = sha256(message.parcel.content).digest()
        return self._places.keep_answer(message.parcel.parcel_id, Answer(digest=digest, signal=signal))

    def _refusal(self, failure: HubError) -> Reply:
        signal = write_failure(
            about_of(failure),
            error_of(failure),
            code=failure.code,
            sentence=failure.sentence,
            agreed=self._agreed,
            at=self._now(),
        )
        return Reply(status=200, media_type=_SIGNAL_TYPE, body=signal, refused=failure)

    def _waiting(self, limit: int) -> Iterator[Message]:
        found = 0
        for parcel_id in self._places.ids("arrived"):
            if found == limit:
                return
            message = self._arrived(parcel_id)
            if message is not None:
                found += 1
                yield message

    def _arrived(self, parcel_id: str) -> Message | None:
        """Return a message that waits, opened again; None where it was answered meanwhile.

        It held when it came; what does not any more, as when its signer is no longer pinned, is put apart.
        """
        kept = self._places.arrived(parcel_id)
        try:
            return None if kept is None else unpack(kept.media_type, kept.body, self._agreed, kept.at)
        except HubError as failure:
            self._places.put_apart(parcel_id, failure.code)
            return None
