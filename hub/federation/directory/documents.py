"""The TUF documents of the directory: who may sign what, and how much of it is needed.

Several agencies found a directory. Each brings two root keys, ECDSA on P-256 and ML-DSA-65; k of n founders
sign the root and the list of participants, so a threshold of 2k keys. k is more than half of n: then no two
quorums are apart, and a break of either algorithm alone leaves an attacker 2k - n keys short. Each founder
also has a publishing key, which signs what is current (snapshot and timestamp) and nothing else. A
participant signs one role, of its own name, for one path, with two keys that are both needed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final, TypeVar, cast

from securesystemslib.exceptions import FormatError
from securesystemslib.formats import encode_canonical
from securesystemslib.signer import Key, Signer, SSlibKey
from tuf.api.exceptions import RepositoryError, UnsignedMetadataError
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization import DeserializationError

from hub.envelope.canonical import digest
from hub.errors import IntegrityFailure
from hub.records.ids import is_agency

ENTRY: Final = "entry.jws"
#: The key types of which each root and each entry is signed with one (TUF specification §4.2, TAP 21).
PAIR: Final = ("ecdsa", "ml-dsa")
_AGENCY: Final = "x-hub-agency"
_NAME: Final = "x-hub-directory"
_SUSPENDED: Final = "x-hub-suspended"
_NAME_FORM: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_NAME_MAX: Final = 64
_SCHEMES: Final = {"ecdsa-sha2-nistp256": "ecdsa", "ml-dsa-65/1": "ml-dsa"}

_Signed = TypeVar("_Signed", Root, Targets, Snapshot, Timestamp)


@dataclass(frozen=True, kw_only=True)
class Founder:
    """An agency that holds root keys, one of each of the two types, and a publishing key."""

    agency: str
    keys: tuple[Key, ...]
    publishing: Key


@dataclass(frozen=True, kw_only=True)
class Participant:
    """An agency with an entry, and the two keys that sign it; `suspended` is what a quorum says of it."""

    agency: str
    keys: tuple[Key, ...]
    suspended: bool = False


@dataclass(frozen=True, kw_only=True)
class Foundation:
    """What a root says: the directory's name, its founders, and how many of them are needed."""

    name: str
    needed: int
    founders: tuple[Founder, ...]

    def __post_init__(self) -> None:
        if not _NAME_FORM.fullmatch(self.name) or len(self.name) > _NAME_MAX:
            raise ValueError("a directory is named like cis-directory: lowercase parts and hyphens")
        agencies = [founder.agency for founder in self.founders]
        if len(set(agencies)) != len(agencies):
            raise ValueError("an agency stands twice among the founders")
        if not len(agencies) < 2 * self.needed <= 2 * len(agencies):
            raise ValueError(
                f"{self.needed} of {len(agencies)} founders are not more than half of them, up to all"
            )

    @property
    def agencies(self) -> tuple[str, ...]:
        """Return who the founders are."""
        return tuple(founder.agency for founder in self.founders)


def public_key(signer: Signer, agency: str) -> SSlibKey:
    """Return a signer's public key, with the agency that holds it."""
    key = cast(SSlibKey, signer.public_key)
    return SSlibKey(key.keyid, key.keytype, key.scheme, dict(key.keyval), {_AGENCY: agency})


def key_document(key: Key) -> dict[str, object]:
    """Return a public key as a request to join holds it."""
    return {"keyid": key.keyid, **{k: v for k, v in key.to_dict().items() if k != _AGENCY}}


def read_key(told: Mapping[str, object], agency: str) -> SSlibKey:
    """Return the public key in a request to join; raise ValueError for one of another form."""
    try:
        keyid, keytype, scheme = str(told["keyid"]), str(told["keytype"]), str(told["scheme"])
        keyval = cast(Mapping[str, object], told["keyval"])
        said = {"keytype": keytype, "scheme": scheme, "keyval": {"public": str(keyval["public"])}}
        named = sha256(str(encode_canonical(said)).encode()).hexdigest()
    except (KeyError, TypeError, ValueError, FormatError):
        raise ValueError("a key in it cannot be read") from None
    if scheme not in _SCHEMES or _SCHEMES[scheme] != keytype:
        raise ValueError("a key in it is neither ECDSA on P-256 nor ML-DSA-65")
    if named != keyid:
        # One key under two names would count twice.
        raise ValueError("the id of a key in it is not the digest of that key")
    return SSlibKey(keyid, keytype, scheme, {"public": str(keyval["public"])}, {_AGENCY: agency})


def check_pair(keys: Sequence[Key]) -> None:
    """Raise ValueError unless there is one key of each of the two types."""
    if tuple(sorted(key.keytype for key in keys)) != PAIR:
        raise ValueError("an agency brings one ECDSA key and one ML-DSA key")


