"""Which partners play without a hub: their format, how bytes reach them, and what goes each way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from demo.cast import AGREEMENTS
from hub.records.kinds import Kind

TREATIES: Final = AGREEMENTS / "without-hub"
_INTERPOL_LEAVES_OPEN: Final = """
[decides]                    # what Interpol's documents do not say
purpose = "search"
language = "en"
legal_basis = { agreement = "interpol-uz", articles = ["97-101"] }
label = { classification = "restricted", tlp = "amber" }
[decides.details.diffusion]  # who issued it is who is at the other end, and it came to us
bureau = { name = "NCB Tashkent", agency = "interpol-ncb-uz", country = "UZ" }
sent_to = ["KZ"]
on_finding = "Inform the bureau that issued it."
"""


@dataclass(frozen=True, kw_only=True)
class Hubless:
    """One partner: `head` is what its profile says of format and rules, `seal` its cryptography.

    `to_it` and `to_us` are the kinds of record that go each way, under one agreement.
    """

    agency: str
    head: str
    carrier: str
    seal: bool
    to_it: Kind
    to_us: Kind
    agreement: str
    article: str
    language: str = "en"

    @property
    def adapter(self) -> str:
        """Return the name of its adapter."""
        return self.head.split('"')[1]


#: One for each adapter that there is; the bilateral one once in each of its formats.
HUBLESS: Final = (
    Hubless(
        agency="tj-gknb",
        head='adapter = "cis_atc"',
        carrier="mail",
        seal=True,
        to_it=Kind.ASSISTANCE_REQUEST,
        to_us=Kind.SPONTANEOUS_INFORMATION,
        agreement="kz-tj",
        article="5(1)(a)",
        language="ru",
    ),
    Hubless(
        agency="cn-mps",
        head='adapter = "sco_rats"',
        carrier="sftp",
        seal=True,
        to_it=Kind.SPONTANEOUS_INFORMATION,
        to_us=Kind.SPONTANEOUS_INFORMATION,
        agreement="kz-cn",
        article="7",
        language="zh",
    ),
    Hubless(
        agency="interpol-ncb-uz",
        head='adapter = "interpol"' + _INTERPOL_LEAVES_OPEN,
        carrier="folder",
        seal=True,
        to_it=Kind.DIFFUSION,
        to_us=Kind.DIFFUSION,
        agreement="interpol-uz",
        article="97-101",
    ),
    Hubless(
        agency="de-bka",
        head='adapter = "bilateral"\ndialect = "stix"',
        carrier="taxii-server",
        seal=False,
        to_it=Kind.SPONTANEOUS_INFORMATION,
        to_us=Kind.SPONTANEOUS_INFORMATION,
        agreement="kz-de",
        article="to be named",
    ),
    Hubless(
        agency="tr-egm",
        head='adapter = "bilateral"\ndialect = "misp"',
        carrier="as4",
        seal=False,
        to_it=Kind.SPONTANEOUS_INFORMATION,
        to_us=Kind.SPONTANEOUS_INFORMATION,
        agreement="kz-tr",
        article="to be named",
    ),
    Hubless(
        agency="uz-sgb",
        head='adapter = "bilateral"',
        carrier="folder",
        seal=True,
        to_it=Kind.SPONTANEOUS_INFORMATION,
        to_us=Kind.SPONTANEOUS_INFORMATION,
        agreement="kz-uz",
        article="to be named",
        language="ru",
    ),
    Hubless(
        agency="kz-afm",
        head='adapter = "fiu"',
        carrier="mail",
        seal=True,
        to_it=Kind.SUSPICIOUS_TRANSACTION,
        to_us=Kind.SUSPICIOUS_TRANSACTION,
        agreement="kz-fiu",
        article="to be named",
        language="ru",
    ),
)
#: The one whose end is broken on purpose.
BROKEN: Final = "uz-sgb"
