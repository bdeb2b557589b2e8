"""Errors of ebMS 3 (§6.7) and AS4 (§5.1): how a failure of ours is told to the partner."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Final

from hub.errors import HubError, IntegrityFailure

_DETAIL: Final = "ebms"
_ABOUT: Final = "message"


class Ebms(Enum):
    """An error's code, its short description and its category."""

    OTHER = ("EBMS:0004", "Other", "Content")
    MIME = ("EBMS:0007", "MimeInconsistency", "Unpackaging")
    HEADER = ("EBMS:0009", "InvalidHeader", "Unpackaging")
    MODE = ("EBMS:0010", "ProcessingModeMismatch", "Processing")
    AUTHENTICATION = ("EBMS:0101", "FailedAuthentication", "Processing")
    DECRYPTION = ("EBMS:0102", "FailedDecryption", "Processing")
    DECOMPRESSION = ("EBMS:0303", "DecompressionFailure", "Communication")

    @property
    def code(self) -> str:
        """Return the code, such as `EBMS:0101`."""
        return self.value[0]

    @property
    def short(self) -> str:
        """Return the short description that belongs to the code."""
        return self.value[1]

    @property
    def category(self) -> str:
        """Return what sort of failure it is."""
        return self.value[2]


@contextmanager
def told_as(error: Ebms, about: str | None = None) -> Iterator[None]:
    """Let what is refused here be answered with an error of ebMS, about a message once its id is known."""
    try:
        yield
    except HubError as failure:
        failure.details.setdefault(_DETAIL, error)
        failure.details.setdefault(_ABOUT, about)
        raise


def error_of(failure: HubError) -> Ebms:
    """Return the error of ebMS with which a failure is answered."""
    found = failure.details.get(_DETAIL)
    return found if isinstance(found, Ebms) else Ebms.OTHER


def about_of(failure: HubError) -> str | None:
    """Return the id of the message that was refused, as far as it could be read."""
    found = failure.details.get(_ABOUT)
    return found if isinstance(found, str) else None


def reused(about: str) -> IntegrityFailure:
    """Build the failure for other content under the id of a message that came or went before."""
    return IntegrityFailure("envelope-id-reused", "Another parcel went under this id.", **{_ABOUT: about})
