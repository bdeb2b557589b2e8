"""Details of a passage: the record by which a hub passes another originator's record on, with its consent.

Both travel as their originator signed them: the signed bytes of the record and of the consent, so that the
recipient verifies that originator's signatures and no word of the hub that passes them on.
"""

from __future__ import annotations

import re

from hub.records.fields import Agency, Code, Count, Id, Many, Part, Text
from hub.records.schema import Object


class Encoded(Code):
    """Bytes in base64url without padding (RFC 4648 §5)."""

    pattern = re.compile(r"[A-Za-z0-9_-]+")
    expected = "base64url without padding"


class SignatureOver(Object):
    """One signature of a JWS, and the header that it is over."""

    protected = Encoded(required=True)
    signature = Encoded(required=True)


class SignedRecord(Object):
    """A JWS (RFC 7515 §7.2.1) as its originator made it: what an envelope would seal."""

    payload = Encoded(required=True)
    signatures = Many(Part(SignatureOver), 4, shortest=1, required=True)


class PassedRecord(Object):
    """Which record is passed on: whose it is, its id and its version."""

    originator = Agency(required=True)
    id = Id(required=True)
    version = Count(1, 9999, required=True)


class Passage(Object):
    """The originator's record and its consent to pass it on, both as it signed them."""

    record = Part(PassedRecord, required=True)
    signed = Part(SignedRecord, required=True)
    consent = Part(SignedRecord, required=True)


class PassageRecall(Object):
    """Why what was passed on is taken back: with the originator's own withdrawal, or without its consent.

    `signed` is the withdrawal as the originator signed it. Without it, what came by this passage may not be
    kept any longer: its consent was taken back, or the next version cannot be passed on.
    """

    reason = Text(4000, lines=True, required=True)
    record = Part(PassedRecord, required=True)
    signed = Part(SignedRecord)
