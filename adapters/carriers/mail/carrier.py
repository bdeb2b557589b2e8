"""Parcels as S/MIME mail between two addresses.

```toml
[carrier]
name = "mail"
our_address = "hub@knb.example"
their_address = "hub@bka.example"
smtp_host = "submission.knb.example"
tls = "implicit"                    # or "starttls"; there is no other
authority = "mail"                  # whose certificate the mail server must show
smtp_user = "hub"
smtp_password = "mail"              # by the name under which the hub holds it
maildir = "/var/mail/hub-de-bka"    # one for each partner
our_certificate = "smime"           # receipts are signed and sealed with these, as the seal does it
their_certificates = "de-bka"
```

Mail may be lost, doubled and delayed: a parcel counts as handed over only when its signed receipt came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives import serialization

from adapters.carriers import durable
from adapters.carriers.mail.intake import Intake, Places, bounced, payload_of
from adapters.carriers.mail.naming import Naming, naming_in
from adapters.carriers.mail.sending import Submission, verified_by
from adapters.carriers.mail.writing import write_message
from adapters.carriers.names import as_name
from adapters.carriers.verdicts import read_verdict, write_verdict
from adapters.contract import Health, Materials, Parcel, PartnerReceipt, Verdict
from adapters.profiles import choice, invalid, only, text, whole
from adapters.seals.smime import SmimeSeal
from adapters.seals.smime import make as make_seal
from adapters.seals.smime.seal import named
from hub.errors import HubError, IntegrityFailure, OurFault

_TLS_PORTS: Final = {"implicit": 465, "starttls": 587}
_SEAL_OPTIONS: Final = (
    *("our_certificate", "their_certificates", "their_authorities", "their_subject", "recipient_bound"),
)
_BOUNCE_MAX_BYTES: Final = 64


def _now() -> datetime:
    return datetime.now(UTC)


class MailCarrier:
    """One end: what it sends, and the Maildir in which the other's messages arrive."""

    def __init__(
        self,
        *,
        submission: Submission,
        seal: SmimeSeal,
        intake: Intake,
        naming: Naming,
        ours: str,
        theirs: str,
        max_bytes: int,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._submission = submission
        self._seal = seal
        self._intake = intake
        self._places = intake.places
        self._naming = naming
        self._ours = ours
        self._theirs = theirs
        self._max_bytes = max_bytes
        self._now = now

    def push(self, parcel: Parcel) -> None:
        """Send a parcel; a repeat sends the same message again, byte for byte, unless it was answered.

        Raises IntegrityFailure `envelope-id-reused` where other bytes were sent under the id.
        """
        path = self._places.sent / as_name(parcel.parcel_id)
        if (self._places.receipts / parcel.parcel_id).exists():
            return
        message = durable.content(path, 2 * self._max_bytes + 65536)
        if message is None:
            message = self._written(parcel.content, self._naming.message_id(parcel.parcel_id))
            durable.write(path, message)
        elif payload_of(message) != parcel.content:
            raise IntegrityFailure("envelope-id-reused", "Another parcel was sent with this id.")
        self._send(message)

    def pull(self, *, limit: int) -> Sequence[Parcel]:
        """Return parcels that came and wait, oldest first."""
        self._intake.take()
        found: list[Parcel] = []
        for path in durable.files(self._places.parcels):
            if len(found) == limit:
                break
            found.append(Parcel(parcel_id=path.name, content=self._parcel(path)[1]))
        return found

    def acknowledge(self, parcel_id: str, verdict: Verdict) -> None:
        """Send the signed receipt, then let go of the parcel."""
        path = self._places.parcels / as_name(parcel_id)
        if not path.exists():
            return
        message_id, content = self._parcel(path)
        receipt = self._seal.seal(write_verdict(parcel_id, content, verdict))
        ours = self._naming.message_id(parcel_id, "receipt")
        self._send(self._written(receipt, ours, answers=message_id))
        durable.remove(path)

    def receipts(self, *, limit: int) -> Sequence[PartnerReceipt]:
        """Return signed receipts, and bounces as refusals without a signer."""
        self._intake.take()
        found: list[PartnerReceipt] = []
        for path in [*durable.files(self._places.receipts), *durable.files(self._places.bounces)]:
            if len(found) == limit:
                break
            one = self._bounce(path) if path.parent == self._places.bounces else self._receipt(path)
            found += [] if one is None else [one]
        return found

    def settle(self, parcel_id: str) -> None:
        """Let go of a receipt, and of the message that it answers.

        After a bounce the message is kept: nobody signed that, and the partner's receipt may still come.
        """
        receipt, bounce = (
            folder / as_name(parcel_id) for folder in (self._places.receipts, self._places.bounces)
        )
        if receipt.exists():
            durable.remove(self._places.sent / parcel_id)
            durable.remove(receipt)
        durable.remove(bounce)

    def health(self) -> Health:
        """Tell whether the mail server takes us, and how many messages were refused; nothing is taken in."""
        try:
            self._submission.check()
            self._intake.check()
        except HubError as error:
            return Health(well=False, sentence=error.sentence)
        refused = [path.suffix.removeprefix(".") for path in durable.files(self._places.refused)]
        if refused:
            sentence = f"{len(refused)} messages were refused, the last for {refused[-1]}."
            return Health(well=False, sentence=sentence)
        return Health(well=True, sentence="The mail server takes our messages.")

    def _written(self, cms: bytes, message_id: str, *, answers: str | None = None) -> bytes:
        return write_message(
            cms,
            sender=self._ours,
            recipient=self._theirs,
            message_id=message_id,
            at=self._now(),
            answers=answers,
        )

    def _send(self, message: bytes) -> None:
        self._submission.send(message, sender=self._ours, recipient=self._theirs)

    def _parcel(self, path: Path) -> tuple[str, bytes]:
        raw = durable.content(path, 2 * self._max_bytes)
        if raw is None:
            raise OurFault("internal", "A parcel that came by mail cannot be read.")
        message_id, _, content = raw.partition(b"\n")
        return message_id.decode("ascii"), content

    def _receipt(self, path: Path) -> PartnerReceipt | None:
        """Return a receipt with the structure that was signed; None for what does not hold any more."""
        raw = durable.content(path, self._max_bytes) or b""
        try:
            signed = self._seal.verify_signed(raw)
        except HubError as error:
            self._intake.refuse(path, error.code)
            return None
        receipt = read_verdict(path.name, signed.content)
        if receipt is None:
            raise OurFault("internal", "What was kept as a receipt is none.")
        return PartnerReceipt(
            parcel_id=receipt.parcel_id,
            verdict=receipt.verdict,
            raw=raw,
            digest=receipt.digest,
            signer=named(signed.signer),
        )

    def _bounce(self, path: Path) -> PartnerReceipt:
        raw = durable.content(path, _BOUNCE_MAX_BYTES) or b""
        return PartnerReceipt(parcel_id=path.name, verdict=bounced(raw.decode("ascii")), raw=raw)


def make(options: Mapping[str, Any], materials: Materials) -> MailCarrier:
    """Make our end of the exchange of mail that a profile names."""
    only(
        options,
        *("our_address", "their_address", "maildir", "max_parcel_bytes", "timeout_s"),
        *("smtp_host", "smtp_port", "smtp_user", "smtp_password", "tls", "authority"),
        *_SEAL_OPTIONS,
    )
    ours, theirs = _address(options, "our_address"), _address(options, "their_address")
    max_bytes = whole(options, "max_parcel_bytes", lowest=4096, highest=1 << 28, default=16 * 1024 * 1024)
    seal = make_seal(
        {name: options[name] for name in _SEAL_OPTIONS if name in options} | {"max_sealed_bytes": max_bytes},
        materials,
    )
    state = materials.folder()
    naming = naming_in(state, ours.rpartition("@")[2])
    intake = Intake(
        maildir=Path(text(options, "maildir", default="")),
        places=Places(state=state),
        naming=naming,
        partner=theirs,
        seal=seal,
        # Base64 takes 4 bytes for 3, and a line's end for each 76.
        max_message_bytes=max_bytes * 7 // 5 + 65536,
    )
    return MailCarrier(
        submission=_submission(options, materials),
        seal=seal,
        intake=intake,
        naming=naming,
        ours=ours,
        theirs=theirs,
        max_bytes=max_bytes,
    )


def _submission(options: Mapping[str, Any], materials: Materials) -> Submission:
    tls = choice(options, "tls", frozenset(_TLS_PORTS), default="implicit")
    authorities = materials.certificates(text(options, "authority", default="mail"))
    pem = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in authorities).decode()
    user = text(options, "smtp_user", default="") if "smtp_user" in options else None
    password = b"" if user is None else materials.secret(text(options, "smtp_password", default="mail"))
    return Submission(
        host=text(options, "smtp_host", default=""),
        port=whole(options, "smtp_port", lowest=1, highest=65535, default=_TLS_PORTS[tls]),
        implicit=tls == "implicit",
        context=verified_by(pem),
        user=user,
        password=password.decode("utf-8"),
        timeout_s=whole(options, "timeout_s", lowest=1, highest=600, default=60),
    )


def _address(options: Mapping[str, Any], name: str) -> str:
    address = text(options, name, default="")
    local, at, domain = address.rpartition("@")
    if not (local and at and domain and address.isascii() and address.isprintable()) or " " in address:
        raise invalid(f"{name}: expected one plain address, such as hub@knb.example")
    return address
