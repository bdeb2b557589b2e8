"""Details of the kinds from the world of sanctions lists, banks and the financial intelligence unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, validates_schema

from hub.records.fields import Choice, Count, Date, Many, Part, Text, Time
from hub.records.parts import (
    LOOK_BACK_YEARS,
    Institution,
    LegalReference,
    Listing,
    ListReference,
    Money,
    Period,
    Threshold,
    WebLink,
    within_look_back,
)
from hub.records.schema import Object

ASSETS = ("funds", "account", "securities", "crypto", "real-estate", "vehicle", "vessel", "company", "other")
MEASURES = ("asset-freeze", "travel-ban", "arms-embargo")


class Designation(ListReference):
    """One entry of a sanctions list, as it stood in the list that was published at `list_generated_at`."""

    listed_on = Date(required=True)
    amended_on = Many(Date(), 100)
    measures = Many(Choice(MEASURES), len(MEASURES), shortest=1, required=True)
    list_generated_at = Time(required=True)
    source_id = Text(60)
    grounds = Text(20_000, lines=True)
    links = Many(Part(WebLink), 10)


class Delisting(ListReference):
    """An entry that is gone. The UN list says so by absence alone: `absent_at` is the list without it."""

    listed_on = Date()
    delisted_on = Date(required=True)
    absent_at = Time()
    decision = Part(LegalReference)
    grounds = Text(20_000, lines=True)


class FrozenAsset(Object):
    """One asset that was frozen."""

    asset_type = Choice(ASSETS, required=True)
    described = Text(required=True)
    value = Part(Money, required=True)


class AssetFreeze(Object):
    """What one institution did about one listing."""

    listing = Part(Listing, required=True)
    institution = Part(Institution, required=True)
    outcome = Choice(("frozen", "nothing-held", "unfrozen"), required=True)
    decided_at = Time(required=True)
    frozen = Many(Part(FrozenAsset), 500)
    law = Part(LegalReference)
    exemptions = Text(4000, lines=True)

    @validates_schema
    def fits_outcome(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse assets where nothing is held, and none where something was frozen."""
        if (data["outcome"] == "nothing-held") == bool(data.get("frozen")):
            expected = "no assets" if data.get("frozen") else "at least one asset"
            raise ValidationError(f"expected {expected} with that outcome; it is otherwise", "frozen")


class AssetInquiry(Object):
    """What institutions are asked to look for."""

    listing = Part(Listing)
    institutions = Many(Part(Institution), 200)
    assets = Many(Choice(ASSETS), len(ASSETS), shortest=1, required=True)
    period = Part(Period)
    grounds = Text(4000, lines=True, required=True)
    freeze_at_once = Choice(("yes", "no", "if-listed"), required=True)


class SuspiciousTransaction(Object):
    """What an institution reports to the financial intelligence unit, which passes it on.

    The period is what the institution looked back on, at most three years.
    """

    report_number = Text(100, required=True)
    reported_on = Date(required=True)
    institution = Part(Institution, required=True)
    suspicion = Choice(("terrorist-financing", "money-laundering", "proliferation"), required=True)
    indicators = Many(Text(), 50, shortest=1, required=True)
    threshold = Part(Threshold, required=True)
    period = Part(Period, required=True)
    total = Part(Money, required=True)
    transactions = Count(1, 1_000_000, required=True)
    state = Choice(("carried-out", "attempted", "suspended", "refused"), required=True)

    @validates_schema
    def looks_back(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse an open period and one longer than institutions look back."""
        if not within_look_back(data["period"]):
            raise ValidationError(
                f"expected a start and an end at most {LOOK_BACK_YEARS} years apart; it is otherwise",
                "period",
            )
