"""The closed sets of a record's head: its kind, what a version does, and what it may be used for."""

from __future__ import annotations

from enum import Enum
from typing import Final


class Kind(Enum):
    """The kinds of record that agencies exchange."""

    DESIGNATION = "designation"
    DELISTING = "delisting"
    ASSET_FREEZE = "asset-freeze"
    ASSET_INQUIRY = "asset-inquiry"
    SUSPICIOUS_TRANSACTION = "suspicious-transaction"
    TRAVEL_BAN = "travel-ban"
    BORDER_HIT = "border-hit"
    ILLICIT_TRANSPORT_REPORT = "illicit-transport-report"
    WANTED_PERSON = "wanted-person"
    GROUP_PROFILE = "group-profile"
    TRANSPORT_CHANNEL = "transport-channel"
    ASSISTANCE_REQUEST = "assistance-request"
    ASSISTANCE_ANSWER = "assistance-answer"
    SPONTANEOUS_INFORMATION = "spontaneous-information"
    NOTICE = "notice"
    DIFFUSION = "diffusion"
    SERVICE_NOTICE = "service-notice"
    CONSENT_REQUEST = "consent-request"
    CONSENT = "consent"
    PASSAGE = "passage"


MEANS: Final[dict[Kind, str]] = {
    Kind.DESIGNATION: "An entry of a sanctions list, passed on so that its measures are applied.",
    Kind.DELISTING: "An entry that left a sanctions list; its measures end.",
    Kind.ASSET_FREEZE: "What an institution froze, or did not find, for a listed person or organisation.",
    Kind.ASSET_INQUIRY: "A question to institutions: what do these persons or organisations hold with you?",
    Kind.SUSPICIOUS_TRANSACTION: "A report on transactions that may finance terrorism.",
    Kind.TRAVEL_BAN: "A person who must not enter, leave or pass through, for how long and by which law.",
    Kind.BORDER_HIT: "What a border post reports when a traveller matches a list.",
    Kind.ILLICIT_TRANSPORT_REPORT: "A quarter's figures on seized arms, WMD materials, drugs, publications.",
    Kind.WANTED_PERSON: "A person searched for, or to be arrested.",
    Kind.GROUP_PROFILE: "A terrorist, extremist or separatist group: what it does, who belongs to it.",
    Kind.TRANSPORT_CHANNEL: "A route by which people or goods are smuggled.",
    Kind.ASSISTANCE_REQUEST: "A request for assistance under a treaty.",
    Kind.ASSISTANCE_ANSWER: "The answer to a request for assistance.",
    Kind.SPONTANEOUS_INFORMATION: "Information given unasked, because it may help the one who gets it.",
    Kind.NOTICE: "An Interpol notice of one of the colours.",
    Kind.DIFFUSION: "A request that a national central bureau sends to those it chooses.",
    Kind.SERVICE_NOTICE: "A change in who is competent or can be reached, or a course that is offered.",
    Kind.CONSENT_REQUEST: "A request to pass an originator's record on, to whom and what for.",
    Kind.CONSENT: "The originator's answer: its record may be passed on, until when, or not.",
    Kind.PASSAGE: "Another originator's record, passed on with its consent; both as it signed them.",
}


class Action(Enum):
    """What a version does: version 1 is new; each later one corrects the record or takes it back."""

    NEW = "new"
    CORRECTION = "correction"
    WITHDRAWAL = "withdrawal"


class Purpose(Enum):
    """What the recipient may use a record for."""

    PREVENTION = "prevention"
    INVESTIGATION = "investigation"
    PROSECUTION = "prosecution"
    SEARCH = "search"
    SANCTIONS = "sanctions"
    BORDER_CONTROL = "border-control"
    FINANCIAL_INTELLIGENCE = "financial-intelligence"
    THREAT_TO_LIFE = "threat-to-life"
    COOPERATION = "cooperation"


PURPOSE_MEANS: Final[dict[Purpose, str]] = {
    Purpose.PREVENTION: "preventing, detecting and stopping terrorism, separatism and extremism",
    Purpose.INVESTIGATION: "finding out about offences that happened or are prepared",
    Purpose.PROSECUTION: "criminal proceedings, extradition and the execution of sentences",
    Purpose.SEARCH: "finding and arresting persons",
    Purpose.SANCTIONS: "applying the Security Council's and national lists",
    Purpose.BORDER_CONTROL: "deciding who and what crosses the border",
    Purpose.FINANCIAL_INTELLIGENCE: "following the money of terrorism",
    Purpose.THREAT_TO_LIFE: "averting an immediate and serious danger to people",
    Purpose.COOPERATION: "organising the cooperation itself; no personal data of suspects",
}
