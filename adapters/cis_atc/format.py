"""The table of our format for the CIS Anti-Terrorism Centre: Russian elements and the fields they carry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapters.cis_atc import words as w
from adapters.tables import Field
from hub.records.kinds import Kind

NAMESPACE: Final = "urn:hub:cis-atc:1"

Fields = tuple[Field, ...]


def _t(element: str, *path: str, words: Mapping[str, str] | None = None, many: bool = False) -> Field:
    return Field(element=element, path=path, words=words, many=many)


def _o(element: str, *path: str, inner: Fields, many: bool = False) -> Field:
    return Field(element=element, path=path, inner=inner, many=many)


def _n(element: str, *path: str) -> Field:
    return Field(element=element, path=path, form="whole")


def _f(element: str, *path: str) -> Field:
    return Field(element=element, path=path, form="flag")


_CONTACT: Final = (
    _t("Вид", "contact_type", words=w.CONTACTS),
    _t("Значение", "value"),
    _t("Примечание", "note"),
)
_AUTHORITY: Final = (
    _t("Наименование", "name"),
    _t("Ведомство", "agency"),
    _t("Страна", "country"),
    _t("Подразделение", "unit"),
    _t("Сотрудник", "officer"),
    _o("Связь", "contacts", inner=_CONTACT, many=True),
)
_LAW: Final = (
    _t("Акт", "instrument"),
    _t("Статья", "article"),
    _t("Страна", "country"),
    _t("Текст", "text"),
)
_PERIOD: Final = (_t("С", "start"), _t("По", "end"))
_ADDRESS: Final = (
    _t("Улица", "street"),
    _t("Город", "city"),
    _t("Область", "region"),
    _t("Индекс", "postal_code"),
    _t("Страна", "country"),
    _t("СтранаТекстом", "country_text"),
    _t("Примечание", "note"),
)
_PLACE: Final = (
    _t("Название", "name"),
    _o("Координаты", "coordinates", inner=(_t("Широта", "latitude"), _t("Долгота", "longitude"))),
    _o("Адрес", "address", inner=_ADDRESS),
)
_DATE: Final = (
    _t("Вид", "form", words=w.DATES),
    _t("Дата", "date"),
    _t("НеРанее", "earliest"),
    _t("НеПозднее", "latest"),
    _t("Примечание", "note"),
)
_NAME: Final = (
    _t("Текст", "text"),
    _t("Письменность", "script"),
    _t("Форма", "form", words=w.NAME_FORMS),
    _t("Достоверность", "quality", words=w.QUALITIES),
    _t("Фамилия", "surname"),
    _t("Имя", "given"),
    _t("Отчество", "patronymic"),
    _t("Примечание", "note"),
)
_PAPER: Final = (
    _t("Вид", "document_type", words=w.DOCUMENTS),
    _t("Номер", "number"),
    _t("Описание", "described"),
    _t("Страна", "country"),
    _t("Выдан", "issued_on"),
    _t("ДействителенДо", "expires_on"),
    _t("КемВыдан", "issued_by"),
    _t("ГдеВыдан", "issued_in"),
    _t("Состояние", "status", words=w.DOCUMENT_STATES),
    _t("Примечание", "note"),
)
_LOOK: Final = (
    _n("Рост", "height_cm"),
    _n("Вес", "weight_kg"),
    _t("Телосложение", "build"),
    _t("Глаза", "eyes", words=w.EYES),
    _t("Волосы", "hair", words=w.HAIRS),
    _t("ОсобаяПримета", "marks", many=True),
)
_LINK: Final = (_t("К", "to"), _t("Вид", "link", words=w.LINKS), _t("Примечание", "note"))
_SUBJECT: Final = (
    _t("Ключ", "key"),
    _t("Роль", "capacity", words=w.CAPACITIES),
    _o("Отношение", "links", inner=_LINK, many=True),
    _t("Примечание", "note"),
)
PERSON: Final = (
    *_SUBJECT,
    _o("Имя", "names", inner=_NAME, many=True),
    _t("Звание", "titles", many=True),
    _t("Пол", "sex", words=w.SEXES),
    _o("Рождение", "birth_dates", inner=_DATE, many=True),
    _o("МестоРождения", "birth_places", inner=_ADDRESS, many=True),
    _o("Смерть", "death", inner=_DATE),
    _t("Гражданство", "nationalities", many=True),
    _o("Документ", "documents", inner=_PAPER, many=True),
    _o("Адрес", "addresses", inner=_ADDRESS, many=True),
    _o("Связь", "contacts", inner=_CONTACT, many=True),
    _t("Занятие", "occupations", many=True),
    _o("Внешность", "look", inner=_LOOK),
)
_REGISTRATION: Final = (_t("Номер", "number"), _t("Реестр", "register"), _t("Страна", "country"))
ORGANISATION: Final = (
    *_SUBJECT,
    _o("Название", "names", inner=_NAME, many=True),
    _t("Вид", "organisation_type", words=w.ORGANISATIONS),
    _o("Регистрация", "registrations", inner=_REGISTRATION, many=True),
    _o("Создана", "founded", inner=_DATE),
    _o("Прекращена", "dissolved", inner=_DATE),
    _t("Страна", "countries", many=True),
    _o("Адрес", "addresses", inner=_ADDRESS, many=True),
    _o("Связь", "contacts", inner=_CONTACT, many=True),
    _t("Деятельность", "activities", many=True),
)
_BASIS: Final = (_t("Документ", "agreement"), _t("Статья", "articles", many=True))
_GRADING: Final = (
    _t("Шкала", "scale"),
    _t("Источник", "source"),
    _t("Сведения", "information"),
    _t("Обращение", "handling"),
)
_LABEL: Final = (
    _t("Секретность", "classification", words=w.CLASSIFICATIONS),
    _t("TLP", "tlp"),
    _t("Обращение", "handling", many=True),
    _t("ОсобыеУсловия", "handling_note"),
    _t("РазрешеноПередавать", "releasable_to", many=True),
    _f("ТолькоССогласия", "originator_control"),
)
HEAD: Final = (
    _t("Номер", "id"),
    _n("Редакция", "version"),
    _t("Действие", "action", words=w.ACTIONS),
    _t("Дата", "created_at"),
    _t("Отправитель", "originator"),
    _o("Гриф", "label", inner=_LABEL),
    _o("Оценка", "grading", inner=_GRADING),
    _o("Основание", "legal_basis", inner=_BASIS),
    _t("ЦельИспользования", "purpose", words=w.PURPOSES),
    _t("Переписка", "conversation"),
    _t("ВОтветНа", "in_reply_to"),
    _t("ОтветитьДо", "reply_due_at"),
    _t("Язык", "language"),
    _t("ПересмотретьДо", "review_on"),
    _t("ХранитьДо", "retain_until"),
)
_ASKED: Final = (_t("Вид", "assistance", words=w.ASSISTANCE), _t("Содержание", "described"))
_REQUEST: Final = (
    _o("ЗапрашивающийОрган", "requesting", inner=_AUTHORITY),
    _o("ЗапрашиваемыйОрган", "requested", inner=_AUTHORITY),
    _t("СуществоДела", "substance"),
    _t("Цель", "aim"),
    _t("Обоснование", "grounds"),
    _o("Содействие", "asked", inner=_ASKED, many=True),
    _t("Срочность", "urgency", words=w.URGENCIES),
    _t("ПричинаСрочности", "urgency_reason"),
    _f("ПодтверждаетПисьменно", "confirms_in_writing"),
    _f("Конфиденциально", "confidential"),
    _t("Порядок", "procedure"),
    _f("ПросимПрисутствовать", "presence_asked"),
    _o("Закон", "laws", inner=_LAW, many=True),
    _o("Подписал", "signed_by", inner=(_t("Имя", "name"), _t("Должность", "position"))),
)
_GROUND: Final = (
    _t("Вид", "ground", words=w.GROUNDS),
    _t("Пояснение", "explained"),
    _o("Закон", "law", inner=_LAW),
)
_ANSWER: Final = (
    _t("Итог", "outcome", words=w.OUTCOMES),
    _o("ОтвечающийОрган", "answering", inner=_AUTHORITY),
    _t("Исполнено", "executed_on"),
    _o("Причина", "ground", inner=_GROUND),
    _o("Передано", "forwarded_to", inner=_AUTHORITY),
    _t("Ожидается", "expected_on"),
    _o("Сделано", "done", inner=_ASKED, many=True),
    _t("Условия", "conditions"),
)
_INFORMATION: Final = (
    _t("Тема", "about", words=w.TOPICS),
    _t("Значение", "relevance"),
    _o("Период", "observed", inner=_PERIOD),
    _t("Угроза", "threat", words=w.THREATS),
    _o("Цель", "targets", inner=_PLACE, many=True),
    _t("Условия", "conditions"),
    _f("ОтветЖелателен", "answer_welcome"),
)
_CHARGE: Final = (
    _t("Деяние", "offence"),
    _o("Закон", "law", inner=_LAW),
    _o("Совершено", "committed", inner=_DATE),
    _o("Место", "committed_in", inner=_PLACE),
    _t("Наказание", "penalty"),
)
_WARRANT: Final = (
    _t("Номер", "number"),
    _t("КемВынесено", "issued_by"),
    _t("КогдаВынесено", "issued_on"),
    _t("Страна", "country"),
)
_CARD: Final = (
    _t("Категория", "search_category", words=w.SEARCHED),
    _t("ВидРозыска", "scope", words=w.SCOPES),
    _t("ПриОбнаружении", "on_finding", words=w.ON_FINDING),
    _t("РозыскноеДело", "search_file"),
    _t("Заведено", "opened_on"),
    _o("Инициатор", "initiator", inner=_AUTHORITY),
    _o("Обвинение", "charges", inner=_CHARGE, many=True),
    _o("Постановление", "warrant", inner=_WARRANT),
    _t("Предупреждение", "warnings", words=w.WARNINGS, many=True),
    _t("Местонахождение", "whereabouts"),
)
_FILE: Final = (
    _t("Имя", "name"),
    _t("Тип", "media_type"),
    _n("Размер", "size_bytes"),
    _t("SHA256", "digest"),
)
#: kind of record -> (root element, elements of its details). A withdrawal's details are its reason alone.
ROOTS: Final[dict[Kind, tuple[str, Fields]]] = {
    Kind.ASSISTANCE_REQUEST: ("Запрос", _REQUEST),
    Kind.ASSISTANCE_ANSWER: ("Ответ", _ANSWER),
    Kind.SPONTANEOUS_INFORMATION: ("Информация", _INFORMATION),
    Kind.WANTED_PERSON: ("РозыскнаяКарточка", _CARD),
}
_REASON: Final = _t("ПричинаОтзыва", "details", "reason")


def fields_of(kind: Kind) -> Fields:
    """Return the elements of a kind's document, in their order."""
    return (
        _o("Реквизиты", inner=HEAD),
        _o("Содержание", "details", inner=ROOTS[kind][1]),
        _REASON,
        _o(
            "Объект",
            "subjects",
            inner=(_o("Лицо", inner=PERSON), _o("Организация", inner=ORGANISATION)),
            many=True,
        ),
        _t("Изложение", "narrative"),
        _o("Приложение", "attachments", inner=_FILE, many=True),
    )
