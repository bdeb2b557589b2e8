"""AS4 as a carrier: our end of an exchange of messages with one partner's gateway (eDelivery AS4 1.15).

A message is written once and kept; each try sends the same bytes under the same id. It counts as handed over
when the partner has answered it, and as taken when that answer is a signed receipt of every digest in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import rsa

from adapters.carriers import mutual_tls
from adapters.carriers.as4.failures import reused
from adapters.carriers.as4.messages import pack
from adapters.carriers.as4.mime import read_parts
from adapters.carriers.as4.names import SOAP_TYPE, UNREGISTERED, message_id
from adapters.carriers.as4.parties import Agreed, Party
from adapters.carriers.as4.places import Places, Sent
from adapters.carriers.as4.receiving import Receiver
from adapters.carriers.as4.signals import Failure, Receipt, read_signal
from adapters.carriers.as4.signing import references_of
from adapters.carriers.as4.soap import MAX_BYTES, read_envelope
from adapters.carriers.mutual_tls import TlsServer
from adapters.contract import Health, Materials, Parcel, PartnerReceipt, Reply, Verdict
from adapters.profiles import choice, flag, invalid, only, text, whole
from adapters.seals.smime.pins import fit
from adapters.seals.smime.seal import named
from hub.errors import HubError, OurFault, PeerFault
from hub.federation.trust import CALLING

_MIB: Final = 1024 * 1024
_DAY_S: Final = 86_400
_OPTIONS: Final = (
    *("address", "key", "certificate", "authority", "tls"),
    *("our_certificate", "their_certificates", "our_party", "their_party", "party_type"),
    *("service", "service_type", "action", "agreement"),
    *(
        "max_parcel_bytes",
        "connect_timeout_s",
        "request_timeout_s",
        "ask_again_s",
        "repeats_days",
        "receives",
    ),
)


class As4Carrier:
    """Our end of the exchange with one partner's gateway."""

    def __init__(
        self,
        agreed: Agreed,
        places: Places,
        *,
        server: TlsServer,
        path: str,
        ask_again_s: int,
        repeats_days: int,
        now: Callable[[], datetime],
    ) -> None:
        self._agreed = agreed
        self._places = places
        self._server = server
        self._path = path
        self._receiver = Receiver(agreed, places, now)
        self._ask_again_s = ask_again_s
        self._repeats_days = repeats_days
        self._now = now
        self._asked: dict[str, float] = {}
        self._tidied_at: float | None = None

    def push(self, parcel: Parcel) -> None:
        """Send a parcel's message; a repeat sends the same one again, byte for byte, unless it was answered.

        Raises IntegrityFailure `envelope-id-reused` for other bytes under the id, `receipt-invalid` and what
        else a signature that does not hold is refused as.
        """
        sent = self._places.sent(parcel.parcel_id)
        if sent is None:
            message = pack(parcel, self._agreed, self._now())
            sent = self._places.keep_sent(parcel.parcel_id, parcel.content, message)
        elif sent.digest != sha256(parcel.content).digest():
            raise reused(message_id(parcel.parcel_id, self._agreed.us.agency))
        if self._places.read("receipts", parcel.parcel_id) is None:
            self._send(parcel.parcel_id, sent)

    def pull(self, *, limit: int) -> Sequence[Parcel]:
        """Return parcels that came and have no verdict, oldest first."""
        self._tidy()
        return self._receiver.waiting(limit)

    def acknowledge(self, parcel_id: str, verdict: Verdict) -> None:
        """Sign the receipt or the error, which the partner gets when it sends its message again."""
        self._receiver.acknowledge(parcel_id, verdict)

    def receive(self, media_type: str, body: bytes, *, decide: Callable[[Parcel], Verdict | None]) -> Reply:
        """Take a message that the partner pushes; the answer is its receipt."""
        return self._receiver.receive(media_type, body, decide=decide)

    def receipts(self, *, limit: int) -> Sequence[PartnerReceipt]:
        """Return signed receipts and errors, and errors that nobody signed as refusals without a signer."""
        self._ask_again(limit)
        found: list[PartnerReceipt] = []
        for place in ("receipts", "errors"):
            for parcel_id in self._places.ids(place):
                if len(found) == limit:
                    return found
                try:
                    found.append(self._receipt(place, parcel_id))
                except HubError as error:  # it held when it came, as by a certificate that was pinned then
                    self._doubt(parcel_id, error.code)
                else:
                    self._places.remove("doubted", parcel_id)
        return found

    def settle(self, parcel_id: str) -> None:
        """Let go of what answered, and of the message; after an error that nobody signed it is kept."""
        if self._places.read("receipts", parcel_id) is not None:
            self._places.remove("sent", parcel_id)
            self._places.remove("receipts", parcel_id)
        self._places.remove("errors", parcel_id)
        self._places.remove("doubted", parcel_id)

    def health(self) -> Health:
        """Tell whether the partner's gateway answers us, and how many messages are put apart."""
        try:
            self._server.ask("GET", self._path)
            fit(self._agreed.certificate, self._now(), use="digital_signature")
            fit(self._agreed.theirs[0], self._now(), use="key_encipherment")
        except HubError as error:
            return Health(well=False, sentence=error.sentence)
        if doubted := list(self._places.ids("doubted")):
            last = (self._places.read("doubted", doubted[-1]) or b"").decode("ascii", "replace")
            return Health(well=False, sentence=f"{len(doubted)} answers prove nothing, the last for {last}.")
        apart = [name.rpartition(".")[2] for name in self._places.ids("refused")]
        if apart:
            return Health(
                well=False, sentence=f"{len(apart)} messages were put apart, the last for {apart[-1]}."
            )
        return Health(well=True, sentence="The partner's gateway answers.")

    def _send(self, parcel_id: str, sent: Sent) -> None:
        """Send a message and keep what answers it, once that holds."""
        answer = self._server.ask(
            "POST", self._path, headers={"Content-Type": sent.media_type}, body=sent.body
        )
        is_signal = answer.headers.get("content-type", "").lower().startswith(SOAP_TYPE)
        if is_signal and answer.body:
            read = self._read(parcel_id, sent, answer.body)
            place = "errors" if isinstance(read, Failure) and read.signer is None else "receipts"
            self._places.keep(place, parcel_id, answer.body)
            self._places.remove("asked", parcel_id)
            self._places.remove("doubted", parcel_id)
            self._asked.pop(parcel_id, None)
        elif answer.status in (200, 202, 204) and not answer.body:
            self._places.keep("asked", parcel_id, b"")
            self._asked[parcel_id] = time.monotonic()
        else:
            raise PeerFault("partner-misbehaved", f"The gateway answered {answer.status}, no signal.")

    def _ask_again(self, limit: int) -> None:
        """Send messages again that the partner has and did not answer: it gives the receipt that it made.

        An answer that proves nothing is told of by the carrier's health, and asked for again; it holds up
        nothing.
        """
        due = [one for one in self._places.ids("asked") if self._is_due(one)]
        for parcel_id in due[:limit]:
            self._asked[parcel_id] = time.monotonic()
            sent = self._places.sent(parcel_id)
            if sent is None:
                self._places.remove("asked", parcel_id)
                continue
            try:
                self._send(parcel_id, sent)
            except PeerFault:
                return
            except HubError as error:
                self._doubt(parcel_id, error.code)

    def _doubt(self, parcel_id: str, code: str) -> None:
        """Keep why an answer proves nothing, where every process that asks how the carrier is finds it."""
        if self._places.read("doubted", parcel_id) != code.encode("ascii"):
            self._places.keep("doubted", parcel_id, code.encode("ascii"))

    def _is_due(self, parcel_id: str) -> bool:
        last = self._asked.get(parcel_id)
        return last is None or time.monotonic() - last >= self._ask_again_s

    def _read(self, parcel_id: str, sent: Sent, raw: bytes) -> Receipt | Failure:
        envelope = read_envelope(read_parts(sent.media_type, sent.body).envelope)
        return read_signal(
            raw,
            about=message_id(parcel_id, self._agreed.us.agency),
            references=references_of(envelope),
            agreed=self._agreed,
            at=self._now(),
        )

    def _receipt(self, place: str, parcel_id: str) -> PartnerReceipt:
        raw, sent = self._places.read(place, parcel_id), self._places.sent(parcel_id)
        if raw is None or sent is None:
            raise OurFault("internal", "What answered a message cannot be read.")
        read = self._read(parcel_id, sent, raw)
        signer = None if read.signer is None else named(read.signer)
        if isinstance(read, Failure):
            sentence = read.sentence if signer else f"{read.sentence} (nobody signed this)"
            verdict = Verdict(taken=False, code=read.code, sentence=sentence)
        else:
            verdict = Verdict(taken=True)
        return PartnerReceipt(
            parcel_id=parcel_id,
            verdict=verdict,
            raw=raw,
            digest=None if signer is None else sent.digest,
            signer=signer,
        )

    def _tidy(self) -> None:
        """Forget old answers, once a day: to look through them costs with their number."""
        at = time.monotonic()
        if self._tidied_at is None or at - self._tidied_at > _DAY_S:
            self._places.forget_answers(self._repeats_days)
            self._tidied_at = at


