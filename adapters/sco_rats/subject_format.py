"""Elements for those whom and what a document is about; names are Russian, then Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapters.sco_rats import subject_words as w
from adapters.tables import Field

Fields = tuple[Field, ...]


def text(element: str, *path: str, words: Mapping[str, str] | None = None, many: bool = False) -> Field:
    """Return an element that holds text, or a word of a closed set."""
    return Field(element=element, path=path, words=words, many=many)


def outer(element: str, *path: str, inner: Fields, many: bool = False) -> Field:
    """Return an element that holds others."""
    return Field(element=element, path=path, inner=inner, many=many)


def whole(element: str, *path: str) -> Field:
    """Return an element that holds a whole number."""
    return Field(element=element, path=path, form="whole")


CONTACT: Final = (
    text("Вид|类型", "contact_type", words=w.CONTACTS),
    text("Значение|内容", "value"),
    text("Примечание|备注", "note"),
)
ADDRESS: Final = (
    text("Улица|街道", "street"),
    text("Город|城市", "city"),
    text("Область|地区", "region"),
    text("Индекс|邮编", "postal_code"),
    text("Страна|国家", "country"),
    text("СтранаТекстом|国家文字", "country_text"),
    text("Примечание|备注", "note"),
)
POINT: Final = (text("Широта|纬度", "latitude"), text("Долгота|经度", "longitude"))
PLACE: Final = (
    text("Название|名称", "name"),
    outer("Координаты|坐标", "coordinates", inner=POINT),
    outer("Адрес|地址", "address", inner=ADDRESS),
)
DATE: Final = (
    text("Вид|类型", "form", words=w.DATES),
    text("Дата|日期", "date"),
    text("НеРанее|不早于", "earliest"),
    text("НеПозднее|不晚于", "latest"),
    text("Примечание|备注", "note"),
)
#: What we add to a name in Chinese characters; no field of a record.
_READ: Final = (text("Пиньинь|拼音", "pinyin"), text("Палладий|俄文译音", "palladius"))
READING: Final = (outer("Чтение|读音", inner=_READ),)
NAME: Final = (
    text("Текст|文字", "text"),
    text("Письменность|书写系统", "script"),
    text("Форма|形式", "form", words=w.NAME_FORMS),
    text("Достоверность|可靠性", "quality", words=w.QUALITIES),
    text("Фамилия|姓", "surname"),
    text("Имя|名", "given"),
    text("Отчество|父名", "patronymic"),
    text("Примечание|备注", "note"),
    *READING,
)
_PAPER: Final = (
    text("Вид|类型", "document_type", words=w.DOCUMENTS),
    text("Номер|号码", "number"),
    text("Описание|描述", "described"),
    text("Страна|国家", "country"),
    text("Выдан|签发日期", "issued_on"),
    text("ДействителенДо|有效期至", "expires_on"),
    text("КемВыдан|签发机关", "issued_by"),
    text("ГдеВыдан|签发地", "issued_in"),
    text("Состояние|状态", "status", words=w.DOCUMENT_STATES),
    text("Примечание|备注", "note"),
)
_LOOK: Final = (
    whole("Рост|身高", "height_cm"),
    whole("Вес|体重", "weight_kg"),
    text("Телосложение|体型", "build"),
    text("Глаза|眼睛", "eyes", words=w.EYES),
    text("Волосы|头发", "hair", words=w.HAIRS),
    text("ОсобаяПримета|特征", "marks", many=True),
)
_LINK: Final = (
    text("К|对象", "to"),
    text("Вид|类型", "link", words=w.LINKS),
    text("Примечание|备注", "note"),
)
_SUBJECT: Final = (
    text("Ключ|编码", "key"),
    text("Роль|身份", "capacity", words=w.CAPACITIES),
    outer("Отношение|关系", "links", inner=_LINK, many=True),
    text("Примечание|备注", "note"),
)
_PERSON: Final = (
    *_SUBJECT,
    outer("Имя|姓名", "names", inner=NAME, many=True),
    text("Звание|头衔", "titles", many=True),
    text("Пол|性别", "sex", words=w.SEXES),
    outer("Рождение|出生日期", "birth_dates", inner=DATE, many=True),
    outer("МестоРождения|出生地", "birth_places", inner=ADDRESS, many=True),
    outer("Смерть|死亡", "death", inner=DATE),
    text("Гражданство|国籍", "nationalities", many=True),
    outer("Документ|证件", "documents", inner=_PAPER, many=True),
    outer("Адрес|地址", "addresses", inner=ADDRESS, many=True),
    outer("Связь|联系方式", "contacts", inner=CONTACT, many=True),
    text("Занятие|职业", "occupations", many=True),
    outer("Внешность|外貌", "look", inner=_LOOK),
)
_REGISTRATION: Final = (
    text("Номер|号码", "number"),
    text("Реестр|登记机关", "register"),
    text("Страна|国家", "country"),
)
_ORGANISATION: Final = (
    *_SUBJECT,
    outer("Название|名称", "names", inner=NAME, many=True),
    text("Вид|类型", "organisation_type", words=w.ORGANISATIONS),
    outer("Регистрация|登记", "registrations", inner=_REGISTRATION, many=True),
    outer("Создана|成立", "founded", inner=DATE),
    outer("Прекращена|解散", "dissolved", inner=DATE),
    text("Страна|国家", "countries", many=True),
    outer("Адрес|地址", "addresses", inner=ADDRESS, many=True),
    outer("Связь|联系方式", "contacts", inner=CONTACT, many=True),
    text("Деятельность|活动", "activities", many=True),
)
_VEHICLE: Final = (
    *_SUBJECT,
    text("Номер|车牌", "plate"),
    text("СтранаНомера|车牌国家", "plate_country"),
    text("VIN|车架号", "vin"),
    text("Вид|类型", "vehicle_type", words=w.VEHICLES),
    text("Марка|品牌", "make"),
    text("Модель|型号", "model"),
    text("Цвет|颜色", "colour"),
    whole("Год|年份", "year"),
)
_WEAPON: Final = (
    *_SUBJECT,
    text("Вид|类型", "weapon_type", words=w.WEAPONS),
    text("Изготовитель|制造商", "make"),
    text("Модель|型号", "model"),
    text("Калибр|口径", "calibre"),
    text("Номер|编号", "serial_number"),
    text("СтранаИзготовления|制造国", "made_in"),
    whole("ГодИзготовления|制造年份", "made_year"),
    text("Количество|数量", "quantity"),
    text("Единица|单位", "unit", words=w.UNITS),
    text("Состояние|状态", "status", words=w.WEAPON_STATES),
)
_SPOT: Final = (*_SUBJECT, *PLACE, text("Вид|类型", "place_type"))
#: type of a subject -> its element and the elements inside. Of other types nothing is carried.
SUBJECTS: Final[Mapping[str, tuple[str, Fields]]] = {
    "person": ("Лицо|人员", _PERSON),
    "organisation": ("Организация|组织", _ORGANISATION),
    "vehicle": ("ТранспортноеСредство|车辆", _VEHICLE),
    "weapon": ("Оружие|武器", _WEAPON),
    "place": ("Место|地点", _SPOT),
}
#: type of a subject that has names -> the element of one.
NAMES: Final = {"person": "Имя|姓名", "organisation": "Название|名称"}
