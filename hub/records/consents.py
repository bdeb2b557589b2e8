"""Details of the kinds by which an originator is asked for its consent, and gives it (the third-party rule).

Both name the record that they are about by its id and say nothing of its content. A consent is a record like
any other: two officers release it, its originator's signature is the signature of the consent, and it is
taken back by withdrawing it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, validates_schema

from hub.records.fields import Agency, Choice, Count, Date, Id, Many, Part, Text
from hub.records.schema import Object


class RecordMeant(Object):
    """Which record of the originator a consent is about, and the version that was seen."""

    id = Id(required=True)
    version = Count(1, 9999, required=True)


class ConsentRequest(Object):
    """Who would get the originator's record besides those who have it, and what for."""

    record = Part(RecordMeant, required=True)
    pass_to = Many(Agency(), 64, shortest=1, required=True)
    aim = Text(4000, lines=True, required=True)


class Consent(Object):
    """The originator's answer: to whom the record may be passed on, until when and on which conditions."""

    record = Part(RecordMeant, required=True)
    pass_to = Many(Agency(), 64, shortest=1, required=True)
    decision = Choice(("granted", "refused"), required=True)
    until = Date()
    conditions = Text(4000, lines=True)
    explained = Text(4000, lines=True)

    @validates_schema
    def fits_decision(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse a consent without its end, a refusal without its reason, and either with the other's."""
        granted = data["decision"] == "granted"
        needed, strange = ("until", "explained") if granted else ("explained", "until")
        if needed not in data:
            raise ValidationError(f"is missing; expected with the decision {data['decision']}", needed)
        if strange in data:
            raise ValidationError(f"is not expected with the decision {data['decision']}", strange)
        if not granted and "conditions" in data:
            raise ValidationError("is not expected with the decision refused", "conditions")
