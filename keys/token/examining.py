"""Look at a token and at each key that should be in it, and say in words what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pkcs11 import Attribute, KeyType, ObjectClass
from pkcs11.exceptions import NoSuchKey, PKCS11Error
from pkcs11.util.ec import encode_named_curve_parameters

from hub.errors import OurFault
from keys.findings import Finding, fine, soon, wrong
from keys.inventory import KeyEntry
from keys.token.faults import TokenTrouble, Trouble
from keys.token.making import Use
from keys.token.private_key import proves
from keys.token.session import Opening, Token
from keys.token.store import TokenKeys, token_id, use_of

_P256: Final = encode_named_curve_parameters("secp256r1")

#: What to do about each trouble.
FIXES: Final[Mapping[Trouble, str]] = {
    Trouble.MODULE_MISSING: "Install the token's PKCS #11 module, or put its path right in [token] of "
    "hub.toml.",
    Trouble.MODULE_UNUSABLE: "See whether the token is connected and its service runs; for SoftHSM, whether "
    "SOFTHSM2_CONF names its configuration and the hub's account may read it.",
    Trouble.TOKEN_MISSING: "Connect the token, or put its label right in [token] of hub.toml; "
    "`pkcs11-tool --module FILE --list-slots` shows those there are.",
    Trouble.TOKEN_AMBIGUOUS: "Take the other token away, or give it another label.",
    Trouble.PIN_ABSENT: "Put the PIN into the file token-pin of the home with chmod 600, name another with "
    "pin_file, hand it over as the systemd credential hub-token-pin, or with --pin-fd.",
    Trouble.PIN_EXPOSED: "Take it away from others with chmod go-rwx; have the PIN changed if they read it.",
    Trouble.PIN_WRONG: "Put the right PIN where the hub finds it, and restart the hub; each wrong try brings "
    "the token nearer to being locked.",
    Trouble.PIN_LAST_TRY: "Log in once with the token's own program and the right PIN: its tries start anew.",
    Trouble.PIN_LOCKED: "Have the token's security officer set a new PIN with the token's own program.",
    Trouble.PIN_UNSET: "Set the user PIN with the token's own program.",
    Trouble.PIN_EXPIRED: "Change the PIN with the token's own program.",
    Trouble.KEY_MISSING: "Put the right token back, or restore the key from the token's own backup; where "
    "it is gone for good, `hub key rotate` makes another.",
    Trouble.KEY_MISMATCH: "Put the right token back. Where it is the right one, take the key as compromised.",
    Trouble.BUSY: "The token answers slowly or hangs: look at its own program, and restart the hub.",
    Trouble.FAILED: "Look at the token with its own program; `hub serve` goes on when it works again.",
}


def examine_token(token: Token, store: TokenKeys | None, entries: Sequence[KeyEntry]) -> Iterator[Finding]:
    """Look at a token and at the keys that the inventory says are in it; without a store, at it alone."""
    label = token.address.label
    try:
        token.use(lambda opening: opening.session.token.slot.get_token().flags)
    except TokenTrouble as trouble:
        yield told(trouble, label)
        return
    yield fine("token", label, f"The token {label} is there and takes its PIN.")
    if store is None:
        return
    for entry in entries:
        yield from _examine_key(token, store, entry)
    yield from _strays(token, entries)


def told(trouble: TokenTrouble, about: str) -> Finding:
    """Return a trouble with what to do about it."""
    return wrong(trouble.trouble.value, about, trouble.sentence, FIXES[trouble.trouble], code=trouble.code)


def _examine_key(token: Token, store: TokenKeys, entry: KeyEntry) -> Iterator[Finding]:
    name = f"{entry.purpose.value} {entry.key_id}"
    try:
        public = store.public(entry)
    except OurFault as fault:
        yield wrong(
            "public-half", name, fault.sentence, "Bring the file back from a backup.", code=fault.code
        )
        return

    def look(opening: Opening) -> dict[str, Any]:
        handle = opening.key(token_id(entry.key_id))
        seen = {name: _read(handle, attribute) for name, attribute in _SEEN.items()}
        return seen | {"proves": seen["curve"] == _P256 and proves(handle, public)}

    try:
        seen = token.use(look, told=name)
    except TokenTrouble as trouble:
        yield told(trouble, name)
        return
    found = list(_faults(name, seen, use_of(entry.purpose)))
    yield from found or [fine("key", name, f"The key {name} is in the token, and stays there.")]


_SEEN: Final = {
    "type": Attribute.KEY_TYPE,
    "curve": Attribute.EC_PARAMS,
    "extractable": Attribute.EXTRACTABLE,
    "sensitive": Attribute.SENSITIVE,
    "was_extractable": Attribute.NEVER_EXTRACTABLE,
    "signs": Attribute.SIGN,
    "agrees": Attribute.DERIVE,
}


def _read(handle: Any, attribute: Attribute) -> Any:
    """Return an attribute, or None where a token does not tell it."""
    try:
        return handle[attribute]
    except NoSuchKey:
        raise
    except PKCS11Error:
        return None


def _faults(name: str, seen: Mapping[str, Any], use: Use) -> Iterator[Finding]:
    rotate = "Make another with `hub key rotate`, and retire this one."
    if seen["type"] is not KeyType.EC or seen["curve"] != _P256:
        yield wrong("curve", name, f"The key {name} is not on P-256.", rotate)
        return
    if not seen["proves"]:
        yield wrong(
            Trouble.KEY_MISMATCH.value,
            name,
            f"The token holds another key under the id of {name}.",
            FIXES[Trouble.KEY_MISMATCH],
        )
    if seen["extractable"] or seen["sensitive"] is False:
        yield wrong("extractable", name, f"The key {name} can be taken out of the token.", rotate)
    elif seen["was_extractable"] is False:
        yield soon("was-extractable", name, f"The key {name} could be taken out once.", rotate)
    if seen["signs"] and seen["agrees"]:
        yield wrong(
            "two-uses", name, f"The key {name} may both sign and agree; expected one of them.", rotate
        )
    elif not (seen["signs"] if use is Use.SIGN else seen["agrees"]):
        yield wrong("use", name, f"The key {name} may not {use.value}, which it is for.", rotate)


def _strays(token: Token, entries: Sequence[KeyEntry]) -> Iterator[Finding]:
    """Yield private keys of ours that the inventory does not know: what a crash left, or another hub's."""
    known = {token_id(entry.key_id) for entry in entries}
    purposes = {entry.purpose.value for entry in entries}

    def look(opening: Opening) -> list[str]:
        found = opening.session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})
        return [key.label for key in found if key.id not in known]

    try:
        labels = token.use(look)
    except TokenTrouble:
        return  # told of its keys already
    for label in labels:
        if any(label.startswith(f"{purpose}-") for purpose in purposes):
            yield soon(
                "stray",
                label,
                f"The token holds {label}, which this hub's inventory does not know.",
                "Where no other hub uses the token, a crash left it: destroy it with pkcs11-tool.",
            )
