"""Anchors: the only keys that count when evidence is verified, as the verifier got them from elsewhere.

Nothing that a bundle brings along adds to them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hub.audit.epochs import LogEpoch, WitnessEpoch
from hub.audit.names import log_name, witness_name
from hub.audit.notes import NoteKey
from hub.envelope.canonical import canonical, digest
from hub.envelope.encoding import (
    list_of,
    members,
    number_of,
    parse_json,
    refuse_deeper,
    text_of,
    texts_of,
    time_of,
)
from hub.envelope.header import is_hex_digest
from hub.envelope.keys import PublicKeys
from hub.envelope.suites import Suite
from hub.errors import HubError, IntegrityFailure
from hub.federation.epochs import (
    check_epochs,
    load_log_epochs,
    load_witness_epochs,
    log_epochs_as,
    witness_epochs_as,
)
from hub.records.ids import is_agency
from hub.records.times import as_text

FORMAT: Final = "hub-anchors/1"
#: With certificates of partners without a hub; anchors without any are written as before.
FORMAT_WITH_PARTNERS: Final = "hub-anchors/2"
_CERTIFICATES_MAX: Final = 256
#: 64 agencies with several cards' keys each take about 1 MiB.
ANCHORS_MAX_BYTES: Final = 8 * 1024 * 1024
_DEPTH: Final = 8
_AGENCY: Final = frozenset({"agency", "fingerprints", "keys", "log", "suites", "witness"})
_OPTIONAL: Final = frozenset({"given_up", "log_epochs", "witness_epochs"})


@dataclass(frozen=True, kw_only=True)
class AgencyAnchor:
    """One agency as the verifier knows it: its keys, suites, cards, and the keys of its log and witness.

    `fingerprints` are those of the cards that the keys were taken from. Where the keys of its log or of its
    witness were changed, the epochs tell which signed when, the present ones last. `given_up` are the ids of
    signing keys that others may have, and since when that was said.
    """

    agency: str
    public: PublicKeys = field(repr=False)
    suites: frozenset[Suite]
    fingerprints: tuple[str, ...]
    log_keys: tuple[NoteKey, ...] = ()
    witness_keys: tuple[NoteKey, ...] = ()
    log_epochs: tuple[LogEpoch, ...] = ()
    witness_epochs: tuple[WitnessEpoch, ...] = ()
    given_up: Mapping[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not is_agency(self.agency) or self.public.agency != self.agency:
            raise ValueError("an agency is not an id like kz-knb, the same for its keys")
        if not self.suites or not all(map(is_hex_digest, self.fingerprints)):
            raise ValueError("an agency has suites, and fingerprints that are SHA-256 in lowercase hex")
        if any(key.name != log_name(self.agency) for key in self.log_keys) or any(
            key.name != witness_name(self.agency) for key in self.witness_keys
        ):
            raise ValueError("a key of a log or of a witness is not the agency's own")
        check_epochs(self.log_epochs, self.log_keys, log_name(self.agency))
        check_epochs(self.witness_epochs, self.witness_keys, witness_name(self.agency))

    @property
    def log(self) -> tuple[LogEpoch, ...]:
        """Return the epochs of its log; one where its keys never changed, none where it has no keys."""
        return self.log_epochs or ((LogEpoch(keys=self.log_keys),) if self.log_keys else ())

    @property
    def witness(self) -> tuple[WitnessEpoch, ...]:
        """Return the epochs of its witness, in the same way."""
        return self.witness_epochs or ((WitnessEpoch(keys=self.witness_keys),) if self.witness_keys else ())

    def as_document(self) -> dict[str, object]:
        """Return the agency as JSON holds it."""
        document: dict[str, object] = {
            "agency": self.agency,
            "fingerprints": list(self.fingerprints),
            "suites": sorted(suite.value for suite in self.suites),
            "keys": self.public.as_jwks(),
            "log": [key.vkey for key in self.log_keys],
            "witness": [key.vkey for key in self.witness_keys],
        }
        if self.log_epochs:
            document["log_epochs"] = log_epochs_as(self.log_epochs)
        if self.witness_epochs:
            document["witness_epochs"] = witness_epochs_as(self.witness_epochs)
        if self.given_up:
            gone = sorted(self.given_up.items())
            document["given_up"] = [{"kid": kid, "at": as_text(at)} for kid, at in gone]
        return document

    @classmethod
    def load(cls, value: object) -> AgencyAnchor:
        """Return the agency of a JSON object; raise ValueError or IntegrityFailure `card-invalid`."""
        said = members(value, _AGENCY, _OPTIONAL)
        agency, keys = text_of(said, "agency"), said["keys"]
        if not isinstance(keys, Mapping):
            raise ValueError("an agency's keys are not a JWK set")
        return cls(
            agency=agency,
            public=PublicKeys.from_jwks(agency, keys),
            suites=frozenset(map(Suite, texts_of(said, "suites"))),
            fingerprints=texts_of(said, "fingerprints"),
            log_keys=tuple(map(NoteKey.parse, texts_of(said, "log"))),
            witness_keys=tuple(map(NoteKey.parse, texts_of(said, "witness"))),
            log_epochs=load_log_epochs(said, "log_epochs"),
            witness_epochs=load_witness_epochs(said, "witness_epochs"),
            given_up=_given_up(list_of(said, "given_up")) if "given_up" in said else {},
        )


@dataclass(frozen=True, kw_only=True)
class Anchors:
    """What a verifier trusts: agencies, how many of which witnesses must cosign, and time-stamping roots.

    `witnesses` are agencies; none ever counts for its own log. `partners` are those without a hub, with every
    certificate by which their signatures may count: which of them was in force when, the log tells.
    """

    agencies: Mapping[str, AgencyAnchor]
    needed: int = 0
    witnesses: tuple[str, ...] = ()
    tsa_roots: tuple[x509.Certificate, ...] = ()
    partners: Mapping[str, tuple[x509.Certificate, ...]] = field(default_factory=dict)
    made_by: str = ""
    made_at: datetime | None = None

    def __post_init__(self) -> None:
        if any(
            not is_agency(name) or not 0 < len(held) <= _CERTIFICATES_MAX
            for name, held in self.partners.items()
        ):
            raise ValueError(f"a partner has an id like de-bka, and 1 to {_CERTIFICATES_MAX} certificates")
        if any(name != anchor.agency for name, anchor in self.agencies.items()):
            raise ValueError("an agency stands under another name")
        if not 0 <= self.needed <= len(self.witnesses) or len(set(self.witnesses)) != len(self.witnesses):
            raise ValueError("more witnesses are needed than there are")
        for name in self.witnesses:
            if name not in self.agencies or not self.agencies[name].witness_keys:
                raise ValueError(f"there are no witness keys of {name}")

    @cached_property
    def fingerprint(self) -> str:
        """Return the SHA-256 (hex) of the canonical anchors: what two people compare."""
        return digest(canonical(self.as_document())).hex()

    def as_document(self) -> dict[str, object]:
        """Return the anchors as JSON holds them."""
        document: dict[str, object] = {
            "format": FORMAT_WITH_PARTNERS if self.partners else FORMAT,
            "made_by": self.made_by,
            "agencies": [self.agencies[name].as_document() for name in sorted(self.agencies)],
            "quorum": {"needed": self.needed, "witnesses": sorted(self.witnesses)},
            "tsa_roots": _pems(self.tsa_roots),
        }
        if self.partners:
            document["partners"] = [
                {"agency": name, "certificates": _pems(self.partners[name])} for name in sorted(self.partners)
            ]
        return document if self.made_at is None else document | {"made_at": as_text(self.made_at)}

    def public(self, agency: str) -> PublicKeys | None:
        """Return an agency's keys, or None when the verifier does not know it."""
        anchor = self.agencies.get(agency)
        return None if anchor is None else anchor.public


