"""The names that the UN list gives countries, and their codes."""

from __future__ import annotations

from typing import Final

_NAMES: Final = """
AD Andorra | AE United Arab Emirates | AF Afghanistan | AG Antigua and Barbuda | AI Anguilla | AL Albania
| AM Armenia | AO Angola | AR Argentina | AS American Samoa | AT Austria | AU Australia | AW Aruba | AZ
Azerbaijan | BA Bosnia and Herzegovina | BB Barbados | BD Bangladesh | BE Belgium | BF Burkina Faso | BG
Bulgaria | BH Bahrain | BI Burundi | BJ Benin | BM Bermuda | BN Brunei Darussalam | BO Bolivia
(Plurinational State of) | BR Brazil | BS Bahamas | BT Bhutan | BW Botswana | BY Belarus | BZ Belize | CA
Canada | CD Democratic Republic of the Congo | CF Central African Republic | CG Congo | CH Switzerland |
CI Côte d'Ivoire | CK Cook Islands | CL Chile | CM Cameroon | CN China | CO Colombia | CR Costa Rica | CU
Cuba | CV Cabo Verde | CW Curaçao | CY Cyprus | CZ Czechia | DE Germany | DJ Djibouti | DK Denmark | DM
Dominica | DO Dominican Republic | DZ Algeria | EC Ecuador | EE Estonia | EG Egypt | EH Western Sahara |
ER Eritrea | ES Spain | ET Ethiopia | FI Finland | FJ Fiji | FK Falkland Islands (Malvinas) | FM
Micronesia (Federated States of) | FO Faroe Islands | FR France | GA Gabon | GB United Kingdom of Great
Britain and Northern Ireland | GD Grenada | GE Georgia | GH Ghana | GI Gibraltar | GL Greenland | GM
Gambia | GN Guinea | GQ Equatorial Guinea | GR Greece | GT Guatemala | GU Guam | GW Guinea-Bissau | GY
Guyana | HK China, Hong Kong Special Administrative Region | HN Honduras | HR Croatia | HT Haiti | HU
Hungary | ID Indonesia | IE Ireland | IL Israel | IN India | IQ Iraq | IR Iran (Islamic Republic of) | IS
Iceland | IT Italy | JM Jamaica | JO Jordan | JP Japan | KE Kenya | KG Kyrgyzstan | KH Cambodia | KI
Kiribati | KM Comoros | KN Saint Kitts and Nevis | KP Democratic People's Republic of Korea | KR Republic
of Korea | KW Kuwait | KY Cayman Islands | KZ Kazakhstan | LA Lao People's Democratic Republic | LB
Lebanon | LC Saint Lucia | LI Liechtenstein | LK Sri Lanka | LR Liberia | LS Lesotho | LT Lithuania | LU
Luxembourg | LV Latvia | LY Libya | MA Morocco | MC Monaco | MD Republic of Moldova | ME Montenegro | MG
Madagascar | MH Marshall Islands | MK North Macedonia | ML Mali | MM Myanmar | MN Mongolia | MO China,
Macao Special Administrative Region | MP Northern Mariana Islands | MR Mauritania | MS Montserrat | MT
Malta | MU Mauritius | MV Maldives | MW Malawi | MX Mexico | MY Malaysia | MZ Mozambique | NA Namibia | NC
New Caledonia | NE Niger | NG Nigeria | NI Nicaragua | NL Netherlands | NO Norway | NP Nepal | NR Nauru |
NU Niue | NZ New Zealand | OM Oman | PA Panama | PE Peru | PF French Polynesia | PG Papua New Guinea | PH
Philippines | PK Pakistan | PL Poland | PN Pitcairn | PR Puerto Rico | PS State of Palestine | PT Portugal
| PW Palau | PY Paraguay | QA Qatar | RO Romania | RS Serbia | RU Russian Federation | RW Rwanda | SA
Saudi Arabia | SB Solomon Islands | SC Seychelles | SD Sudan | SE Sweden | SG Singapore | SH Saint Helena
(Ascension and Tristan da Cunha) | SI Slovenia | SK Slovakia | SL Sierra Leone | SM San Marino | SN
Senegal | SO Somalia | SR Suriname | SS South Sudan | ST Sao Tome and Principe | SV El Salvador | SX Sint
Maarten (Dutch part) | SY Syrian Arab Republic | SZ Eswatini | TC Turks and Caicos Islands | TD Chad | TG
Togo | TH Thailand | TJ Tajikistan | TK Tokelau | TL Timor-Leste | TM Turkmenistan | TN Tunisia | TO Tonga
| TR Türkiye | TT Trinidad and Tobago | TV Tuvalu | TW Taiwan Province of China | TZ United Republic of
Tanzania | UA Ukraine | UG Uganda | US United States of America | UY Uruguay | UZ Uzbekistan | VA Holy See
| VC Saint Vincent and the Grenadines | VE Venezuela (Bolivarian Republic of) | VG British Virgin Islands
| VI Virgin Islands (U.S.) | VN Viet Nam | VU Vanuatu | WS Samoa | YE Yemen | ZA South Africa | ZM Zambia
| ZW Zimbabwe | SU former Soviet Union | SU USSR | TR Turkey | PS Palestinian Territories | NL The
Netherlands | NL Netherlands (Kingdom of the) | KM Union of the Comoros | LY Libyan Arab Jamahiriya | IR
Iran | TZ Tanzania | GB United Kingdom | SY Syria | OM Sultanate of Oman | HK Hong Kong Special
Administrative Region | HK Hong Kong | RU Russia | YU former Yugoslavia
"""


def _known() -> dict[str, str]:
    pairs = (pair.strip().partition(" ") for pair in " ".join(_NAMES.split()).split("|"))
    return {name.casefold(): code for code, _, name in pairs}


_CODES: Final = _known()


def code_of(name: str) -> str | None:
    """Return the two letters of a country as the list names it, or None for what is not simply a country."""
    return _CODES.get(name.replace("’", "'").casefold())
