"""One token in one process: opened at first use, and again after a fork or when it has come back.

python-pkcs11 initialises a module without asking it to lock (C_Initialize with no arguments), so no two
threads may be in it at once: one lock covers every call. A module and what it has opened belong to one
process (PKCS #11 v2.40 usage guide, section 2.5.3, "Applications and processes"): after a fork the child
initialises the module anew.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar
from weakref import WeakSet

import pkcs11
from pkcs11 import ObjectClass, TokenFlag
from pkcs11.exceptions import NoSuchKey, PKCS11Error, UserAlreadyLoggedIn

from hub.errors import OurFault
from keys.secret import Secret
from keys.token.faults import TokenTrouble, Trouble, trouble_of

_Result = TypeVar("_Result")

#: How long a caller waits for its turn, and how long a failing token is left alone.
_TURN_S: Final = 10.0
_REST_S: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class TokenAddress:
    """Where a token is: the PKCS #11 module that reaches it, and its label."""

    module: Path
    label: str


@dataclass(kw_only=True)
class Opening:
    """A session that is logged in, with the keys found in it so far."""

    session: Any
    keys: dict[bytes, Any] = field(default_factory=dict)

    def key(self, key_id: bytes) -> Any:
        """Return the private key with an id (CKA_ID); raise NoSuchKey."""
        if key_id not in self.keys:
            self.keys[key_id] = self.session.get_key(object_class=ObjectClass.PRIVATE_KEY, id=key_id)
        return self.keys[key_id]


class Watched(Protocol):
    """A key that somebody uses."""

    @property
    def name(self) -> str:
        """Return what people know it by."""
        ...

    def check(self, opening: Opening) -> object:
        """Raise what its use would fail with."""
        ...


