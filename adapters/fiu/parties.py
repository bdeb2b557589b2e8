"""Accounts and entities in goAML's shapes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lxml import etree
from lxml.etree import _Element

from adapters.fiu.codes import ACCOUNTS, UNKNOWN, is_amount, is_country, is_currency, is_day, latin, upto
from adapters.fiu.contacts import COMMENTS, latin_name, read_date, read_places, write_date, write_places
from adapters.fiu.slots import Part, Slot, read, take_filler, write
from adapters.rest import Rest

_ACCOUNT: Final = (
    Slot(element="institution_name", path=("institution", "name"), takes=upto(255)),
    Slot(element="swift", path=("institution", "bic"), takes=upto(11)),
    Slot(element="institution_country", path=("institution", "country"), takes=is_country),
    Slot(element="branch", path=("institution", "branch"), takes=upto(255)),
    Slot(element="account", path=("number",), takes=upto(255), needed=UNKNOWN),
    Slot(element="currency_code", path=("currency",), takes=is_currency),
    Slot(element="account_name", path=("holder",), takes=latin(255), needed=UNKNOWN),
    Slot(element="iban", path=("iban",), takes=upto(34)),
    Slot(element="account_type", path=("account_type",), words=ACCOUNTS),
    Slot(element="opened", path=("opened_on",), takes=is_day, day=True),
    Slot(element="closed", path=("closed_on",), takes=is_day, day=True),
    Slot(element="balance", path=("balance", "amount"), takes=is_amount),
    COMMENTS,
)


def write_account(parent: _Element, view: Rest) -> None:
    """Append what an account is; a balance in another currency than the account's is lost."""
    same = view.see("balance", "currency") is not None and view.see("balance", "currency") == view.see(
        "currency"
    )
    slots = [slot for slot in _ACCOUNT if same or slot.element != "balance"]
    if not is_currency(str(view.see("currency"))):
        slots = [slot for slot in slots if slot.element != "balance"]
    elif same and is_amount(view.see("balance", "amount")):
        view.take("balance", "currency")
    write(parent, view, slots)
    if parent.find("swift") is None:
        code = etree.Element("institution_code")
        code.text = UNKNOWN
        name = parent.find("institution_name")
        parent.insert(0 if name is None else 1, code)


def read_account(view: Rest) -> Iterator[Part]:
    """Yield what is said of an account."""
    take_filler(view, "institution_code")
    parts = dict(read(view, _ACCOUNT))
    if ("balance", "amount") in parts and ("currency",) in parts:
        parts[("balance", "currency")] = parts[("currency",)]
    yield from parts.items()


def _entity(main: int | None) -> tuple[Slot, ...]:
    return (
        Slot(element="name", path=("names", main or 0, "text"), takes=latin(255), needed=UNKNOWN),
        Slot(element="incorporation_number", path=("registrations", 0, "number"), takes=upto(50)),
        Slot(element="business", path=("activities", 0), takes=upto(255)),
    )


_FOUNDED_IN: Final = (
    Slot(element="incorporation_country_code", path=("registrations", 0, "country"), takes=is_country),
)


def write_entity(parent: _Element, view: Rest) -> None:
    """Append what an organisation is."""
    write(parent, view, _entity(latin_name(view, 255)))
    write_places(parent, view)
    write(parent, view, (*_FOUNDED_IN,))
    write_date(parent, view.at("founded"), "incorporation_date")
    write(parent, view, (COMMENTS,))


def read_entity(view: Rest) -> Iterator[Part]:
    """Yield what is said of an entity."""
    yield from read(view, _entity(0))
    yield from read_places(view)
    yield from read(view, _FOUNDED_IN)
    yield from read_date(view, "incorporation_date", ("founded",))
    yield from read(view, (COMMENTS,))
