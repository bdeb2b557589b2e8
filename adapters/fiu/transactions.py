"""Movements of money: what was moved, when, and between which accounts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from lxml import etree
from lxml.etree import _Element

from adapters.fiu.codes import FUNDS, MODES, UNKNOWN, is_amount, is_country, upto
from adapters.fiu.persons import read_person
from adapters.fiu.slots import NOWHERE, Part, Slot, add, one, read, take_filler, write
from adapters.rest import Rest

_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?")
_HEAD: Final = (
    Slot(element="transactionnumber", path=("reference",), takes=upto(100), needed=UNKNOWN),
    Slot(element="transaction_location", path=NOWHERE, needed=""),
    Slot(element="transaction_description", path=("reason_given",), takes=upto(8000), needed=""),
)
_COMMENTS: Final = Slot(element="comments", path=("note",), takes=upto(8000))
#: our side of a movement -> goAML's, and the link of a party that stands in it
_SIDES: Final = (("sender", "from"), ("beneficiary", "to"))
_AMOUNT: Final = re.compile(r"(0|[1-9][0-9]{0,17})(\.[0-9]{1,6})?")


class Movements:
    """Writes and reads transactions in one currency, with times at one offset, as goAML has them."""

    def __init__(self, *, currency: str, offset: timedelta) -> None:
        self._currency = currency
        self._zone = timezone(offset)

    def carries(self, view: Rest) -> bool:
        """Tell whether goAML can say how much was moved: it wants every amount in the local currency."""
        return view.see("currency") == self._currency and is_amount(view.see("amount"))

    def write(self, parent: _Element, view: Rest) -> None:
        """Append a transaction."""
        for name in ("type", "currency"):
            view.take(name)
        sort = view.take("transaction_type")
        write(parent, view, _HEAD)
        at = datetime.fromisoformat(view.take("at")).astimezone(self._zone)
        add(parent, "date_transaction", at.replace(tzinfo=None).isoformat())
        add(parent, "transaction_type_code", sort)
        add(parent, "transmode_code", MODES.get(sort, UNKNOWN))
        add(parent, "transmode_comment", UNKNOWN)
        add(parent, "amount_local", view.take("amount"))
        for place, (ours, theirs) in enumerate(_SIDES):
            side = add(parent, f"t_{theirs}")
            add(side, f"{theirs}_funds_code", FUNDS[sort][place])
            _write_account(side, view, ours, theirs)
            country = Slot(
                element=f"{theirs}_country", path=(f"{ours}_country",), takes=is_country, needed=UNKNOWN
            )
            write(side, view, (country,))
        write(parent, view, (_COMMENTS,))

    def read(self, view: Rest, number: int) -> tuple[list[Part], list[list[Part]]]:
        """Return what is said of a transaction, and of the persons who stand in it."""
        parts: list[Part] = [(("type",), "transaction"), *read(view, _HEAD)]
        amount = one(view, "amount_local")
        if amount is not None and _AMOUNT.fullmatch(amount):
            view.take("amount_local")
            parts += [(("amount",), amount), (("currency",), self._currency)]
        if (at := self._moment(one(view, "date_transaction"))) is not None:
            view.take("date_transaction")
            parts.append((("at",), at))
        sort = one(view, "transaction_type_code")
        if sort in FUNDS:
            view.take("transaction_type_code")
            parts.append((("transaction_type",), sort))
            if one(view, "transmode_code") == MODES.get(sort, UNKNOWN):
                view.take("transmode_code")
        take_filler(view, "transmode_comment")
        people: list[list[Part]] = []
        for place, (ours, theirs) in enumerate(_SIDES):
            for side in _sides(view, theirs):
                if sort in FUNDS and one(side, f"{theirs}_funds_code") == FUNDS[sort][place]:
                    side.take(f"{theirs}_funds_code")
                parts += _read_account(side, ours, theirs)
                for person in side.each(f"{theirs}_person"):
                    key = f"party-{number}-{place + 1}"
                    people.append([(("type",), "person"), (("key",), key), *read_person(person)])
                    parts += [(("links", place, "to"), key), (("links", place, "link"), ours)]
        return [*parts, *read(view, (_COMMENTS,))], people

    def _moment(self, text: str | None) -> str | None:
        if text is None or not _MOMENT.fullmatch(text):
            return None
        try:
            at = datetime.fromisoformat(text).replace(tzinfo=self._zone).astimezone(UTC)
        except (ValueError, OverflowError):
            return None
        return at.replace(tzinfo=None).isoformat() + "Z"


def _sides(view: Rest, theirs: str) -> Iterator[Rest]:
    yield from view.each(f"t_{theirs}")
    yield from view.each(f"t_{theirs}_my_client")


def _write_account(side: _Element, view: Rest, ours: str, theirs: str) -> None:
    """Append the account of a side by its number, or an entity of which nothing is known."""
    number: Any = view.see(f"{ours}_account")
    if not isinstance(number, str):
        add(etree.SubElement(side, f"{theirs}_entity"), "name", UNKNOWN)
        return
    account = etree.SubElement(side, f"{theirs}_account")
    add(account, "institution_code", UNKNOWN)
    add(account, "account", view.take(f"{ours}_account"))
    add(account, "account_name", UNKNOWN)


def _read_account(side: Rest, ours: str, theirs: str) -> Iterator[Part]:
    for entity in side.each(f"{theirs}_entity"):
        take_filler(entity, "name")
    for account in side.each(f"{theirs}_account"):
        take_filler(account, "institution_code")
        take_filler(account, "account_name")
        yield from read(account, (Slot(element="account", path=(f"{ours}_account",), takes=upto(100)),))
    country = Slot(element=f"{theirs}_country", path=(f"{ours}_country",), takes=is_country, needed=UNKNOWN)
    yield from read(side, (country,))
