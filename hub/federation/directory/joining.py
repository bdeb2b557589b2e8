"""A request to join: the keys and the entry that an agency brings, signed by the keys on its card.

The same document renews an entry later: a publisher takes it without anybody's approval, as long as the
keys in it are those that the directory lists for the agency.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from securesystemslib.signer import Key
from tuf.api.metadata import Targets

from hub.envelope.documents import peek_document, sign_document
from hub.envelope.encoding import list_of, members, text_of
from hub.envelope.keys import SigningKeys
from hub.errors import HubError, Refused
from hub.federation.card import Card
from hub.federation.directory.documents import (
    Founder,
    Participant,
    check_pair,
    entry_path,
    is_signed_for,
    key_document,
    read_document,
    read_key,
)
from hub.federation.directory.statement import (
    Statement,
    read_statement,
    strongest,
    verify_by,
)
from hub.records.ids import is_agency

JOIN_TYPE: Final = "hub-directory-join+jws"
_SAID: Final = frozenset({"agency", "entry_keys", "role", "statement"})
_FOUNDS: Final = frozenset({"root_keys", "publishing_key"})


@dataclass(frozen=True, kw_only=True)
class Joining:
    """What an agency brings. `role` is its signed TUF document over `statement`; both are raw bytes.

    Whoever is to hold root keys brings those and a publishing key as well.
    """

    agency: str
    entry_keys: tuple[Key, ...]
    role: bytes = field(repr=False)
    statement: bytes = field(repr=False)
    root_keys: tuple[Key, ...] = ()
    publishing_key: Key | None = None

    @property
    def participant(self) -> Participant:
        """Return it as a participant."""
        return Participant(agency=self.agency, keys=self.entry_keys)

    @property
    def founder(self) -> Founder:
        """Return it as a founder; raise Refused `directory-change-invalid` when it brings no root keys."""
        if self.publishing_key is None:
            raise _invalid(
                f"{self.agency} brings no root keys; ask it for a request made with "
                "`hub directory join --founder`"
            )
        return Founder(agency=self.agency, keys=self.root_keys, publishing=self.publishing_key)

    @property
    def said(self) -> Statement:
        """Return what the statement says."""
        return read_statement(self.statement, agency=self.agency)

    @property
    def version(self) -> int:
        """Return the version of the entry."""
        return read_document(self.role, Targets).signed.version


def make_joining(joining: Joining, card: Card, keys: SigningKeys) -> bytes:
    """Return a request to join as signed bytes."""
    payload: dict[str, object] = {
        "agency": joining.agency,
        "entry_keys": [key_document(key) for key in joining.entry_keys],
        "role": joining.role.decode(),
        "statement": joining.statement.decode(),
    }
    if joining.publishing_key is not None:
        payload["root_keys"] = [key_document(key) for key in joining.root_keys]
        payload["publishing_key"] = key_document(joining.publishing_key)
    return sign_document(payload, typ=JOIN_TYPE, keys=keys, suite=strongest(card))


def read_joining(raw: bytes) -> Joining:
    """Return a request that is whole: signed by the keys on its card, its entry by the entry keys in it.

    Whose card that is, the caller settles: by the pin, or by the card's words. Raises Refused
    `directory-change-invalid`.
    """
    try:
        joining = _joining(peek_document(raw, JOIN_TYPE))
        verify_by(raw, JOIN_TYPE, joining.said.card)
        role = read_document(joining.role, Targets)
        if not is_signed_for(role, joining.agency, [joining.participant]):
            raise ValueError("its entry is not signed with both of its entry keys")
        path = entry_path(joining.agency)
        if set(role.signed.targets) != {path} or role.signed.delegations is not None:
            raise ValueError(f"its entry is about something else than {path}")
        role.signed.targets[path].verify_length_and_hashes(joining.statement)
    except HubError as error:
        raise _invalid(error.sentence.rstrip(".")) from None
    except Exception as error:  # noqa: BLE001 (TUF's own have no common class)
        raise _invalid(str(error).rstrip(".")) from None
    return joining


def is_signed_by_pinned(raw: bytes, pinned: Card) -> bool:
    """Tell whether a request is signed by keys on a card that is pinned here."""
    try:
        verify_by(raw, JOIN_TYPE, pinned)
    except HubError:
        return False
    return True


def _joining(payload: Mapping[str, object]) -> Joining:
    said = members(payload, _SAID, _FOUNDS)
    agency = text_of(said, "agency")
    if not is_agency(agency):
        raise ValueError("the agency is not an id like kz-knb")
    if len(_FOUNDS & said.keys()) == 1:
        raise ValueError("root keys and a publishing key go together")
    entry_keys = tuple(_key(one, agency) for one in list_of(said, "entry_keys"))
    root_keys = tuple(_key(one, agency) for one in list_of(said, "root_keys")) if "root_keys" in said else ()
    check_pair(entry_keys)
    if root_keys:
        check_pair(root_keys)
    publishing = _key(said["publishing_key"], agency) if "publishing_key" in said else None
    if publishing is not None and publishing.keytype != "ecdsa":
        raise ValueError("a publishing key is an ECDSA key")
    used = [key.keyid for key in (*entry_keys, *root_keys, *((publishing,) if publishing else ()))]
    if len(set(used)) != len(used):
        raise ValueError("one key serves two purposes")
    return Joining(
        agency=agency,
        entry_keys=entry_keys,
        role=text_of(said, "role").encode(),
        statement=text_of(said, "statement").encode(),
        root_keys=root_keys,
        publishing_key=publishing,
    )


def _key(told: object, agency: str) -> Key:
    return read_key(members(told, frozenset({"keyid", "keytype", "scheme", "keyval"})), agency)


def _invalid(why: str) -> Refused:
    return Refused("directory-change-invalid", f"The request to join cannot be used: {why}.")
