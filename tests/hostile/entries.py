"""What a hostile document is here: its sort, who is given it, and the code that it must be refused with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tests.hostile.readers import readers

MALFORMED: Final = "partner-document-malformed"
HOSTILE: Final = "partner-document-hostile"
AMBIGUOUS: Final = "partner-document-ambiguous"
#: The adapters by what their documents are.
XML: Final = ("cis_atc", "sco_rats", "fiu")
JSON: Final = ("bilateral", "bilateral-stix", "bilateral-misp", "interpol")
SIGNATURE: Final = (
    b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:Reference URI="#a"/>'
    b"</ds:SignedInfo><ds:SignatureValue>AAAA</ds:SignatureValue></ds:Signature>"
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One hostile document: of which sort, who is given it, and the code that says why not."""

    sort: str
    name: str
    reader: str
    code: str
    make: Callable[[], bytes] = field(repr=False)

    def __str__(self) -> str:
        return f"{self.reader}: {self.name}"


def honest(reader: str) -> bytes:
    """Return a document that a reader takes."""
    return readers()[reader].honest[0]