def write_anchors(anchors: Anchors) -> bytes:
    """Return the anchors as a file that people can read."""
    return (json.dumps(anchors.as_document(), ensure_ascii=False, indent=1) + "\n").encode()


def read_anchors(raw: bytes) -> Anchors:
    """Return the anchors of a file; raise IntegrityFailure `anchors-invalid` for any other."""
    if len(raw) > ANCHORS_MAX_BYTES:
        raise _invalid(f"it has {len(raw)} bytes; at most {ANCHORS_MAX_BYTES} are taken")
    try:
        parsed = parse_json(raw)
        added = frozenset({"partners"} if parsed.get("format") == FORMAT_WITH_PARTNERS else ())
        said = members(parsed, _REQUIRED | added, frozenset({"made_at"}))
        refuse_deeper(said, _DEPTH)
        if said["format"] not in (FORMAT, FORMAT_WITH_PARTNERS):
            raise ValueError(f"its format is not {FORMAT}, or {FORMAT_WITH_PARTNERS}")
        quorum = members(said["quorum"], frozenset({"needed", "witnesses"}))
        agencies = [AgencyAnchor.load(value) for value in list_of(said, "agencies")]
        if len({anchor.agency for anchor in agencies}) != len(agencies):
            raise ValueError("an agency stands in it twice")
        return Anchors(
            agencies={anchor.agency: anchor for anchor in agencies},
            needed=number_of(quorum, "needed"),
            witnesses=texts_of(quorum, "witnesses"),
            tsa_roots=_certificates(said, "tsa_roots"),
            partners=_partners(list_of(said, "partners")) if added else {},
            made_by=text_of(said, "made_by"),
            made_at=time_of(said, "made_at") if "made_at" in said else None,
        )
    except HubError as error:
        raise _invalid(error.sentence.rstrip(".")) from None
    except ValueError as error:
        raise _invalid(str(error)) from None


