"""Charges, each with the country that wants the person for it, and the Security Council's reference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adapters.interpol.codes import UN_LISTS, UN_REFERENCE, country_code, country_of
from adapters.rest import Path, Rest


def write_warrants(details: Rest, sort: str) -> dict[str, Any]:
    """Return the charges of a notice, and its UN reference in a UN Special Notice."""
    made: dict[str, Any] = {}
    if details.see("charges"):
        made["arrest_warrants"] = [
            {
                "charge": one.take("offence"),
                "issuing_country_id": _issuing(one),
                "charge_translation": one.take("translation"),
            }
            for one in details.each("charges")
        ]
    reference = str(details.see("listing", "reference"))
    known = UN_REFERENCE.fullmatch(reference)
    if sort == "un-special" and known and UN_LISTS.get(known["list"]) == details.see("listing", "list"):
        details.take("listing", "list")
        made["un_reference"] = details.take("listing", "reference")
    return made


def read_warrants(rest: Rest, sort: str) -> Iterator[tuple[Path, Any]]:
    """Yield charges with their countries, and the listing; a warrant that names no charge stays unknown."""
    for place, one in enumerate(rest.each("arrest_warrants")):
        yield from (((*("charges", place), name), value) for name, value in _read_charge(one))
    if rest.see("arrest_warrants", default="") is None:
        rest.take("arrest_warrants")
    reference = rest.see("un_reference")
    known = UN_REFERENCE.fullmatch(reference) if isinstance(reference, str) else None
    if sort == "un-special" and known is not None and known["list"] in UN_LISTS:
        yield ("listing", "list"), UN_LISTS[known["list"]]
        yield ("listing", "reference"), rest.take("un_reference")


def _issuing(charge: Rest) -> str | None:
    """Take the country that wants the person, if Interpol's table has it."""
    if country_code(charge.see("country")) is None:
        return None
    return country_code(charge.take("country"))


def _read_charge(warrant: Rest) -> Iterator[tuple[str, Any]]:
    offence = warrant.see("charge")
    if not isinstance(offence, str) or not offence.strip():
        return
    yield "offence", warrant.take("charge")
    if (country := country_of(warrant.see("issuing_country_id"))) is not None:
        warrant.take("issuing_country_id")
        yield "country", country
    if translation := warrant.take_if("charge_translation", of=str):
        yield "translation", translation
    for name in ("issuing_country_id", "charge_translation"):
        if warrant.see(name, default="") is None:
            warrant.take(name)
