"""What is kept of the looks at a public list, and by which names its notices and their forms go."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from adapters.carriers.names import is_name

#: How the last part of a parcel's id begins that is the withdrawal of a notice.
GONE: Final = "gone"


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """One look through a list: when it began, how much was listed and not shown, and what is left to fetch.

    `odd` is how many notices the server listed and then answered wrongly; the next look asks for them again.
    `missed` is how many that were taken it did not list, this once; `held` how many, if they were too many.
    """

    began_at: float
    found: int
    missing: int
    odd: int
    left: tuple[tuple[str, str], ...] = field(repr=False)
    missed: int = 0
    held: int = 0

    def written(self) -> bytes:
        """Return it as it is kept."""
        return json.dumps(vars(self)).encode("ascii")

    @classmethod
    def read(cls, raw: bytes) -> Sweep:
        """Return what was kept."""
        told = json.loads(raw)
        return cls(**{**told, "left": tuple((number, path) for number, path in told["left"])})


@dataclass(frozen=True, kw_only=True)
class Known:
    """The last form of a notice that was taken or refused, by its digest, and how many were."""

    digest: str
    forms: int

    def written(self) -> bytes:
        """Return it as it is kept."""
        return f"{self.digest} {self.forms}".encode("ascii")

    @classmethod
    def read(cls, raw: bytes) -> Known:
        """Return what was kept; before forms were counted, it was the digest alone."""
        digest, _, forms = raw.decode("ascii", "replace").partition(" ")
        return cls(digest=digest, forms=int(forms) if forms.isdecimal() else 1)


def notice_of(parcel_id: str) -> str:
    """Return the name of the notice that a parcel is a form of."""
    return parcel_id.rpartition(".")[0]


def is_gone(parcel_id: str) -> bool:
    """Tell whether a parcel is the withdrawal of a notice; the form of one is named in hexadecimal."""
    return parcel_id.rpartition(".")[2].startswith(GONE)


def digest_of(document: bytes) -> str:
    """Return what tells one form of a notice from another."""
    return sha256(document).hexdigest()[:32]


def form_of(document: bytes, before: int) -> str:
    """Return what names a form of a notice after others: one that it had before is another parcel now."""
    return digest_of(document) if not before else digest_of(b"%d\n" % before + document)


def name_of(number: str) -> str:
    """Return a notice's number as the name of a file; of one that is no name, its digest."""
    name = number.replace("/", "-")
    return name if is_name(name) and len(name) <= 80 else f"n-{sha256(number.encode()).hexdigest()}"