def entry_path(agency: str) -> str:
    """Return the path of an agency's entry, the only one that it may sign."""
    return f"{agency}/{ENTRY}"


def make_root(foundation: Foundation, *, version: int, expires: datetime) -> Metadata[Root]:
    """Return a root that nobody has signed yet."""
    root = Root(version=version, expires=expires, unrecognized_fields={_NAME: foundation.name})
    for founder in foundation.founders:
        check_pair(founder.keys)
        for key in founder.keys:
            root.add_key(key, Root.type)
            root.add_key(key, Targets.type)
        root.add_key(founder.publishing, Snapshot.type)
        root.add_key(founder.publishing, Timestamp.type)
    for role in (Root.type, Targets.type):
        root.roles[role].threshold = 2 * foundation.needed
    return Metadata(root)


def foundation_of(root: Root) -> Foundation:
    """Return who founds a directory; raise IntegrityFailure `directory-malformed` for another root."""
    try:
        rooted, online = root.roles[Root.type], root.roles[Timestamp.type]
        if rooted.keyids != root.roles[Targets.type].keyids or rooted.threshold % 2:
            raise ValueError("its root and its list of participants are not signed alike")
        if rooted.threshold != root.roles[Targets.type].threshold:
            raise ValueError("its root and its list of participants need different numbers of keys")
        if online.keyids != root.roles[Snapshot.type].keyids:
            raise ValueError("its snapshot and its timestamp are not signed alike")
        if not root.consistent_snapshot:
            raise ValueError("its files are not kept apart by version")
        by_agency: dict[str, list[Key]] = {}
        for keyid in rooted.keyids:
            by_agency.setdefault(_agency_of(root.keys[keyid]), []).append(root.keys[keyid])
        publishing = {_agency_of(root.keys[keyid]): root.keys[keyid] for keyid in online.keyids}
        for keys in by_agency.values():
            check_pair(keys)
        return Foundation(
            name=str(root.unrecognized_fields.get(_NAME)),
            needed=rooted.threshold // 2,
            founders=tuple(
                Founder(agency=agency, keys=tuple(keys), publishing=publishing[agency])
                for agency, keys in by_agency.items()
            ),
        )
    except (KeyError, ValueError) as error:
        raise malformed("root", str(error)) from None


def make_targets(
    participants: Sequence[Participant], *, version: int, expires: datetime
) -> Metadata[Targets]:
    """Return the list of participants, not signed yet: each may sign its own path and no other."""
    roles: dict[str, DelegatedRole] = {}
    keys: dict[str, Key] = {}
    for participant in participants:
        check_pair(participant.keys)
        keys |= {key.keyid: key for key in participant.keys}
        roles[participant.agency] = DelegatedRole(
            name=participant.agency,
            keyids=[key.keyid for key in participant.keys],
            threshold=len(PAIR),
            terminating=True,
            paths=[entry_path(participant.agency)],
        )
    suspended = sorted(participant.agency for participant in participants if participant.suspended)
    return Metadata(
        Targets(
            version=version,
            expires=expires,
            delegations=Delegations(keys=keys, roles=roles),
            unrecognized_fields={_SUSPENDED: suspended},
        )
    )


def participants_of(targets: Targets) -> tuple[Participant, ...]:
    """Return who participates; raise IntegrityFailure `directory-malformed` where one may sign for others."""
    try:
        if targets.targets:
            raise ValueError("it names files itself, which only participants may for their own paths")
        suspended = targets.unrecognized_fields.get(_SUSPENDED, [])
        if not isinstance(suspended, list):
            raise ValueError("who is suspended is not a list")
        delegations = targets.delegations
        if delegations is None or delegations.roles is None:
            raise ValueError("it has no participants' roles")
        return tuple(
            _participant(role, delegations, role.name in suspended) for role in delegations.roles.values()
        )
    except (KeyError, ValueError) as error:
        raise malformed("list of participants", str(error)) from None


def _participant(role: DelegatedRole, delegations: Delegations, suspended: bool) -> Participant:
    if not is_agency(role.name):
        raise ValueError("a participant is not an agency's id")
    if role.paths != [entry_path(role.name)] or role.path_hash_prefixes:
        raise ValueError(f"{role.name} may sign another path than its own")
    keys = tuple(delegations.keys[keyid] for keyid in role.keyids)
    check_pair(keys)
    if role.threshold != len(PAIR):
        raise ValueError(f"one key alone may sign for {role.name}")
    if any(_agency_of(key) != role.name for key in keys):
        raise ValueError(f"a key of {role.name} is another agency's")
    return Participant(agency=role.name, keys=keys, suspended=suspended)


