"""Fields whose form others have fixed: amounts, coordinates, code lists and registration numbers."""

from __future__ import annotations

import re
from typing import ClassVar

from hub.records.fields import Code, wrong
from hub.records.iso import COUNTRIES, CURRENCIES, SCRIPTS


class Amount(Code):
    """An amount of money or goods, exact, as decimal text."""

    pattern = re.compile(r"(0|[1-9][0-9]{0,17})(\.[0-9]{1,6})?")
    expected = "an amount as text, like 1250000.50"


class Latitude(Code):
    """Degrees north."""

    pattern = re.compile(r"-?(90(\.0{1,7})?|[1-8]?[0-9](\.[0-9]{1,7})?)")
    expected = "degrees north from -90 to 90 as text, like 43.2567"


class Longitude(Code):
    """Degrees east."""

    pattern = re.compile(r"-?(180(\.0{1,7})?|(1[0-7][0-9]|[1-9]?[0-9])(\.[0-9]{1,7})?)")
    expected = "degrees east from -180 to 180 as text, like 76.9286"


class _Listed(Code):
    codes: ClassVar[frozenset[str]]
    pattern = re.compile(r"[A-Za-z]{2,4}")

    def checked(self, value: str) -> str:
        if value not in self.codes:
            raise wrong(self.expected, "it is not in that list")
        return value


class Country(_Listed):
    """A country, or one that no longer exists, as births and old papers need."""

    codes = COUNTRIES
    expected = "a country's two letters (ISO 3166-1, also XK, SU, YU, CS, DD)"


class Currency(_Listed):
    """A currency."""

    codes = CURRENCIES
    expected = "a currency's three letters (ISO 4217)"


class Script(_Listed):
    """A script."""

    codes = SCRIPTS
    expected = "a script's four letters (ISO 15924), like Latn, Cyrl or Arab"


class Vin(Code):
    """A vehicle identification number."""

    pattern = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
    expected = "a vehicle identification number, 17 capitals and digits without I, O and Q"


class Imo(Code):
    """A ship's IMO number."""

    pattern = re.compile(r"[0-9]{7}")
    expected = "an IMO number of 7 digits"

    def checked(self, value: str) -> str:
        if sum(
            int(digit) * weight for digit, weight in zip(value, range(7, 1, -1), strict=False)
        ) % 10 != int(value[6]):
            raise wrong(self.expected, "its check digit does not fit")
        return value


class Mmsi(Code):
    """A ship station's identity."""

    pattern = re.compile(r"[0-9]{9}")
    expected = "an MMSI of 9 digits"


class Iban(Code):
    """An international bank account number."""

    pattern = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
    expected = "an IBAN without blanks"

    def checked(self, value: str) -> str:
        if int("".join(str(int(sign, 36)) for sign in value[4:] + value[:4])) % 97 != 1:
            raise wrong(self.expected, "its check digits do not fit")
        return value


class Bic(Code):
    """A bank's identifier."""

    pattern = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?")
    expected = "a BIC of 8 or 11 capitals and digits"
