"""What the closed sets of records are called in Russian documents."""

from __future__ import annotations

from typing import Final

ACTIONS: Final = {"new": "первичный", "correction": "исправление", "withdrawal": "отзыв"}
CLASSIFICATIONS: Final = {
    "unclassified": "Несекретно",
    "restricted": "Для служебного пользования",
    "confidential": "Секретно",
    "secret": "Совершенно секретно",
    "top-secret": "Особой важности",
}
PURPOSES: Final = {
    "prevention": "предупреждение",
    "investigation": "расследование",
    "prosecution": "уголовное преследование",
    "search": "розыск",
    "sanctions": "применение санкций",
    "border-control": "пограничный контроль",
    "financial-intelligence": "финансовая разведка",
    "threat-to-life": "угроза жизни",
    "cooperation": "организация сотрудничества",
}
SEXES: Final = {"female": "женский", "male": "мужской", "unspecified": "не указан"}
CAPACITIES: Final = {
    "listed": "включён в перечень",
    "suspect": "подозреваемый",
    "accused": "обвиняемый",
    "convicted": "осуждённый",
    "victim": "потерпевший",
    "witness": "свидетель",
    "associate": "связь",
    "missing": "без вести пропавший",
    "other": "иное",
}
ASSISTANCE: Final = {
    "information": "предоставление сведений",
    "search": "розыск",
    "identification": "установление личности",
    "questioning": "опрос",
    "service-of-documents": "вручение документов",
    "copies-of-documents": "копии документов",
    "operational-search": "оперативно-розыскные мероприятия",
    "expert-examination": "экспертиза",
    "detention": "задержание",
    "assets": "имущество",
    "training": "обучение",
    "other": "иное",
}
URGENCIES: Final = {"routine": "обычный", "urgent": "срочный", "immediate": "незамедлительный"}
OUTCOMES: Final = {
    "full": "исполнен полностью",
    "partial": "исполнен частично",
    "refused": "отказано",
    "forwarded": "передан по принадлежности",
    "postponed": "отложен",
}
GROUNDS: Final = {
    "sovereignty-or-security": "ущерб суверенитету или безопасности",
    "contrary-to-law": "противоречит законодательству",
    "ongoing-proceedings": "ведётся производство",
    "political-offence": "политическое преступление",
    "no-such-data": "сведений нет",
    "not-competent": "не относится к компетенции",
    "means-lacking": "нет возможности",
    "originator-consent-lacking": "нет согласия источника",
    "other": "иное",
}
TOPICS: Final = {
    "planned-attack": "подготовка террористического акта",
    "attack": "террористический акт",
    "recruitment": "вербовка",
    "training": "подготовка боевиков",
    "fighter-travel": "перемещение боевиков",
    "financing": "финансирование",
    "arms": "оружие",
    "propaganda": "пропаганда",
    "cyber": "компьютерные атаки",
    "return-of-fighters": "возвращение боевиков",
    "other": "иное",
}
THREATS: Final = {
    "immediate": "непосредственная",
    "serious": "серьёзная",
    "possible": "возможная",
    "none": "отсутствует",
}
SEARCHED: Final = {
    "suspect": "подозреваемый",
    "accused": "обвиняемый",
    "convicted": "осуждённый",
    "missing": "без вести пропавший",
}
SCOPES: Final = {
    "national": "национальный",
    "interstate": "межгосударственный",
    "international": "международный",
}
ON_FINDING: Final = {
    "arrest-for-extradition": "задержать для выдачи",
    "arrest": "задержать",
    "locate": "установить местонахождение",
    "observe-discreetly": "негласно наблюдать",
    "protect": "взять под защиту",
}
WARNINGS: Final = {
    "armed": "вооружён",
    "violent": "склонен к насилию",
    "explosives": "взрывчатые вещества",
    "escape-risk": "склонен к побегу",
    "suicidal": "склонен к самоубийству",
    "trained-fighter": "обученный боевик",
    "contagious": "заразен",
}
NAME_FORMS: Final = {
    "primary": "основное",
    "alias": "псевдоним",
    "former": "прежнее",
    "nickname": "прозвище",
    "original": "в оригинале",
    "transliteration": "транслитерация",
    "acronym": "сокращение",
}
QUALITIES: Final = {"good": "достоверно", "low": "недостоверно"}
DATES: Final = {
    "exact": "точно",
    "approximate": "приблизительно",
    "between": "в промежутке",
    "described": "со слов",
}
DOCUMENTS: Final = {
    "passport": "паспорт",
    "national-id": "удостоверение личности",
    "personal-number": "личный номер",
    "travel-document": "проездной документ",
    "residence-permit": "вид на жительство",
    "birth-certificate": "свидетельство о рождении",
    "driving-licence": "водительское удостоверение",
    "military-id": "военный билет",
    "seaman-book": "паспорт моряка",
    "other": "иное",
}
DOCUMENT_STATES: Final = {
    "valid": "действителен",
    "expired": "просрочен",
    "cancelled": "аннулирован",
    "stolen": "похищен",
    "lost": "утрачен",
    "forged": "подделан",
}
CONTACTS: Final = {
    "phone": "телефон",
    "email": "электронная почта",
    "messenger": "мессенджер",
    "social": "социальная сеть",
    "website": "сайт",
    "other": "иное",
}
LINKS: Final = {
    "owner": "владелец",
    "holder": "держатель",
    "user": "пользователь",
    "member": "участник",
    "leader": "руководитель",
    "financier": "финансирует",
    "associate": "связь",
    "relative": "родственник",
    "employer": "работодатель",
    "sender": "отправитель",
    "beneficiary": "получатель",
    "located-at": "находится в",
}
EYES: Final = {
    "black": "чёрные",
    "blue": "голубые",
    "light-blue": "светло-голубые",
    "brown": "карие",
    "dark-brown": "тёмно-карие",
    "light-brown": "светло-карие",
    "hazel": "ореховые",
    "green": "зелёные",
    "grey": "серые",
    "dark": "тёмные",
    "light": "светлые",
    "different-colours": "разного цвета",
}
HAIRS: Final = {
    "black": "чёрные",
    "brown": "каштановые",
    "fair": "русые",
    "grey": "седые",
    "greying": "с проседью",
    "bald": "лысый",
    "dyed": "крашеные",
    "dark": "тёмные",
    "red": "рыжие",
    "auburn": "медно-рыжие",
    "white": "белые",
    "blond": "светлые",
}
ORGANISATIONS: Final = {
    "company": "предприятие",
    "bank": "банк",
    "charity": "благотворительная организация",
    "armed-group": "вооружённая группа",
    "religious": "религиозная организация",
    "public-body": "государственный орган",
    "media": "средство массовой информации",
    "other": "иное",
}
