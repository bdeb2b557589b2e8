"""What the closed sets of subjects are called: in Russian, then in Chinese."""

from __future__ import annotations

from typing import Final

SEXES: Final = {
    "female": "женский|女",
    "male": "мужской|男",
    "unspecified": "не указан|未注明",
}
CAPACITIES: Final = {
    "listed": "включён в перечень|列入名单",
    "suspect": "подозреваемый|嫌疑人",
    "accused": "обвиняемый|被告人",
    "convicted": "осуждённый|被判刑人",
    "victim": "потерпевший|被害人",
    "witness": "свидетель|证人",
    "associate": "связь|关联人",
    "missing": "без вести пропавший|失踪人",
    "other": "иное|其他",
}
NAME_FORMS: Final = {
    "primary": "основное|主要姓名",
    "alias": "псевдоним|化名",
    "former": "прежнее|曾用名",
    "nickname": "прозвище|绰号",
    "original": "в оригинале|原文",
    "transliteration": "транслитерация|转写",
    "acronym": "сокращение|缩写",
}
QUALITIES: Final = {
    "good": "достоверно|可靠",
    "low": "недостоверно|不可靠",
}
DATES: Final = {
    "exact": "точно|准确",
    "approximate": "приблизительно|大约",
    "between": "в промежутке|期间",
    "described": "со слов|自述",
}
DOCUMENTS: Final = {
    "passport": "паспорт|护照",
    "national-id": "удостоверение личности|身份证",
    "personal-number": "личный номер|个人编号",
    "travel-document": "проездной документ|旅行证件",
    "residence-permit": "вид на жительство|居留证",
    "birth-certificate": "свидетельство о рождении|出生证",
    "driving-licence": "водительское удостоверение|驾驶证",
    "military-id": "военный билет|军人证",
    "seaman-book": "паспорт моряка|海员证",
    "other": "иное|其他",
}
DOCUMENT_STATES: Final = {
    "valid": "действителен|有效",
    "expired": "просрочен|过期",
    "cancelled": "аннулирован|作废",
    "stolen": "похищен|被盗",
    "lost": "утрачен|遗失",
    "forged": "подделан|伪造",
}
CONTACTS: Final = {
    "phone": "телефон|电话",
    "email": "электронная почта|电子邮件",
    "messenger": "мессенджер|即时通信",
    "social": "социальная сеть|社交网络",
    "website": "сайт|网站",
    "other": "иное|其他",
}
LINKS: Final = {
    "owner": "владелец|所有人",
    "holder": "держатель|持有人",
    "user": "пользователь|使用人",
    "member": "участник|成员",
    "leader": "руководитель|领导人",
    "financier": "финансирует|资助人",
    "associate": "связь|关联人",
    "relative": "родственник|亲属",
    "employer": "работодатель|雇主",
    "sender": "отправитель|发送人",
    "beneficiary": "получатель|受益人",
    "located-at": "находится в|位于",
}
EYES: Final = {
    "black": "чёрные|黑色",
    "blue": "голубые|蓝色",
    "light-blue": "светло-голубые|浅蓝色",
    "brown": "карие|棕色",
    "dark-brown": "тёмно-карие|深棕色",
    "light-brown": "светло-карие|浅棕色",
    "hazel": "ореховые|榛色",
    "green": "зелёные|绿色",
    "grey": "серые|灰色",
    "dark": "тёмные|深色",
    "light": "светлые|浅色",
    "different-colours": "разного цвета|异色",
}
HAIRS: Final = {
    "black": "чёрные|黑色",
    "brown": "каштановые|棕色",
    "fair": "русые|淡褐色",
    "grey": "седые|灰白",
    "greying": "с проседью|花白",
    "bald": "лысый|秃头",
    "dyed": "крашеные|染色",
    "dark": "тёмные|深色",
    "red": "рыжие|红色",
    "auburn": "медно-рыжие|赤褐色",
    "white": "белые|白色",
    "blond": "светлые|金色",
}
ORGANISATIONS: Final = {
    "company": "предприятие|企业",
    "bank": "банк|银行",
    "charity": "благотворительная организация|慈善组织",
    "armed-group": "вооружённая группа|武装团体",
    "religious": "религиозная организация|宗教组织",
    "public-body": "государственный орган|公共机构",
    "media": "средство массовой информации|媒体",
    "other": "иное|其他",
}
VEHICLES: Final = {
    "car": "легковой автомобиль|轿车",
    "lorry": "грузовой автомобиль|卡车",
    "bus": "автобус|客车",
    "motorcycle": "мотоцикл|摩托车",
    "trailer": "прицеп|挂车",
    "rail-wagon": "вагон|铁路车皮",
    "other": "иное|其他",
}
WEAPONS: Final = {
    "handgun": "пистолет или револьвер|手枪",
    "rifle": "винтовка|步枪",
    "shotgun": "гладкоствольное ружьё|霰弹枪",
    "submachine-gun": "пистолет-пулемёт|冲锋枪",
    "machine-gun": "пулемёт|机枪",
    "launcher": "гранатомёт или пусковая установка|发射器",
    "grenade": "граната|手榴弹",
    "explosive": "взрывчатое вещество|爆炸物",
    "ammunition": "боеприпасы|弹药",
    "chemical": "химическое|化学武器",
    "biological": "биологическое|生物武器",
    "radiological": "радиологическое|放射性武器",
    "nuclear": "ядерное|核武器",
    "blade": "холодное оружие|刀具",
    "other": "иное|其他",
}
UNITS: Final = {
    "pieces": "штук|件",
    "grams": "граммов|克",
    "kilograms": "килограммов|千克",
    "litres": "литров|升",
    "rounds": "патронов|发",
}
WEAPON_STATES: Final = {
    "seized": "изъято|缴获",
    "stolen": "похищено|被盗",
    "lost": "утрачено|遗失",
    "wanted": "разыскивается|查找中",
    "traced": "прослежено|已溯源",
}
