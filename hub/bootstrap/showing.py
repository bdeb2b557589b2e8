"""What reads the forms of partners without a hub when evidence is verified; it needs no hub."""

from __future__ import annotations

from adapters.showing.forms import PartnerForms
from hub.evidence.partners import Forms


def partner_forms() -> Forms:
    """Return the reader of those seals, carriers and dialects that are here."""
    return PartnerForms()