def merge_keys(agency: str, cards: Sequence[PublicKeys]) -> PublicKeys:
    """Return the keys of several cards of one agency, of which the first is the newest."""
    newest = cards[0]
    return PublicKeys(
        agency=agency,
        es256={kid: key for card in cards for kid, key in card.es256.items()},
        mldsa65={kid: key for card in cards for kid, key in card.mldsa65.items()},
        p256={kid: key for card in cards for kid, key in card.p256.items()},
        xwing={kid: key for card in cards for kid, key in card.xwing.items()},
        encrypt_p256=newest.encrypt_p256,
        encrypt_xwing=newest.encrypt_xwing,
    )


def strongest(suites: Collection[Suite]) -> Suite:
    """Return the suite that an exporter signs bundles by: a weaker one is not taken."""
    return Suite.HYBRID_1 if Suite.HYBRID_1 in suites else Suite.CLASSIC_1


def _partners(values: Sequence[object]) -> Mapping[str, tuple[x509.Certificate, ...]]:
    found: dict[str, tuple[x509.Certificate, ...]] = {}
    for value in values:
        said = members(value, frozenset({"agency", "certificates"}))
        if found.setdefault(text_of(said, "agency"), held := _certificates(said, "certificates")) is not held:
            raise ValueError("a partner stands in it twice")
    return found


def _given_up(values: Sequence[object]) -> Mapping[str, datetime]:
    found: dict[str, datetime] = {}
    for value in values:
        said = members(value, frozenset({"at", "kid"}))
        if found.setdefault(text_of(said, "kid"), at := time_of(said, "at")) is not at:
            raise ValueError("a key was given up twice in it")
    return found


def _pems(certificates: Sequence[x509.Certificate]) -> list[str]:
    return [one.public_bytes(Encoding.PEM).decode() for one in certificates]


def _certificates(said: Mapping[str, object], name: str) -> tuple[x509.Certificate, ...]:
    return tuple(map(_certificate, texts_of(said, name)))


def _certificate(pem: str) -> x509.Certificate:
    found = x509.load_pem_x509_certificate(pem.encode())
    if found.public_bytes(Encoding.PEM).decode() != pem:
        raise ValueError("a certificate in it is not one in PEM and nothing else")
    return found


_REQUIRED: Final = frozenset({"agencies", "format", "made_by", "quorum", "tsa_roots"})


def _invalid(reason: str) -> IntegrityFailure:
    return IntegrityFailure("anchors-invalid", f"The file holds no anchors: {reason}.")
