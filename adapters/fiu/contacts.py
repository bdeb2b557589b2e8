"""What persons and entities share in goAML: contacts, dates, and which name is in Latin letters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from lxml.etree import _Element

from adapters.fiu.codes import UNKNOWN, is_country, is_day, is_email, latin, upto
from adapters.fiu.slots import NOWHERE, Part, Slot, add, read, write
from adapters.rest import Path, Rest

COMMENTS: Final = Slot(element="comments", path=("note",), takes=upto(8000))
_MOST_MAILS: Final = 5
_ADDRESS: Final = (
    Slot(element="address_type", path=NOWHERE, needed=UNKNOWN),
    Slot(element="address", path=("street",), takes=upto(100), needed=UNKNOWN),
    Slot(element="city", path=("city",), takes=upto(255), needed=UNKNOWN),
    Slot(element="zip", path=("postal_code",), takes=upto(10)),
    Slot(element="country_code", path=("country",), takes=is_country, needed=UNKNOWN),
    Slot(element="state", path=("region",), takes=upto(255), needed=UNKNOWN),
    COMMENTS,
)
_PHONE: Final = (
    Slot(element="tph_contact_type", path=NOWHERE, needed=UNKNOWN),
    Slot(element="tph_communication_type", path=NOWHERE, needed=UNKNOWN),
    Slot(element="tph_number", path=("value",), takes=upto(50)),
    COMMENTS,
)


def latin_name(view: Rest, longest: int) -> int | None:
    names = view.see("names", default=())
    return next(
        (
            place
            for place, name in enumerate(names)
            if latin(longest)(name["text"]) and name["text"] != UNKNOWN
        ),
        None,
    )


def write_date(parent: _Element, date: Rest, element: str) -> None:
    if date.see("form") == "exact" and is_day(date.see("date")):
        date.take("form")
        write(parent, date, (Slot(element=element, path=("date",), takes=is_day, day=True),))


def read_date(view: Rest, element: str, path: Path) -> Iterator[Part]:
    for inner, value in read(view, (Slot(element=element, path=("date",), takes=is_day, day=True),)):
        yield (*path, "form"), "exact"
        yield (*path, *inner), value


def write_places(parent: _Element, view: Rest) -> None:
    """Append telephones, addresses and mail: telephones first, as they are read back."""
    contacts = list(view.each("contacts"))
    phones, mails = _sorted(contacts)
    if phones:
        outer = add(parent, "phones")
        for phone in phones:
            phone.take("contact_type")
            write(add(outer, "phone"), phone, _PHONE)
    addresses = [one for one in view.each("addresses") if _says(one)]
    if addresses:
        outer = add(parent, "addresses")
        for address in addresses:
            write(add(outer, "address"), address, _ADDRESS)
    for mail in mails:
        mail.take("contact_type")
        add(parent, "email", mail.take("value"))


def _sorted(contacts: list[Rest]) -> tuple[list[Rest], list[Rest]]:
    phones: list[Rest] = []
    mails: list[Rest] = []
    for contact in contacts:
        sort, value = contact.see("contact_type"), contact.see("value")
        if sort == "phone" and upto(50)(value) and not mails:
            phones.append(contact)
        elif sort == "email" and is_email(value) and len(mails) < _MOST_MAILS:
            mails.append(contact)
    return phones, mails


def _says(address: Rest) -> bool:
    def carried(slot: Slot) -> bool:
        value: Any = address.see(*slot.path)
        return isinstance(value, str) and value != slot.needed and (slot.takes is None or slot.takes(value))

    return any(carried(slot) for slot in _ADDRESS if slot.path != NOWHERE)


def read_places(view: Rest) -> Iterator[Part]:
    place = 0
    for outer in view.each("phones"):
        for phone in outer.each("phone"):
            said = list(read(phone, _PHONE))
            if said:
                yield ("contacts", place, "contact_type"), "phone"
                yield from ((("contacts", place, *path), value) for path, value in said)
                place += 1
    for number, address in enumerate(
        each for outer in view.each("addresses") for each in outer.each("address")
    ):
        yield from ((("addresses", number, *path), value) for path, value in read(address, _ADDRESS))
    for mail in view.each("email"):
        value = mail.take("#")
        if isinstance(value, str):
            yield ("contacts", place, "contact_type"), "email"
            yield ("contacts", place, "value"), value
            place += 1
