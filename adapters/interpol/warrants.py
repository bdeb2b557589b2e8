"""Charges with the country that wants the arrest, and the Security Council's reference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adapters.interpol.codes import UN_LISTS, UN_REFERENCE, country_code, country_of
from adapters.rest import Path, Rest


def write_warrants(details: Rest, sort: str) -> dict[str, Any]:
    """Return the charges of a notice, and its UN reference in a UN Special Notice."""
    made: dict[str, Any] = {}
    if details.see("charges"):
        country = country_code(details.see("warrant", "country"))
        if country is not None:
            details.take("warrant", "country")
        made["arrest_warrants"] = [
            {"charge": one.take("offence"), "issuing_country_id": country, "charge_translation": None}
            for one in details.each("charges")
        ]
    reference = str(details.see("listing", "reference"))
    known = UN_REFERENCE.fullmatch(reference)
    if sort == "un-special" and known and UN_LISTS.get(known["list"]) == details.see("listing", "list"):
        details.take("listing", "list")
        made["un_reference"] = details.take("listing", "reference")
    return made


def read_warrants(rest: Rest, sort: str) -> Iterator[tuple[Path, Any]]:
    """Yield charges, the country of the warrant where all agree on it, and the listing."""
    warrants = list(rest.each("arrest_warrants"))
    countries = {country_of(one.see("issuing_country_id")) for one in warrants}
    same = len(countries) == 1 and None not in countries
    for place, one in enumerate(warrants):
        if (charge := one.take_if("charge", of=str)) is not None:
            yield ("charges", place, "offence"), charge
        if same or one.see("issuing_country_id", default="") is None:
            one.take("issuing_country_id")
        if one.see("charge_translation", default="") is None:
            one.take("charge_translation")
    if same:
        yield ("warrant", "country"), countries.pop()
    if rest.see("arrest_warrants", default="") is None:
        rest.take("arrest_warrants")
    reference = rest.see("un_reference")
    known = UN_REFERENCE.fullmatch(reference) if isinstance(reference, str) else None
    if sort == "un-special" and known is not None and known["list"] in UN_LISTS:
        yield ("listing", "list"), UN_LISTS[known["list"]]
        yield ("listing", "reference"), rest.take("un_reference")
