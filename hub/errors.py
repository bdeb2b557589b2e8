"""The one tree of failures, by blame. Decisions are returned; failures are raised."""

from __future__ import annotations

from hub.codes import CODES, Blame, Row


class HubError(Exception):
    """A failure with a stable code and a plain sentence.

    The sentence says what was expected and what came, and never holds content, keys or subjects:
    it goes to logs, to partners and onto screens.
    """

    blame: Blame

    def __init__(self, code: str, sentence: str, **details: object) -> None:
        row = CODES[code]
        if row.blame is not self.blame:
            raise ValueError(f"code {code} is to blame on {row.blame.value}, not {self.blame.value}")
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.details = details
        #: Whether the audit log tells of it already.
        self.logged = False

    @property
    def row(self) -> Row:
        """Return the table's row for this failure."""
        return CODES[self.code]

    def __str__(self) -> str:
        return f"{self.code}: {self.sentence}"


class OurFault(HubError):
    """We failed: a bug, a full disk, a bad configuration."""

    blame = Blame.OURS


class PeerFault(HubError):
    """The other side sent what cannot be used, or did not answer."""

    blame = Blame.PEER


class Refused(HubError):
    """It was understood and is not allowed, or not possible as asked."""

    blame = Blame.REFUSED


class IntegrityFailure(HubError):
    """Something was altered, swapped, replayed or forged."""

    blame = Blame.INTEGRITY


_CLASSES: dict[Blame, type[HubError]] = {
    kind.blame: kind for kind in (OurFault, PeerFault, Refused, IntegrityFailure)
}


def failure(code: str, sentence: str, **details: object) -> HubError:
    """Build the failure whose class fits the code's blame, for codes that come from a table or a peer."""
    return _CLASSES[CODES[code].blame](code, sentence, **details)