@dataclass(kw_only=True)
class _Here:
    """What one process knows of the token."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    opening: Opening | None = None
    failure: TokenTrouble | None = None
    failed_at: float = 0.0


class Token:
    """A token that is used through its module. Every use either works or raises OurFault.

    A use that fails is tried once more over a fresh session, since a token that went and came back has
    forgotten the old one. What then fails rests for a second, in which nobody waits for it. A PIN that
    was refused is never shown again by this process: a few wrong ones lock a token for good.
    """

    def __init__(
        self,
        address: TokenAddress,
        pin: Callable[[], Secret],
        *,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self.address = address
        self._read_pin = pin
        self._pin: Secret | None = None
        self._seconds = seconds
        self._by_process: dict[int, _Here] = {}
        self._watched: WeakSet[Watched] = WeakSet()

    def __repr__(self) -> str:
        return f"Token(label={self.address.label!r})"

    def use(self, work: Callable[[Opening], _Result], *, told: str = "") -> _Result:
        """Do one thing with the token and return what it gave; `told` names the key that it is about.

        Raises TokenTrouble: OurFault `token-unavailable` or `token-pin-refused`.
        """
        with self._turn() as here:
            self._refuse_resting(here)
            try:
                if here.opening is not None:
                    try:
                        return work(here.opening)
                    except PKCS11Error:
                        here.opening = None
                here.opening = self._open()
                result = work(here.opening)
            except TokenTrouble as trouble:
                raise self._noted(here, trouble) from None
            except NoSuchKey:
                # The token is there, and other keys in it may be used.
                raise self._trouble(Trouble.KEY_MISSING, told) from None
            except PKCS11Error as error:
                raise self._noted(here, self._trouble(trouble_of(error), type(error).__name__)) from None
            here.failure = None
            return result

    def change(self, work: Callable[[Any], _Result]) -> _Result:
        """Do one thing in a session that may write; raise as `use` does."""

        def writing(opening: Opening) -> _Result:
            # The login counts for all sessions of a process (PKCS #11 v2.40, section 5.6).
            session = opening.session.token.open(rw=True)
            try:
                return work(session)
            finally:
                opening.keys.clear()
                session.close()

        return self.use(writing)

    def failure(self) -> TokenTrouble | None:
        """Return why the token, or a key of it that is in use here, cannot be used now; None if all can.

        That a token is in its slot says little: some modules go on saying so when it is gone.
        """
        try:
            self.use(lambda opening: opening.session.token.slot.get_token().flags)
            for key in list(self._watched):
                self.use(key.check, told=key.name)
        except TokenTrouble as trouble:
            return trouble
        return None

    def watch(self, key: Watched) -> None:
        """Have a key looked after for as long as somebody holds it."""
        self._watched.add(key)

    def close(self) -> None:
        """Forget the session and the PIN."""
        with self._turn() as here:
            here.opening = None
            if self._pin is not None:
                self._pin.wipe()
                self._pin = None

    def prepare(self) -> None:
        """Read the PIN now: before a fork after which its descriptor, or a person, could not be asked."""
        with self._turn():
            self._shown_pin()

    @contextmanager
    def _turn(self) -> Iterator[_Here]:
        """Let one thread of this process into the module at a time."""
        # In one step, since several threads of a fresh fork may come at once.
        here = self._by_process.setdefault(os.getpid(), _Here())
        if not here.lock.acquire(timeout=_TURN_S):
            raise self._trouble(Trouble.BUSY)
        try:
            yield here
        finally:
            here.lock.release()

    def _refuse_resting(self, here: _Here) -> None:
        if here.failure is not None and (here.failure.final or self._seconds() - here.failed_at < _REST_S):
            raise here.failure.again()

    def _noted(self, here: _Here, trouble: TokenTrouble) -> TokenTrouble:
        here.opening, here.failure, here.failed_at = None, trouble, self._seconds()
        return trouble

    def _open(self) -> Opening:
        """Start the module, find the token and log in; raise TokenTrouble or PKCS11Error."""
        token = find_token(self.address)
        try:
            session = token.open(user_pin=self._shown_pin())
        except UserAlreadyLoggedIn:
            session = token.open()
        return Opening(session=session)

    def _shown_pin(self) -> str:
        """Return the PIN, read the first time that it is needed; a command that uses no key asks for none."""
        if self._pin is None:
            try:
                self._pin = self._read_pin()
            except OurFault as fault:
                exposed = fault.details.get("exposed") is True
                trouble = Trouble.PIN_EXPOSED if exposed else Trouble.PIN_ABSENT
                raise self._trouble(trouble, fault.sentence) from None
        return self._pin.text()

    def _trouble(self, trouble: Trouble, told: str = "") -> TokenTrouble:
        return TokenTrouble(trouble, module=str(self.address.module), label=self.address.label, told=told)


def find_token(address: TokenAddress) -> Any:
    """Start a module anew and return its token; raise TokenTrouble where that must not be logged in to."""
    about = {"module": str(address.module), "label": address.label}
    if not address.module.is_file():
        raise TokenTrouble(Trouble.MODULE_MISSING, **about)
    try:
        # By its real path: a module that is loaded by two of its names cannot be started twice.
        module = pkcs11.lib(str(address.module.resolve()))
    except (PKCS11Error, ImportError) as error:
        loading = type(error) is PKCS11Error or isinstance(error, ImportError)
        trouble = Trouble.MODULE_MISSING if loading else Trouble.MODULE_UNUSABLE
        raise TokenTrouble(trouble, told=type(error).__name__, **about) from None
    try:
        # What an earlier process, or the token before it went, has left in the module is of no use.
        module.reinitialize()
        token = module.get_token(token_label=address.label)
        flags = token.flags
    except PKCS11Error as error:
        found = trouble_of(error)
        trouble = Trouble.MODULE_UNUSABLE if found is Trouble.FAILED else found
        raise TokenTrouble(trouble, told=type(error).__name__, **about) from None
    for flag, stands, trouble in (
        (TokenFlag.USER_PIN_INITIALIZED, False, Trouble.PIN_UNSET),
        (TokenFlag.USER_PIN_LOCKED, True, Trouble.PIN_LOCKED),
        (TokenFlag.USER_PIN_FINAL_TRY, True, Trouble.PIN_LAST_TRY),
    ):
        if bool(flags & flag) is stands:
            raise TokenTrouble(trouble, **about)
    return token
