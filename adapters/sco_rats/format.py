"""The table of our format for the SCO's Structure: elements and the fields they carry, in two languages.

Each name stands here once, as `Russian|Chinese`; `fields_of` says which half a document uses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import Enum
from functools import cache
from typing import Final

from adapters.sco_rats import subject_format as s
from adapters.sco_rats import words as w
from adapters.sco_rats.subject_format import Fields, outer, text, whole
from adapters.tables import Field
from hub.records.kinds import Kind


class Tongue(Enum):
    """The two working languages; the number is the place in `Russian|Chinese`."""

    RUSSIAN = 0
    CHINESE = 1


NAMESPACES: Final = {Tongue.RUSSIAN: "urn:hub:sco-rats:1:ru", Tongue.CHINESE: "urn:hub:sco-rats:1:zh"}
#: What one document may tell of; the Convention's six, by their place in its list.
CATEGORIES: Final = {
    1: "1 подготавливаемые и совершённые деяния|一 预谋和已实施的行为",
    2: "2 подготовка против лиц и мероприятий под защитой|二 针对受保护人员和活动的准备",
    3: "3 организации, группы и лица|三 组织、团伙和人员",
    4: "4 незаконный оборот оружия и опасных материалов|四 非法贩运武器和危险材料",
    5: "5 источники финансирования|五 资金来源",
    6: "6 формы, методы и средства|六 方式、方法和手段",
}


def _flag(element: str, *path: str) -> Field:
    return Field(element=element, path=path, form="flag")


_AUTHORITY: Final = (
    text("Наименование|名称", "name"),
    text("Ведомство|机构代码", "agency"),
    text("Страна|国家", "country"),
    text("Подразделение|部门", "unit"),
    text("Сотрудник|工作人员", "officer"),
    outer("Связь|联系方式", "contacts", inner=s.CONTACT, many=True),
)
_LAW: Final = (
    text("Акт|法律文件", "instrument"),
    text("Статья|条款", "article"),
    text("Страна|国家", "country"),
    text("Текст|文字", "text"),
)
_PERIOD: Final = (text("С|起", "start"), text("По|止", "end"))
_BASIS: Final = (text("Документ|文件", "agreement"), text("Статья|条款", "articles", many=True))
_GRADING: Final = (
    text("Шкала|等级表", "scale"),
    text("Источник|来源", "source"),
    text("Сведения|内容", "information"),
    text("Обращение|处理", "handling"),
)
_LABEL: Final = (
    text("Секретность|密级", "classification", words=w.CLASSIFICATIONS),
    text("TLP|TLP", "tlp"),
    text("Обращение|处理", "handling", many=True),
    text("ОсобыеУсловия|特别条件", "handling_note"),
    text("РазрешеноПередавать|可转交", "releasable_to", many=True),
    _flag("ТолькоССогласия|须经同意", "originator_control"),
)
_HEAD: Final = (
    text("Номер|编号", "id"),
    whole("Редакция|版本", "version"),
    text("Действие|性质", "action", words=w.ACTIONS),
    text("Дата|日期", "created_at"),
    text("Отправитель|发送机关", "originator"),
    outer("Гриф|密级标识", "label", inner=_LABEL),
    outer("Оценка|评估", "grading", inner=_GRADING),
    outer("Основание|依据", "legal_basis", inner=_BASIS),
    text("ЦельИспользования|使用目的", "purpose", words=w.PURPOSES),
    text("Переписка|往来编号", "conversation"),
    text("ВОтветНа|答复", "in_reply_to"),
    text("ОтветитьДо|答复期限", "reply_due_at"),
    text("Язык|语言", "language"),
    text("ПересмотретьДо|复审期限", "review_on"),
    text("ХранитьДо|保存期限", "retain_until"),
)
_ASKED: Final = (text("Вид|类型", "assistance", words=w.ASSISTANCE), text("Содержание|内容", "described"))
_SIGNED: Final = (text("Имя|姓名", "name"), text("Должность|职务", "position"))
_REQUEST: Final = (
    outer("ЗапрашивающийОрган|请求机关", "requesting", inner=_AUTHORITY),
    outer("ЗапрашиваемыйОрган|被请求机关", "requested", inner=_AUTHORITY),
    text("СуществоДела|案情", "substance"),
    text("Цель|目的", "aim"),
    text("Обоснование|理由", "grounds"),
    outer("Содействие|协助事项", "asked", inner=_ASKED, many=True),
    text("Срочность|紧急程度", "urgency", words=w.URGENCIES),
    text("ПричинаСрочности|紧急原因", "urgency_reason"),
    _flag("ПодтверждаетПисьменно|书面确认", "confirms_in_writing"),
    _flag("Конфиденциально|要求保密", "confidential"),
    text("Порядок|程序", "procedure"),
    _flag("ПросимПрисутствовать|请求在场", "presence_asked"),
    outer("Закон|法律", "laws", inner=_LAW, many=True),
    outer("Подписал|签署人", "signed_by", inner=_SIGNED),
)
_GROUND: Final = (
    text("Вид|类型", "ground", words=w.GROUNDS),
    text("Пояснение|说明", "explained"),
    outer("Закон|法律", "law", inner=_LAW),
)
_ANSWER: Final = (
    text("Итог|结果", "outcome", words=w.OUTCOMES),
    outer("ОтвечающийОрган|答复机关", "answering", inner=_AUTHORITY),
    text("Исполнено|执行日期", "executed_on"),
    outer("Причина|原因", "ground", inner=_GROUND),
    outer("Передано|移送机关", "forwarded_to", inner=_AUTHORITY),
    text("Ожидается|预计日期", "expected_on"),
    outer("Сделано|已完成", "done", inner=_ASKED, many=True),
    text("Условия|条件", "conditions"),
)
_INFORMATION: Final = (
    text("Тема|主题", "about", words=w.TOPICS),
    text("Значение|意义", "relevance"),
    outer("Период|期间", "observed", inner=_PERIOD),
    text("Угроза|威胁", "threat", words=w.THREATS),
    outer("Цель|目标", "targets", inner=s.PLACE, many=True),
    text("Условия|条件", "conditions"),
    _flag("ОтветЖелателен|希望答复", "answer_welcome"),
)
_CHARGE: Final = (
    text("Деяние|行为", "offence"),
    outer("Закон|法律", "law", inner=_LAW),
    outer("Совершено|实施时间", "committed", inner=s.DATE),
    outer("Место|地点", "committed_in", inner=s.PLACE),
    text("Наказание|刑罚", "penalty"),
)
_WARRANT: Final = (
    text("Номер|编号", "number"),
    text("КемВынесено|签发机关", "issued_by"),
    text("КогдаВынесено|签发日期", "issued_on"),
    text("Страна|国家", "country"),
)
_CARD: Final = (
    text("Категория|类别", "search_category", words=w.SEARCHED),
    text("ВидРозыска|查缉范围", "scope", words=w.SCOPES),
    text("ПриОбнаружении|发现后措施", "on_finding", words=w.ON_FINDING),
    text("РозыскноеДело|查缉案卷", "search_file"),
    text("Заведено|立案日期", "opened_on"),
    outer("Инициатор|发起机关", "initiator", inner=_AUTHORITY),
    outer("Обвинение|指控", "charges", inner=_CHARGE, many=True),
    outer("Постановление|决定", "warrant", inner=_WARRANT),
    text("Предупреждение|警示", "warnings", words=w.WARNINGS, many=True),
    text("Местонахождение|下落", "whereabouts"),
)
_BAN: Final = (
    text("Страна|国家", "country"),
    text("Дата|日期", "on"),
    outer("Закон|法律", "law", inner=_LAW),
)
_STRENGTH: Final = (
    whole("НеМенее|至少", "lowest"),
    whole("НеБолее|至多", "highest"),
    text("НаДату|截至", "as_of"),
)
_GROUP: Final = (
    text("Направленность|性质", "orientation", words=w.ORIENTATIONS, many=True),
    text("Состояние|状态", "state", words=w.GROUP_STATES),
    text("Цели|宗旨", "aims"),
    outer("Запрет|取缔", "bans", inner=_BAN, many=True),
    outer("Численность|人数", "strength", inner=_STRENGTH),
    text("Страна|国家", "countries", many=True),
    text("Структура|结构", "structure"),
    text("Метод|手段", "methods", many=True),
    text("Финансирование|资金", "financing", many=True),
    text("Вербовка|招募", "recruitment"),
    outer("Создана|成立", "founded", inner=s.DATE),
)
_STAGE: Final = (
    outer("Место|地点", "place", inner=s.PLACE),
    text("Роль|作用", "role", words=w.STAGES),
    text("Способ|方式", "means", words=w.MEANS),
    text("Примечание|备注", "note"),
)
_CHANNEL: Final = (
    text("Перемещается|运送对象", "carries", words=w.GOODS, many=True),
    outer("Этап|路段", "route", inner=_STAGE, many=True),
    text("Состояние|状态", "state", words=w.CHANNEL_STATES),
    outer("Период|期间", "active", inner=_PERIOD),
    text("Сокрытие|隐蔽方式", "concealment"),
    text("Частота|频率", "frequency"),
    text("Объём|规模", "volume"),
)
_COURSE: Final = (
    text("Название|名称", "title"),
    outer("Период|期间", "dates", inner=_PERIOD),
    outer("Место|地点", "held_in", inner=s.PLACE),
    whole("Мест|名额", "places"),
    text("Язык|语言", "language"),
    text("Слушатели|对象", "audience"),
)
_NOTICE: Final = (
    text("Изменение|变更", "change", words=w.CHANGES),
    text("ДействуетС|生效日期", "effective_on"),
    outer("Орган|机关", "authority", inner=_AUTHORITY),
    outer("Вместо|取代", "replaces", inner=_AUTHORITY),
    text("Полномочие|职权", "competences", many=True),
    outer("Курс|课程", "course", inner=_COURSE),
    outer("Закон|法律", "law", inner=_LAW),
)
_FILE: Final = (
    text("Имя|名称", "name"),
    text("Тип|类型", "media_type"),
    whole("Размер|大小", "size_bytes"),
    text("SHA256|SHA256", "digest"),
)
#: kind of record -> (root element, elements of its details). A withdrawal's details are its reason alone.
ROOTS: Final[Mapping[Kind, tuple[str, Fields]]] = {
    Kind.ASSISTANCE_REQUEST: ("Запрос|请求", _REQUEST),
    Kind.ASSISTANCE_ANSWER: ("Ответ|答复", _ANSWER),
    Kind.SPONTANEOUS_INFORMATION: ("Информация|情报", _INFORMATION),
    Kind.WANTED_PERSON: ("РозыскнаяКарточка|查缉卡", _CARD),
    Kind.GROUP_PROFILE: ("Организация|组织", _GROUP),
    Kind.TRANSPORT_CHANNEL: ("Канал|渠道", _CHANNEL),
    Kind.SERVICE_NOTICE: ("Уведомление|通知", _NOTICE),
}
#: Where the category stands, and the subjects.
CATEGORY: Final = text(
    "КатегорияСведений|情报类别", "category", words={str(n): name for n, name in CATEGORIES.items()}
)
SUBJECT: Final = "Объект|对象"


def said(pair: str, tongue: Tongue) -> str:
    """Return one language's half of a pair."""
    return pair.split("|")[tongue.value]


def spoken(fields: Fields, tongue: Tongue) -> Fields:
    """Return elements with their names and words in one language."""
    return tuple(
        replace(
            field,
            element=said(field.element, tongue),
            words=field.words and {ours: said(theirs, tongue) for ours, theirs in field.words.items()},
            inner=spoken(field.inner, tongue),
        )
        for field in fields
    )


@cache
def fields_of(kind: Kind, tongue: Tongue) -> Fields:
    """Return the elements of a kind's document, in their order."""
    subjects = tuple(outer(element, inner=inner) for element, inner in s.SUBJECTS.values())
    return spoken(
        (
            outer("Реквизиты|文头", inner=_HEAD),
            CATEGORY,
            outer("Содержание|正文", "details", inner=ROOTS[kind][1]),
            text("ПричинаОтзыва|撤回原因", "details", "reason"),
            outer(SUBJECT, "subjects", inner=subjects, many=True),
            text("Изложение|叙述", "narrative"),
            outer("Приложение|附件", "attachments", inner=_FILE, many=True),
        ),
        tongue,
    )


@cache
def subject_fields(sort: str, tongue: Tongue) -> Fields:
    """Return the elements of one type of subject."""
    return spoken(s.SUBJECTS[sort][1], tongue)
