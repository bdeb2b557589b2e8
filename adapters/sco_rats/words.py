"""What the closed sets of heads and details are called: in Russian, then in Chinese."""

from __future__ import annotations

from typing import Final

ACTIONS: Final = {
    "new": "первичный|首次",
    "correction": "исправление|更正",
    "withdrawal": "отзыв|撤回",
}
CLASSIFICATIONS: Final = {
    "unclassified": "Несекретно|非密",
    "restricted": "Для служебного пользования|内部",
    "confidential": "Секретно|秘密",
    "secret": "Совершенно секретно|机密",
    "top-secret": "Особой важности|绝密",
}
PURPOSES: Final = {
    "prevention": "предупреждение|预防",
    "investigation": "расследование|调查",
    "prosecution": "уголовное преследование|刑事追诉",
    "search": "розыск|查缉",
    "sanctions": "применение санкций|实施制裁",
    "border-control": "пограничный контроль|边境管控",
    "financial-intelligence": "финансовая разведка|金融情报",
    "threat-to-life": "угроза жизни|生命威胁",
    "cooperation": "организация сотрудничества|合作组织",
}
ASSISTANCE: Final = {
    "information": "предоставление сведений|提供信息",
    "search": "розыск|查缉",
    "identification": "установление личности|身份确认",
    "questioning": "опрос|询问",
    "service-of-documents": "вручение документов|送达文书",
    "copies-of-documents": "копии документов|文书副本",
    "operational-search": "оперативно-розыскные мероприятия|侦查措施",
    "expert-examination": "экспертиза|鉴定",
    "detention": "задержание|拘留",
    "assets": "имущество|资产",
    "training": "обучение|培训",
    "other": "иное|其他",
}
URGENCIES: Final = {
    "routine": "обычный|普通",
    "urgent": "срочный|紧急",
    "immediate": "незамедлительный|立即",
}
OUTCOMES: Final = {
    "full": "исполнен полностью|全部执行",
    "partial": "исполнен частично|部分执行",
    "refused": "отказано|拒绝",
    "forwarded": "передан по принадлежности|移送主管机关",
    "postponed": "отложен|推迟",
}
GROUNDS: Final = {
    "sovereignty-or-security": "ущерб суверенитету или безопасности|损害主权或安全",
    "contrary-to-law": "противоречит законодательству|违反法律",
    "ongoing-proceedings": "ведётся производство|诉讼进行中",
    "political-offence": "политическое преступление|政治犯罪",
    "no-such-data": "сведений нет|无相关资料",
    "not-competent": "не относится к компетенции|不属职权",
    "means-lacking": "нет возможности|无法执行",
    "originator-consent-lacking": "нет согласия источника|来源方未同意",
    "other": "иное|其他",
}
TOPICS: Final = {
    "planned-attack": "подготовка террористического акта|预谋恐怖行为",
    "attack": "террористический акт|恐怖行为",
    "recruitment": "вербовка|招募",
    "training": "подготовка боевиков|训练武装人员",
    "fighter-travel": "перемещение боевиков|武装人员流动",
    "financing": "финансирование|资助",
    "arms": "оружие|武器",
    "propaganda": "пропаганда|宣传",
    "cyber": "компьютерные атаки|网络攻击",
    "return-of-fighters": "возвращение боевиков|武装人员回流",
    "other": "иное|其他",
}
THREATS: Final = {
    "immediate": "непосредственная|迫在眉睫",
    "serious": "серьёзная|严重",
    "possible": "возможная|可能",
    "none": "отсутствует|无",
}
SEARCHED: Final = {
    "suspect": "подозреваемый|嫌疑人",
    "accused": "обвиняемый|被告人",
    "convicted": "осуждённый|被判刑人",
    "missing": "без вести пропавший|失踪人",
}
SCOPES: Final = {
    "national": "национальный|国内",
    "interstate": "межгосударственный|国家间",
    "international": "международный|国际",
}
ON_FINDING: Final = {
    "arrest-for-extradition": "задержать для выдачи|拘捕以引渡",
    "arrest": "задержать|拘捕",
    "locate": "установить местонахождение|查明下落",
    "observe-discreetly": "негласно наблюдать|秘密监视",
    "protect": "взять под защиту|予以保护",
}
WARNINGS: Final = {
    "armed": "вооружён|持有武器",
    "violent": "склонен к насилию|有暴力倾向",
    "explosives": "взрывчатые вещества|携带爆炸物",
    "escape-risk": "склонен к побегу|有逃跑危险",
    "suicidal": "склонен к самоубийству|有自杀倾向",
    "trained-fighter": "обученный боевик|受训武装人员",
    "contagious": "заразен|有传染病",
}
ORIENTATIONS: Final = {
    "terrorist": "террористическая|恐怖主义",
    "extremist": "экстремистская|极端主义",
    "separatist": "сепаратистская|分裂主义",
}
GROUP_STATES: Final = {
    "active": "действует|活动",
    "dormant": "бездействует|潜伏",
    "dissolved": "прекращена|解散",
    "unknown": "неизвестно|不明",
}
GOODS: Final = {
    "arms": "оружие|武器",
    "munitions": "боеприпасы|弹药",
    "explosives": "взрывчатые вещества|爆炸物",
    "wmd-materials": "материалы для оружия массового уничтожения|大规模毁灭性武器材料",
    "drugs": "наркотики|毒品",
    "precursors": "прекурсоры|易制毒化学品",
    "prohibited-publications": "запрещённые издания|违禁出版物",
    "cash": "наличные деньги|现金",
    "people": "люди|人员",
}
STAGES: Final = {
    "origin": "отправление|起点",
    "collection": "сбор|集结",
    "crossing": "переход границы|过境点",
    "transit": "транзит|中转",
    "storage": "хранение|储存",
    "destination": "назначение|终点",
}
MEANS: Final = {
    "road": "автомобильный|公路",
    "rail": "железнодорожный|铁路",
    "air": "воздушный|航空",
    "sea": "морской|海运",
    "river": "речной|河运",
    "foot": "пешком|步行",
    "post": "почта|邮寄",
    "pipeline": "трубопровод|管道",
}
CHANNEL_STATES: Final = {
    "active": "действует|活动",
    "suspected": "предполагается|疑似",
    "dormant": "бездействует|潜伏",
    "closed": "перекрыт|已切断",
}
CHANGES: Final = {
    "authority-appointed": "орган назначен|指定主管机关",
    "authority-replaced": "орган заменён|更换主管机关",
    "unit-created": "подразделение создано|设立部门",
    "unit-dissolved": "подразделение упразднено|撤销部门",
    "liaison-officer": "офицер связи|联络官",
    "contact-changed": "изменилась связь|联系方式变更",
    "training-offered": "предлагается обучение|提供培训",
}
