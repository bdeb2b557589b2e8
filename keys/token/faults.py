"""What went wrong with a token, in plain words: one table from PKCS #11's errors to sentences."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

import pkcs11.exceptions as p11

from hub.errors import OurFault

#: A lane, and a client, comes again after so long: a token that is back is found at once.
RETRY_AFTER_S: Final = 5


class Trouble(Enum):
    """What is wrong with a token; each has a sentence, and one that says what to do."""

    MODULE_MISSING = "module-missing"
    MODULE_UNUSABLE = "module-unusable"
    TOKEN_MISSING = "token-missing"  # noqa: S105 (a fault, not a secret)
    TOKEN_AMBIGUOUS = "token-ambiguous"  # noqa: S105
    PIN_ABSENT = "pin-absent"
    PIN_EXPOSED = "pin-exposed"
    PIN_WRONG = "pin-wrong"
    PIN_LAST_TRY = "pin-last-try"
    PIN_LOCKED = "pin-locked"
    PIN_UNSET = "pin-unset"
    PIN_EXPIRED = "pin-expired"
    KEY_MISSING = "key-missing"
    KEY_MISMATCH = "key-mismatch"
    BUSY = "busy"
    FAILED = "failed"


SENTENCES: Final[Mapping[Trouble, str]] = {
    Trouble.MODULE_MISSING: "The PKCS #11 module {module} is not there or cannot be loaded.",
    Trouble.MODULE_UNUSABLE: "The PKCS #11 module {module} does not start ({told}).",
    Trouble.TOKEN_MISSING: "There is no token labelled {label} now.",
    Trouble.TOKEN_AMBIGUOUS: "Two tokens are labelled {label}; the hub takes neither.",
    Trouble.PIN_ABSENT: "The token {label} wants a PIN. {told}",
    Trouble.PIN_EXPOSED: "The PIN of the token {label} is not read. {told}",
    Trouble.PIN_WRONG: "The token {label} refuses the PIN it was shown.",
    Trouble.PIN_LAST_TRY: "The token {label} gives its PIN one last try, which the hub does not take.",
    Trouble.PIN_LOCKED: "The PIN of the token {label} is locked after too many wrong tries.",
    Trouble.PIN_UNSET: "The token {label} has no user PIN yet.",
    Trouble.PIN_EXPIRED: "The PIN of the token {label} has expired.",
    Trouble.KEY_MISSING: "The token {label} does not hold the key {told}.",
    Trouble.KEY_MISMATCH: "The token {label} holds another key under the id of {told}.",
    Trouble.BUSY: "The token {label} has not answered an earlier request yet.",
    Trouble.FAILED: "The token {label} fails ({told}).",
}

#: Showing the PIN again would lead to its being locked: a person has to act first.
_FINAL: Final = frozenset(
    {
        Trouble.PIN_WRONG,
        Trouble.PIN_LAST_TRY,
        Trouble.PIN_LOCKED,
        Trouble.PIN_UNSET,
        Trouble.PIN_EXPIRED,
    }
)

_TROUBLES: Final[Mapping[type[p11.PKCS11Error], Trouble]] = {
    p11.NoSuchToken: Trouble.TOKEN_MISSING,
    p11.TokenNotPresent: Trouble.TOKEN_MISSING,
    p11.TokenNotRecognised: Trouble.TOKEN_MISSING,
    p11.DeviceRemoved: Trouble.TOKEN_MISSING,
    p11.MultipleTokensReturned: Trouble.TOKEN_AMBIGUOUS,
    p11.PinIncorrect: Trouble.PIN_WRONG,
    p11.PinInvalid: Trouble.PIN_WRONG,
    p11.PinLenRange: Trouble.PIN_WRONG,
    p11.PinLocked: Trouble.PIN_LOCKED,
    p11.PinExpired: Trouble.PIN_EXPIRED,
    p11.UserPinNotInitialized: Trouble.PIN_UNSET,
}


class TokenTrouble(OurFault):
    """A token cannot be used: code `token-unavailable`, or `token-pin-refused` where a person must act."""

    def __init__(self, trouble: Trouble, *, module: str, label: str, told: str = "") -> None:
        super().__init__(
            "token-pin-refused" if trouble in _FINAL | {Trouble.PIN_EXPOSED} else "token-unavailable",
            SENTENCES[trouble].format(module=module, label=label, told=told),
            retry_after_s=RETRY_AFTER_S,
        )
        self.trouble = trouble
        self._told = {"module": module, "label": label, "told": told}

    def again(self) -> TokenTrouble:
        """Return the same trouble to be raised once more: an exception belongs to one raising of it."""
        return TokenTrouble(self.trouble, **self._told)

    @property
    def final(self) -> bool:
        """Tell whether trying again could do harm."""
        return self.trouble in _FINAL


def trouble_of(error: p11.PKCS11Error) -> Trouble:
    """Return what an error of the token means."""
    return _TROUBLES.get(type(error), Trouble.FAILED)
