"""goAML's codes, as far as records have words for them, and what its schema lets a text be."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from hub.records.iso import COUNTRIES, CURRENCIES

#: What stands where the schema wants something and a record has nothing: goAML's own code for "unknown".
UNKNOWN: Final = "-"

SEXES: Final = {"female": "F", "male": "M", "unspecified": UNKNOWN}
#: goAML's modes that say no more than our words; all other movements are of an unknown mode.
MODES: Final = {"transfer": "ELCFT", "exchange": "CRNEX"}
#: word -> what was given and what was got. goAML has no unknown funds; B is its own default.
FUNDS: Final = {
    "transfer": ("ELCFT", "ELCFT"),
    "cash-deposit": ("CASH", "DPOST"),
    "cash-withdrawal": ("FRACC", "CASH"),
    "exchange": ("CASH", "CASH"),
    "remittance": ("ELCFT", "ELCFT"),
    "card-payment": ("CRTCR", "ELCFT"),
    "crypto": ("CRPTC", "CRPTC"),
    "securities": ("SECUR", "SECUR"),
    "other": ("B", "B"),
}
ACCOUNTS: Final = {
    "current": "B",
    "deposit": "TP",
    "securities": "BRK",
    "e-money": "FDWLT",
    "crypto": "CRYWT",
}
PAPERS: Final = {"passport": "PASSP", "driving-licence": "DRIVL"}
#: Countries and currencies of records that the schema does not have.
_NO_COUNTRIES: Final = frozenset({"CS", "DD", "SU", "YU"})
_NO_CURRENCIES: Final = frozenset(
    {
        *("BOV", "BYN", "CUC", "CVE", "GIP", "LYD", "MRU", "MXV", "SLE", "STN", "SVC", "UYI", "UYW", "VED"),
        *("VES", "XCG", "XSU", "XUA", "ZWG", "ZWL"),
    }
)
_LATIN: Final = re.compile(r"[a-zA-Z0-9 .'-]*")
_EMAIL: Final = re.compile(
    r"[_a-zA-Z0-9+-]+(\.[_a-zA-Z0-9+-]+)*@[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)*(\.[a-zA-Z]{2,15})"
)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIRST_YEAR: Final = "1754"
_HIGHEST: Final = Decimal(7_900_000_000_000_000)

Test = Callable[[str], bool]


def upto(longest: int) -> Test:
    """Return a test for texts that are not empty and not too long."""
    return lambda text: 0 < len(text) <= longest


def latin(longest: int) -> Test:
    """Return a test for names, in which the schema takes Latin letters alone."""
    return lambda text: 0 < len(text) <= longest and _LATIN.fullmatch(text) is not None


def is_email(text: str) -> bool:
    """Tell whether the schema takes an address of mail."""
    return len(text) <= 255 and _EMAIL.fullmatch(text) is not None


def is_country(text: str) -> bool:
    """Tell whether the schema has a country."""
    return text in COUNTRIES and text not in _NO_COUNTRIES


def is_currency(text: str) -> bool:
    """Tell whether the schema has a currency."""
    return text in CURRENCIES and text not in _NO_CURRENCIES


def is_day(text: str) -> bool:
    """Tell whether a date is whole, and late enough for the schema."""
    return _DAY.fullmatch(text) is not None and text[:4] >= _FIRST_YEAR


def is_amount(text: str) -> bool:
    """Tell whether the schema takes an amount, which has the form of a record's."""
    return Decimal(text) <= _HIGHEST
