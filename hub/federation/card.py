"""Cards: how one hub introduces itself to another, signed by the very keys it presents.

A card proves only that one party holds all its keys. Whose they are, two people settle by reading the
words of its fingerprint to each other; pinning it then fixes everything on it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from mnemonic import Mnemonic

from hub.audit.epochs import LogEpoch, WitnessEpoch
from hub.audit.names import log_name, witness_name
from hub.audit.notes import NoteKey
from hub.envelope.canonical import canonical, digest
from hub.envelope.documents import peek_document, sign_document, verify_document
from hub.envelope.encoding import members, text_of, texts_of, time_of
from hub.envelope.keys import PublicKeys, SigningKeys
from hub.envelope.suites import Suite
from hub.errors import HubError, IntegrityFailure
from hub.federation.authorities import TlsCard, check_authorities, load_authority
from hub.federation.epochs import (
    EPOCHS_MAX,
    check_epochs,
    load_log_epochs,
    load_witness_epochs,
    log_epochs_as,
    witness_epochs_as,
)
from hub.records.ids import is_agency
from hub.records.times import as_text

CARD_TYPE: Final = "hub-card+jws"
CARD_MAX_BYTES: Final = 65536
#: How long a card may be pinned after it was issued. A pin itself does not end with it.
CARD_LIFE: Final = timedelta(days=90)
_CLOCK_SKEW: Final = timedelta(minutes=5)
_NAME_MAX: Final = 200
_URL_MAX: Final = 500

_REQUIRED: Final = frozenset(
    {"agency", "expires_at", "issued_at", "keys", "mailbox", "name", "suites", "tls_authority"}
)
_OPTIONAL: Final = frozenset({"given_up", "log", "log_epochs", "tls", "url", "witness", "witness_epochs"})
_DATES: Final = frozenset({"expires_at", "issued_at"})
#: More keys than a hub gives up in its life, as few as they take room on a card.
GIVEN_UP_MAX: Final = 64
_KEY_ID: Final = re.compile(r"[A-Za-z0-9_-]{43}")
#: A log or a witness has two keys; while they are being rotated, four.
_NOTE_KEYS_MAX: Final = 4


@dataclass(frozen=True, kw_only=True)
class Card:
    """What one hub says of itself. `mailbox` says that it keeps envelopes for partners that poll it.

    `url` is None when nobody can call it. `expires_at` is when it can no longer be pinned, by default
    90 days after `issued_at`. `log_keys` verify its log's checkpoints, `witness_keys` its cosignatures; where
    they were changed once, the epochs tell which keys did before, the present ones last.
    `given_up` are the ids of signing keys that others may have: nothing that they signed counts, whenever.
    `tls` is there only where more than one authority of its own is to be said of its certificates.
    """

    agency: str
    name: str
    url: str | None
    issued_at: datetime
    tls_ca_pem: str = field(repr=False)
    public: PublicKeys = field(repr=False)
    suites: tuple[Suite, ...]
    mailbox: bool
    log_keys: tuple[NoteKey, ...] = ()
    witness_keys: tuple[NoteKey, ...] = ()
    log_epochs: tuple[LogEpoch, ...] = ()
    witness_epochs: tuple[WitnessEpoch, ...] = ()
    expires_at: datetime | None = None
    given_up: tuple[str, ...] = ()
    tls: TlsCard = TlsCard()  # noqa: RUF009 - it is frozen

    def __post_init__(self) -> None:
        if not is_agency(self.agency) or self.public.agency != self.agency:
            raise ValueError("the agency is not one id like kz-knb, the same for its keys")
        if len(self.name) > _NAME_MAX or not self.name.isprintable():
            raise ValueError(f"the name is not printable text of at most {_NAME_MAX} characters")
        if not self.suites or len(set(self.suites)) != len(self.suites):
            raise ValueError("the suites are not one or more different ones")
        if Suite.HYBRID_1 in self.suites and not (self.public.mldsa65 and self.public.xwing):
            raise ValueError("the suite hybrid-1 is offered without keys for it")
        _check_given_up(self.given_up, self.public)
        if self.url is not None:
            check_url(self.url)
        _check_note_keys(self.log_keys, log_name(self.agency))
        _check_note_keys(self.witness_keys, witness_name(self.agency))
        check_authorities(self.agency, self.tls_ca_pem, self.tls)
        check_epochs(self.log_epochs, self.log_keys, log_name(self.agency))
        check_epochs(self.witness_epochs, self.witness_keys, witness_name(self.agency))
        if max(len(self.log_epochs), len(self.witness_epochs)) > EPOCHS_MAX:
            raise ValueError(f"it tells of more than {EPOCHS_MAX} epochs")

    @property
    def authorities(self) -> tuple[str, ...]:
        """Return every authority that its certificates may come from, the present one first."""
        return (self.tls_ca_pem, *self.tls.authorities)

    @property
    def until(self) -> datetime:
        """Return when the card can no longer be pinned."""
        return self.expires_at or self.issued_at + CARD_LIFE


def make_card(card: Card, keys: SigningKeys) -> bytes:
    """Return a card as signed bytes, by every algorithm of the strongest suite on it."""
    return sign_document(payload_of(card), typ=CARD_TYPE, keys=keys, suite=strongest(card.suites))


def payload_of(card: Card) -> Mapping[str, object]:
    """Return what a card says, as it is signed."""
    payload: dict[str, object] = {
        "agency": card.agency,
        "name": card.name,
        "issued_at": as_text(card.issued_at),
        "expires_at": as_text(card.until),
        "tls_authority": card.tls_ca_pem,
        "keys": card.public.as_jwks(),
        "suites": [suite.value for suite in card.suites],
        "mailbox": card.mailbox,
    }
    if card.url is not None:
        payload["url"] = card.url
    if told := card.tls.as_document():
        payload["tls"] = told
    if card.given_up:
        payload["given_up"] = list(card.given_up)
    if card.log_keys:
        payload["log"] = [key.vkey for key in card.log_keys]
    if card.witness_keys:
        payload["witness"] = [key.vkey for key in card.witness_keys]
    if card.log_epochs:
        payload["log_epochs"] = log_epochs_as(card.log_epochs)
    if card.witness_epochs:
        payload["witness_epochs"] = witness_epochs_as(card.witness_epochs)
    return payload


def read_card(raw: bytes, *, at: datetime | None = None) -> Card:
    """Return a card that is signed by the keys on it; raise IntegrityFailure `card-invalid` for any other.

    Pass `at` when it is about to be pinned: a card that has expired, or is of the future, is refused then.
    """
    try:
        payload = _payload(raw)
        card = _card(payload)
        verify_document(raw, typ=CARD_TYPE, keys=card.public, allowed=frozenset({strongest(card.suites)}))
    except IntegrityFailure as error:
        if error.code == "card-invalid":
            raise
        raise _invalid(error.sentence) from None
    except HubError as error:
        raise _invalid(error.sentence) from None
    except ValueError as error:
        raise _invalid(f"Expected a hub's card, but {error}.") from None
    if at is not None:
        _check_times(card, at)
    return card


def fingerprint(raw: bytes) -> str:
    """Return the SHA-256 (lowercase hex) of what a card says, however its JSON is spelt."""
    return digest(canonical(_payload(raw))).hex()


def said(raw: bytes) -> str:
    """Return the SHA-256 (lowercase hex) of what a card says, its dates left out: two of one hub compare."""
    return _said(_payload(raw))


def said_by(card: Card) -> str:
    """Return what `said` does of the card once it is signed: who only compares needs no signature."""
    return _said(payload_of(card))


def _said(payload: Mapping[str, object]) -> str:
    return digest(canonical({name: payload[name] for name in payload if name not in _DATES})).hex()


def words(fingerprint: str) -> tuple[str, ...]:
    """Return the first 16 bytes of a fingerprint as twelve English words (BIP-39) to read on the phone."""
    return tuple(Mnemonic("english").to_mnemonic(bytes.fromhex(fingerprint)[:16]).split())


def strongest(suites: tuple[Suite, ...]) -> Suite:
    """Return the suite whose algorithms all sign a card that offers these."""
    return Suite.HYBRID_1 if Suite.HYBRID_1 in suites else Suite.CLASSIC_1


def _payload(raw: bytes) -> Mapping[str, object]:
    if len(raw) > CARD_MAX_BYTES:
        raise _invalid(f"A card has at most {CARD_MAX_BYTES} bytes; this has {len(raw)}.")
    try:
        return peek_document(raw, CARD_TYPE)
    except HubError as error:
        raise _invalid(error.sentence) from None


def _card(payload: Mapping[str, object]) -> Card:
    said = members(payload, _REQUIRED, _OPTIONAL)
    keys, mailbox = said["keys"], said["mailbox"]
    if not isinstance(keys, Mapping) or not isinstance(mailbox, bool):
        raise ValueError("its keys are not a JWK set, or its mailbox is not true or false")
    agency = text_of(said, "agency")
    return Card(
        agency=agency,
        name=text_of(said, "name"),
        url=text_of(said, "url") if "url" in said else None,
        issued_at=time_of(said, "issued_at"),
        expires_at=time_of(said, "expires_at"),
        tls_ca_pem=text_of(said, "tls_authority"),
        public=PublicKeys.from_jwks(agency, keys),
        suites=tuple(_suite(name) for name in texts_of(said, "suites")),
        mailbox=mailbox,
        given_up=texts_of(said, "given_up") if "given_up" in said else (),
        log_keys=_note_keys(said, "log"),
        witness_keys=_note_keys(said, "witness"),
        tls=TlsCard.from_document(said["tls"]) if "tls" in said else TlsCard(),
        log_epochs=load_log_epochs(said, "log_epochs"),
        witness_epochs=load_witness_epochs(said, "witness_epochs"),
    )


def _note_keys(said: Mapping[str, object], name: str) -> tuple[NoteKey, ...]:
    return tuple(NoteKey.parse(vkey) for vkey in texts_of(said, name)) if name in said else ()


def _check_note_keys(keys: tuple[NoteKey, ...], name: str) -> None:
    if len(keys) > _NOTE_KEYS_MAX or len(set(keys)) != len(keys):
        raise ValueError(f"the keys of {name} are not at most {_NOTE_KEYS_MAX} different ones")
    if any(key.name != name for key in keys):
        raise ValueError(f"a key on it is not one of {name}")


def _check_given_up(kids: tuple[str, ...], public: PublicKeys) -> None:
    if len(kids) > GIVEN_UP_MAX or len(set(kids)) != len(kids) or not all(map(_KEY_ID.fullmatch, kids)):
        raise ValueError(f"the keys given up are not the ids of at most {GIVEN_UP_MAX} different keys")
    if set(kids) & (public.es256.keys() | public.mldsa65.keys()):
        raise ValueError("a key that was given up still stands on it")


def _suite(name: str) -> Suite:
    try:
        return Suite(name)
    except ValueError:
        raise ValueError("a suite on it is not known here") from None


def check_url(url: str) -> None:
    """Raise ValueError unless a url is one that a card may hold: https, a host, at most a port."""
    parts = urlsplit(url)
    if (
        len(url) > _URL_MAX
        or not url.isascii()
        or not url.isprintable()
        or parts.scheme != "https"
        or not parts.hostname
        or parts.username is not None
        or parts.path not in {"", "/"}
        or parts.query
        or parts.fragment
        or (parts.port is not None and parts.port < 1)
    ):
        raise ValueError("the url is not https:// with a host and at most a port")


def _check_times(card: Card, at: datetime) -> None:
    if at > card.until:
        raise _invalid(
            f"The card of {card.agency} could be pinned until {card.until:%Y-%m-%d}; ask for a new one."
        )
    if at < card.issued_at - _CLOCK_SKEW:
        raise _invalid(f"The card of {card.agency} is dated in the future; compare the clocks.")
    authority = load_authority(card.tls_ca_pem)
    if not authority.not_valid_before_utc <= at <= authority.not_valid_after_utc:
        raise _invalid(f"The TLS authority on the card of {card.agency} is not valid now.")


def _invalid(sentence: str) -> IntegrityFailure:
    return IntegrityFailure("card-invalid", sentence)
