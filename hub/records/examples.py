"""A filled example of each kind. All persons, organisations, numbers and events in them are invented.

It is one long file on purpose: data and no logic, one entry a kind, side by side so that whoever changes a
schema sees every example of it. Surnames come from the words for "example" in Kazakh (мысал, үлгі), Kyrgyz
(мисал) and Tajik (намуна).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from hub.records.kinds import Kind, Purpose
from hub.records.label import Classification, Tlp


@dataclass(frozen=True, kw_only=True)
class Example:
    """What differs between the templates of two kinds."""

    agreement: str
    articles: tuple[str, ...]
    purpose: Purpose
    narrative: str
    details: dict[str, Any]
    subjects: tuple[dict[str, Any], ...] = ()
    classification: Classification = Classification.RESTRICTED
    tlp: Tlp = Tlp.AMBER
    language: str = "ru"
    grading: dict[str, str] = field(default_factory=dict)
    reply_days: int | None = None


_PERSON: Final[dict[str, Any]] = {
    "type": "person",
    "key": "person-1",
    "capacity": "suspect",
    "names": [
        {
            "text": "МЫСАЛОВ Серик Улгиевич",
            "script": "Cyrl",
            "form": "primary",
            "surname": "Мысалов",
            "given": "Серик",
            "patronymic": "Улгиевич",
        },
        {"text": "MYSSALOV SERIK", "script": "Latn", "form": "transliteration"},
        {"text": "Устаз", "script": "Cyrl", "form": "nickname", "quality": "low"},
    ],
    "sex": "male",
    "birth_dates": [{"form": "exact", "date": "1988-04-17"}, {"form": "approximate", "date": "1987"}],
    "birth_places": [{"city": "Алматы", "country": "SU"}],
    "nationalities": ["KZ"],
    "documents": [
        {
            "document_type": "passport",
            "number": "N00000001",
            "country": "KZ",
            "issued_on": "2019-06-03",
            "expires_on": "2029-06-02",
        },
        {"document_type": "personal-number", "number": "880417000000", "country": "KZ"},
    ],
    "addresses": [{"street": "ул. Образцовая, 1", "city": "Алматы", "country": "KZ"}],
    "occupations": ["водитель"],
    "look": {"height_cm": 178, "eyes": "brown", "hair": "black", "marks": ["шрам на левой кисти"]},
}
_LISTED: Final = _PERSON | {"capacity": "listed"}
_GROUP: Final[dict[str, Any]] = {
    "type": "organisation",
    "key": "group-1",
    "capacity": "suspect",
    "names": [
        {"text": "Үлгі қоры", "script": "Cyrl", "form": "primary"},
        {"text": "ULGI FUND", "script": "Latn", "form": "transliteration"},
    ],
    "organisation_type": "charity",
    "registrations": [{"number": "000000000001", "register": "БИН", "country": "KZ"}],
    "countries": ["KZ"],
    "addresses": [{"city": "Шымкент", "country": "KZ"}],
}
_ACCOUNT: Final[dict[str, Any]] = {
    "type": "account",
    "key": "account-1",
    "iban": "KZ75125KZT1001300335",
    "account_type": "current",
    "institution": {"name": "АО «Банк-Образец»", "country": "KZ"},
    "currency": "KZT",
    "links": [{"to": "person-1", "link": "holder"}],
}
_OURS: Final[dict[str, Any]] = {
    "name": "Комитет национальной безопасности Республики Казахстан",
    "agency": "kz-knb",
    "country": "KZ",
}
_THEIRS: Final[dict[str, Any]] = {"name": "Антитеррористический центр СНГ", "agency": "cis-atc"}
_BANK: Final[dict[str, Any]] = {"name": "АО «Банк-Образец»", "country": "KZ"}
_LISTING: Final = {"list": "unsc-1267", "reference": "QDi.000", "listed_on": "2026-01-12"}
_CHARGE: Final[dict[str, Any]] = {
    "offence": "Создание террористической группы и участие в её деятельности",
    "law": {"instrument": "Уголовный кодекс Республики Казахстан", "article": "257", "country": "KZ"},
    "committed": {"form": "between", "earliest": "2025-03", "latest": "2025-09"},
}
_WARRANT: Final = {
    "number": "0-0000/2026",
    "issued_by": "Образцовый районный суд города Алматы",
    "issued_on": "2026-01-14",
    "country": "KZ",
}
_CIS: Final[dict[str, Any]] = {"agreement": "cis-1999", "articles": ("5(1)(a)",)}
_UN: Final[dict[str, Any]] = {
    "agreement": "unsc-1267",
    "articles": ("2368(2017) para. 1",),
    "purpose": Purpose.SANCTIONS,
}
_INTERPOL: Final[dict[str, Any]] = {
    "agreement": "interpol-rpd",
    "purpose": Purpose.SEARCH,
    "language": "en",
}
_HOME: Final[dict[str, Any]] = {"agreement": "kz-domestic", "articles": ("7",)}
_PUBLIC: Final[dict[str, Any]] = {
    "classification": Classification.UNCLASSIFIED,
    "tlp": Tlp.CLEAR,
    "language": "en",
}

EXAMPLES: Final[dict[Kind, Example]] = {
    Kind.DESIGNATION: Example(
        **_UN,
        **_PUBLIC,
        narrative="Invented entry: a facilitator of travel for foreign terrorist fighters.",
        subjects=(_LISTED,),
        details={
            "list": "unsc-1267",
            "reference": "QDi.000",
            "listed_on": "2026-01-12",
            "amended_on": ["2026-01-20"],
            "measures": ["asset-freeze", "travel-ban", "arms-embargo"],
            "list_generated_at": "2026-01-20T00:00:06Z",
        },
    ),
    Kind.DELISTING: Example(
        **_UN,
        **_PUBLIC,
        narrative="Invented entry: removed after the Ombudsperson's report.",
        subjects=(_LISTED,),
        details={
            "list": "unsc-1267",
            "reference": "QDi.000",
            "listed_on": "2026-01-12",
            "delisted_on": "2026-06-30",
            "absent_at": "2026-07-01T00:00:06Z",
        },
    ),
    Kind.ASSET_FREEZE: Example(
        **_UN,
        narrative="Счёт заморожен в день получения списка. Остаток подтверждён банком.",
        subjects=(_LISTED, _ACCOUNT),
        details={
            "listing": _LISTING,
            "institution": _BANK,
            "outcome": "frozen",
            "decided_at": "2026-01-13T04:30:00Z",
            "frozen": [
                {
                    "asset_type": "account",
                    "described": "KZ75125KZT1001300335",
                    "value": {"amount": "1843200.55", "currency": "KZT"},
                }
            ],
        },
    ),
    Kind.ASSET_INQUIRY: Example(
        **_UN | {"purpose": Purpose.FINANCIAL_INTELLIGENCE},
        narrative="Просим сообщить обо всех счетах и операциях лица и связанных с ним организаций.",
        subjects=(_LISTED, _GROUP | {"links": [{"to": "person-1", "link": "owner"}]}),
        reply_days=10,
        details={
            "listing": _LISTING,
            "assets": ["account", "securities", "real-estate"],
            "period": {"start": "2023-01-13", "end": "2026-01-12"},
            "grounds": "Включение в санкционный перечень Совета Безопасности ООН.",
            "freeze_at_once": "yes",
        },
    ),
    Kind.SUSPICIOUS_TRANSACTION: Example(
        **_HOME,
        purpose=Purpose.FINANCIAL_INTELLIGENCE,
        narrative="Серия переводов, несоразмерных доходу клиента, в пользу фонда без отчётности.",
        subjects=(
            _PERSON,
            _ACCOUNT,
            {
                "type": "transaction",
                "amount": "9150000.00",
                "currency": "KZT",
                "at": "2025-11-04T09:12:00Z",
                "transaction_type": "transfer",
                "sender_account": "KZ75125KZT1001300335",
                "beneficiary_country": "KZ",
                "links": [{"to": "account-1", "link": "sender"}],
            },
        ),
        details={
            "report_number": "0001/2026",
            "reported_on": "2026-01-15",
            "institution": _BANK,
            "suspicion": "terrorist-financing",
            "indicators": ["переводы без экономического смысла"],
            "threshold": {
                "party": "natural",
                "indices": 2000,
                "index": {"amount": "4325", "currency": "KZT"},
            },
            "period": {"start": "2023-01-15", "end": "2026-01-14"},
            "total": {"amount": "31400000.00", "currency": "KZT"},
            "transactions": 7,
            "state": "carried-out",
        },
    ),
    Kind.TRAVEL_BAN: Example(
        **_UN | {"purpose": Purpose.BORDER_CONTROL},
        narrative="Въезд и транзит запрещены до исключения из перечня.",
        subjects=(_LISTED,),
        details={
            "listing": _LISTING,
            "forbids": ["entry", "transit"],
            "period": {"start": "2026-01-12"},
            "law": {"instrument": "S/RES/2368 (2017)", "article": "1(b)"},
            "imposed_by": _OURS,
            "state": "in-force",
        },
    ),
    Kind.BORDER_HIT: Example(
        **_HOME,
        purpose=Purpose.BORDER_CONTROL,
        narrative="При паспортном контроле совпали имя и номер документа.",
        subjects=(_PERSON,),
        details={
            "post": {"name": "Пост «Образец»", "code": "KZ000", "country": "KZ", "post_type": "road"},
            "direction": "entry",
            "at": "2026-01-18T03:41:00Z",
            "document": {"document_type": "passport", "number": "N00000001", "country": "KZ"},
            "matched": {"listing": _LISTING},
            "matched_by": "name-and-document",
            "certainty": "probable",
            "action_taken": "awaiting-instructions",
            "journey": {"carrier": "автобус", "destination": {"name": "Алматы"}},
            "companions": 1,
        },
    ),
    Kind.ILLICIT_TRANSPORT_REPORT: Example(
        **_HOME,
        purpose=Purpose.PREVENTION,
        narrative="Изъято на границе за квартал. Сведений о связи с террористическими группами нет.",
        details={
            "quarter": "2026-Q1",
            "authority": _OURS,
            "figures": [
                {"goods": "arms", "cases": 3, "persons": 4, "quantity": "5", "unit": "pieces"},
                {"goods": "munitions", "cases": 3, "quantity": "412", "unit": "rounds"},
                {"goods": "drugs", "cases": 11, "quantity": "18.450", "unit": "kilograms"},
                {"goods": "wmd-materials", "cases": 0, "quantity": "0", "unit": "grams"},
                {"goods": "prohibited-publications", "cases": 2, "quantity": "37", "unit": "copies"},
            ],
        },
    ),
    Kind.WANTED_PERSON: Example(
        agreement="kz-kg",
        articles=("5(1)(a)", "5(1)(b)"),
        purpose=Purpose.SEARCH,
        classification=Classification.CONFIDENTIAL,
        narrative="Может скрываться у родственников в приграничных районах.",
        subjects=(_PERSON | {"capacity": "accused"},),
        details={
            "search_category": "accused",
            "scope": "interstate",
            "on_finding": "arrest-for-extradition",
            "search_file": "000/2026",
            "opened_on": "2026-01-15",
            "initiator": _OURS,
            "charges": [_CHARGE],
            "warrant": _WARRANT,
            "warnings": ["armed"],
        },
    ),
    Kind.GROUP_PROFILE: Example(
        **_CIS,
        purpose=Purpose.PREVENTION,
        classification=Classification.CONFIDENTIAL,
        grading={"scale": "4x4", "source": "B", "information": "2"},
        narrative="Действует под видом благотворительного фонда.",
        subjects=(_GROUP, _PERSON | {"links": [{"to": "group-1", "link": "leader"}]}),
        details={
            "orientation": ["extremist", "terrorist"],
            "state": "active",
            "aims": "Вербовка и отправка участников в зоны боевых действий.",
            "strength": {"lowest": 15, "highest": 30, "as_of": "2025-12-01"},
            "countries": ["KZ", "KG"],
            "methods": ["закрытые каналы в мессенджерах"],
            "financing": ["сбор пожертвований наличными"],
        },
    ),
    Kind.TRANSPORT_CHANNEL: Example(
        agreement="shanghai-2001",
        articles=("6", "7"),
        purpose=Purpose.PREVENTION,
        classification=Classification.CONFIDENTIAL,
        grading={"scale": "admiralty", "source": "C", "information": "3"},
        narrative="Канал используется малыми группами, проводники меняются.",
        subjects=({"type": "vehicle", "plate": "000AAA01", "plate_country": "KZ", "vehicle_type": "lorry"},),
        details={
            "carries": ["people", "arms"],
            "route": [
                {"place": {"name": "Образцовое", "address": {"country": "TJ"}}, "role": "origin"},
                {
                    "place": {"coordinates": {"latitude": "42.8746", "longitude": "74.5698"}},
                    "role": "crossing",
                    "means": "foot",
                },
                {"place": {"name": "Алматы"}, "role": "destination", "means": "road"},
            ],
            "state": "suspected",
            "concealment": "Тайники в сельскохозяйственных грузах.",
        },
    ),
    Kind.ASSISTANCE_REQUEST: Example(
        **_CIS | {"articles": ("5(1)(a)", "5(1)(b)")},
        purpose=Purpose.INVESTIGATION,
        classification=Classification.CONFIDENTIAL,
        narrative="Прилагаются сведения, которые могут помочь при исполнении.",
        subjects=(_PERSON,),
        reply_days=30,
        details={
            "requesting": _OURS,
            "requested": _THEIRS,
            "substance": "Расследуется подготовка террористического акта группой лиц.",
            "aim": "Установить связи и местонахождение подозреваемого.",
            "grounds": "Уголовное дело № 000000000000000, возбуждено 14 января 2026 года.",
            "asked": [
                {"assistance": "information", "described": "Сведения о пересечении границы с 2025 года."},
                {"assistance": "identification", "described": "Установить владельца абонентского номера."},
            ],
            "urgency": "urgent",
            "urgency_reason": "Возможен выезд подозреваемого.",
            "confidential": True,
            "signed_by": {"name": "О. Үлгібаев", "position": "Заместитель Председателя"},
        },
    ),
    Kind.ASSISTANCE_ANSWER: Example(
        **_CIS,
        purpose=Purpose.INVESTIGATION,
        classification=Classification.CONFIDENTIAL,
        narrative="Границу пересекал дважды; сведения о номере не сохранились.",
        subjects=(_PERSON,),
        details={
            "outcome": "partial",
            "answering": _THEIRS,
            "executed_on": "2026-02-10",
            "ground": {"ground": "no-such-data", "explained": "Срок хранения данных оператора истёк."},
            "done": [{"assistance": "information", "described": "Проверены учёты за 2025 год."}],
            "conditions": "Только для целей, указанных в запросе.",
        },
    ),
    Kind.SPONTANEOUS_INFORMATION: Example(
        agreement="shanghai-2001",
        articles=("8",),
        purpose=Purpose.PREVENTION,
        classification=Classification.CONFIDENTIAL,
        grading={"scale": "5x5x5", "source": "B", "information": "3", "handling": "2"},
        narrative="Наблюдается выезд малых групп к границе под видом паломничества.",
        subjects=(_PERSON, _GROUP | {"links": [{"to": "person-1", "link": "associate"}]}),
        details={
            "about": "fighter-travel",
            "relevance": "Маршрут проходит через территорию получателя.",
            "observed": {"start": "2025-12-01", "end": "2026-01-10"},
            "threat": "possible",
            "conditions": "Не использовать как доказательство без согласия отправителя.",
            "answer_welcome": True,
        },
    ),
    Kind.NOTICE: Example(
        **_INTERPOL,
        articles=("73-81", "82-96"),
        narrative="Invented notice.",
        subjects=(_PERSON | {"capacity": "accused"},),
        details={
            "colour": "red",
            "number": "A-0000/1-2026",
            "published_on": "2026-01-22",
            "country": "KZ",
            "on_finding": "Locate and arrest with a view to extradition.",
            "charges": [_CHARGE | {"country": "KZ"}],
            "warrant": _WARRANT,
            "warnings": ["armed"],
        },
    ),
    Kind.DIFFUSION: Example(
        **_INTERPOL,
        articles=("97-101",),
        narrative="Invented diffusion.",
        subjects=(_PERSON,),
        details={
            "number": "KZ-0000/2026",
            "aim": "locate",
            "bureau": {"name": "NCB Astana", "agency": "interpol-ncb-kz", "country": "KZ"},
            "sent_to": ["KG", "TR", "UZ"],
            "on_finding": "Locate, do not alert, inform the bureau.",
        },
    ),
    Kind.SERVICE_NOTICE: Example(
        **_CIS,
        purpose=Purpose.COOPERATION,
        classification=Classification.UNCLASSIFIED,
        tlp=Tlp.GREEN,
        narrative="Просим учесть при направлении срочных запросов.",
        details={
            "change": "liaison-officer",
            "effective_on": "2026-02-01",
            "authority": _OURS
            | {
                "officer": "А. Мысалова",
                "contacts": [{"contact_type": "email", "value": "liaison@hub.example"}],
            },
        },
    ),
    Kind.CONSENT_REQUEST: Example(
        **_CIS,
        purpose=Purpose.COOPERATION,
        narrative="",
        reply_days=10,
        details={
            "record": {"id": "01936d3e-7a00-7000-8000-000000000001", "version": 1},
            "pass_to": ["kz-mvd"],
            "aim": "Проверка по учётам органов внутренних дел.",
        },
    ),
    Kind.CONSENT: Example(
        **_CIS,
        purpose=Purpose.COOPERATION,
        narrative="",
        details={
            "record": {"id": "01936d3e-7a00-7000-8000-000000000001", "version": 1},
            "pass_to": ["kz-mvd"],
            "decision": "granted",
            "until": "2027-11-30",
            "conditions": "Только для проверки; без передачи третьим лицам.",
        },
    ),
    Kind.PASSAGE: Example(
        **_CIS,
        purpose=Purpose.INVESTIGATION,
        narrative="",
        details={
            "record": {
                "originator": "cis-atc",
                "id": "01936d3e-7a00-7000-8000-000000000001",
                "version": 1,
            },
            "signed": {
                "payload": "eyJjb250ZW50Ijp7fX0",
                "signatures": [{"protected": "eyJhbGciOiJFUzI1NiJ9", "signature": "c2lnbmF0dXJl"}],
            },
            "consent": {
                "payload": "eyJjb250ZW50Ijp7fX0",
                "signatures": [{"protected": "eyJhbGciOiJFUzI1NiJ9", "signature": "c2lnbmF0dXJl"}],
            },
        },
    ),
}