def make(options: Mapping[str, Any], materials: Materials) -> As4Carrier:
    """Make our end of the exchange that a profile names.

    Under `as4-client` the certificate is held with which the partner's gateway calls, and behind it those
    that issued it.
    """
    only(options, *_OPTIONS)
    if flag(options, "receives", default=True):
        # Who calls is told by the certificate that is held: without one, nothing would ever come.
        materials.certificates(CALLING["as4"])
    agreed = _agreed(options, materials)
    server, path = _server(options, materials)
    return As4Carrier(
        agreed,
        # Encrypted and in parts; what does not shrink is a little larger as gzip.
        Places(state=materials.folder(), max_bytes=agreed.max_parcel_bytes + 2 * MAX_BYTES),
        server=server,
        path=path,
        ask_again_s=whole(options, "ask_again_s", lowest=0, highest=_DAY_S, default=60),
        repeats_days=whole(options, "repeats_days", lowest=1, highest=3650, default=30),
        now=partial(datetime.now, UTC),
    )


def _agreed(options: Mapping[str, Any], materials: Materials) -> Agreed:
    name = text(options, "our_certificate", default="as4")
    certificate, key = materials.certificates(name)[0], materials.private_key(name)
    theirs = materials.certificates(text(options, "their_certificates", default=materials.them))
    if not isinstance(key, rsa.RSAPrivateKey) or key.public_key() != certificate.public_key():
        raise invalid(f"our_certificate: expected the RSA key of the certificate under {name}")
    if not theirs or not all(isinstance(one.public_key(), rsa.RSAPublicKey) for one in theirs):
        raise invalid("their_certificates: expected certificates of RSA keys")
    optional = {
        name: text(options, name, default="") if name in options else None
        for name in ("service_type", "agreement")
    }
    return Agreed(
        us=Party(agency=materials.us, party_id=text(options, "our_party", default=materials.us)),
        them=Party(agency=materials.them, party_id=text(options, "their_party", default=materials.them)),
        party_type=text(options, "party_type", default=UNREGISTERED),
        service=text(options, "service", default="urn:hub:records"),
        service_type=optional["service_type"],
        action=text(options, "action", default="submit"),
        agreement=optional["agreement"],
        key=key,
        certificate=certificate,
        theirs=theirs,
        max_parcel_bytes=whole(options, "max_parcel_bytes", lowest=4096, highest=1 << 28, default=16 * _MIB),
    )


def _server(options: Mapping[str, Any], materials: Materials) -> tuple[TlsServer, str]:
    address = urlsplit(text(options, "address", default=""))
    if address.query or address.fragment:
        raise invalid("address: expected https://HOST[:PORT]/PATH")
    server = TlsServer(
        f"{address.scheme}://{address.netloc}/",
        mutual_tls.context(
            materials.private_key(text(options, "key", default="as4-tls")),
            materials.certificates(text(options, "certificate", default="as4-tls")),
            materials.certificates(text(options, "authority", default="as4-authority")),
            tls=choice(options, "tls", frozenset({"1.2", "1.3"}), default="1.3"),
        ),
        headers={},
        connect_timeout_s=whole(options, "connect_timeout_s", lowest=1, highest=300, default=10),
        request_timeout_s=whole(options, "request_timeout_s", lowest=1, highest=600, default=60),
        max_bytes=MAX_BYTES,
    )
    return server, address.path.lstrip("/")