def make_role(agency: str, statement: bytes, *, version: int, expires: datetime) -> Metadata[Targets]:
    """Return what an agency signs about its own statement, not signed yet."""
    path = entry_path(agency)
    return Metadata(
        Targets(version=version, expires=expires, targets={path: TargetFile.from_data(path, statement)})
    )


def make_snapshot(
    before: Snapshot | None, changed: Mapping[str, bytes], *, version: int, expires: datetime
) -> Metadata[Snapshot]:
    """Return a snapshot over what stood before and what has changed: the raw documents by role.

    What stood once stands for ever (TUF specification §5.5.5): a participant that left keeps its line.
    """
    meta = dict(before.meta) if before is not None else {}
    for role, raw in changed.items():
        held = read_document(raw, Targets)
        meta[f"{role}.json"] = _meta_file(raw, held.signed.version)
    return Metadata(Snapshot(version=version, expires=expires, meta=meta))


def make_timestamp(snapshot: bytes, *, version: int, expires: datetime) -> Metadata[Timestamp]:
    """Return the timestamp over a snapshot."""
    held = read_document(snapshot, Snapshot).signed.version
    return Metadata(Timestamp(version=version, expires=expires, snapshot_meta=_meta_file(snapshot, held)))


def _meta_file(raw: bytes, version: int) -> MetaFile:
    return MetaFile(version=version, length=len(raw), hashes={"sha256": sha256(raw).hexdigest()})


def signed_by(document: Metadata[_Signed], signers: Sequence[Signer]) -> bytes:
    """Return a document with signatures added to those that it has."""
    for signer in signers:
        document.sign(signer, append=True)
    return document.to_bytes()


def merged(raw: bytes, others: Sequence[bytes], kind: type[_Signed]) -> bytes:
    """Return a document with the signatures of its copies; raise ValueError when they do not say the same."""
    document = read_document(raw, kind)
    for other in others:
        copy = read_document(other, kind)
        if copy.signed_bytes != document.signed_bytes:
            raise ValueError("they do not say the same")
        document.signatures.update(copy.signatures)
    return document.to_bytes()


def read_document(raw: bytes, kind: type[_Signed]) -> Metadata[_Signed]:
    """Return a TUF document; raise IntegrityFailure `directory-malformed` for what is none of that kind."""
    try:
        document: Metadata[_Signed] = Metadata.from_bytes(raw)
    except (DeserializationError, RepositoryError, RecursionError):
        raise malformed(kind.type, "it is no TUF document") from None
    if not isinstance(document.signed, kind):
        raise malformed(kind.type, "it is a document of another kind")
    return document


def signers_of(document: Metadata[Root] | Metadata[Targets], root: Root) -> tuple[str, ...]:
    """Return the founders in a root who have signed a document with both of their keys."""
    role = document.signed.type
    result = root.get_verification_result(role, document.signed_bytes, document.signatures)
    return tuple(
        founder.agency
        for founder in foundation_of(root).founders
        if all(key.keyid in result.signed for key in founder.keys)
    )


def is_signed_for(document: Metadata[Targets], agency: str, participants: Sequence[Participant]) -> bool:
    """Tell whether a role is signed by both keys of the participant whose it is."""
    mine = [participant for participant in participants if participant.agency == agency]
    if not mine:
        return False
    listed = make_targets(mine, version=1, expires=document.signed.expires).signed
    try:
        listed.verify_delegate(agency, document.signed_bytes, document.signatures)
    except (UnsignedMetadataError, ValueError):
        return False
    return True


def root_fingerprint(raw: bytes) -> str:
    """Return the SHA-256 (lowercase hex) of what a root says, whoever has signed it."""
    return digest(read_document(raw, Root).signed_bytes).hex()


def document_digest(raw: bytes) -> str:
    """Return the SHA-256 (lowercase hex) of what a root or a list says, whoever has signed it."""
    document: Metadata[Root] = Metadata.from_bytes(raw)
    return digest(document.signed_bytes).hex()


def role_versions(snapshot: Snapshot) -> Mapping[str, int]:
    """Return the version of each role in a snapshot."""
    return {name.removesuffix(".json"): meta.version for name, meta in snapshot.meta.items()}


def malformed(what: str, why: str) -> IntegrityFailure:
    """Return the failure for a document of the directory that is not of its form."""
    return IntegrityFailure("directory-malformed", f"The directory's {what} cannot be used: {why}.")


def _agency_of(key: Key) -> str:
    agency = key.unrecognized_fields.get(_AGENCY)
    if not isinstance(agency, str) or not is_agency(agency):
        raise ValueError("a key in it is no agency's")
    return agency
