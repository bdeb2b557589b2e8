"""The sentences of evidence in Russian."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SENTENCES: Final[Mapping[str, str]] = {
    # bundle
    "exporter-signed": "{exporter} подписал весь пакет ({algorithms}) и датирует его {at}.",
    "exporter-unknown": "Опорные ключи не содержат {exporter}, составившего пакет; в нём ничего не "
    "проверено.",
    "exporter-key-unknown": "Пакет подписан ключом, которого нет среди опорных ключей {exporter}; "
    "в нём ничего не проверено.",
    "exporter-signature-false": "Пакет — не то, что подписал {exporter} ({code}). Остальное не "
    "рассматривалось.",
    "exporter-key-given-up": "Пакет подписан ключом агентства {exporter}, который {at} признан "
    "скомпрометированным: пусть {exporter} составит пакет заново.",
    # content
    "envelope-signed": "{by} подписал версию {version} для {recipients} ({algorithms}); конверт {envelope}.",
    "passed-signed": "В конверте {envelope}: {by} подписал версию {of} записи {record} ({algorithms}).",
    "consent-signed": "В конверте {envelope}: {by} подписал согласие {record}, версию {of} ({algorithms}).",
    "passed-false": "Переданное в конверте {envelope} (версия {version}) не выдержало проверки ({code}).",
    "passed-unknown-key": "Переданное в конверте {envelope} (версия {version}) не проверено ({code}): "
    "нужного опорного ключа нет.",
    "envelope-false": "Конверт {envelope} (версия {version}) не выдержал проверки ({code}).",
    "envelope-unknown-key": "Конверт {envelope} (версия {version}) не удалось проверить ({code}): "
    "нужного опорного ключа нет.",
    "content-withheld": "Содержание конверта {envelope} (версия {version}) не раскрыто; "
    "кто его подписал, не проверено.",
    "content-key-not-kept": "Ключ конверта {envelope} (версия {version}) не сохранён; "
    "кто его подписал, не проверено.",
    "envelope-not-kept": "Конверт {envelope} снова принёс версию {version}; сохранён только его дайджест.",
    "envelope-left-out": "Журнал сообщает о конверте {envelope}, которого нет в пакете.",
    "content-in-log": "Содержание версии {version}, направленной только участникам, — то самое, что "
    "выпущено.",
    "content-not-the-logged": "Содержание версии {version} — не то, что было выпущено.",
    "content-not-in-log": "Нет записи о выпуске версии {version}, содержание которой приложено.",
    "content-not-shown": "Содержание версии {version}, направленной только участникам, не показано.",
    "number-signed": "{by} подписал {at}: конверт {envelope} имеет номер {count} среди всего, отправленного "
    "для {to} (запись {index}).",
    "number-false": "Ведомость передачи {position}, где нумеруются конверты, не выдержала проверки ({code}).",
    "number-unknown-key": "Ведомость передачи {position}, где нумеруются конверты, не проверена ({code}).",
    "number-left-out": "Запись {index} называет ведомость передачи с номером её конверта; в пакете её нет.",
    # approval
    "approval-signed": "{originator} подписал, что {who} утвердил версию {version}: {at}.",
    "released-by-second": "{who} выпустил версию {version}, которую написал {authors} (запись {index}).",
    "released-by-rule": "Версия {version} выпущена по правилу соглашения: {who} (запись {index}).",
    "released-by-author": "{who} и написал, и выпустил версию {version} (запись {index}).",
    "author-not-shown": "Нет записи о том, кто написал версию {version}, которую выпустил {who}.",
    "approval-not-the-logged": "Утверждение, подписанное в конверте {envelope}, не совпадает с выпуском в "
    "журнале (запись {index}).",
    "approval-by-own-key": "{who} подписал утверждение версии {version} собственным ключом ({kid}) для "
    "получателей конверта {envelope}.",
    "approval-key-registered": "Ключ {kid} был зарегистрирован за {who} до выпуска версии {version} (запись "
    "{index}).",
    "approval-key-not-shown": "Нет записи о регистрации ключа {kid}, которым за {who} подписана версия "
    "{version}.",
    "approval-key-of-another": "Ключ {kid}, которым за {who} подписана версия {version}, зарегистрирован за "
    "другим (запись {index}).",
    "approval-key-revoked": "Ключ {kid}, которым подписал {who}, был отозван до выпуска версии {version} "
    "(запись {index}).",
    # receipt
    "receipt-signed": "{by} подписал {at} ({algorithms}): конверт {envelope} — {status}{reason}.",
    "receipt-signed-for-member": "{by} подписал {at} ({algorithms}): конверт {envelope} — {status} "
    "у участника {member}.",
    "receipt-false": "Квитанция {number} не выдержала проверки ({code}).",
    "receipt-unknown-key": "Квитанцию {number} не удалось проверить ({code}): нужного опорного ключа нет.",
    "receipt-left-out": "Запись {index} сообщает о квитанции, которой нет в пакете.",
    "no-receipts": "Квитанций нет: не показано, что кто-либо получил запись.",
    "delivery-in-log": "Участник {member} сообщил о версии {version}: {state} (запись {index}).",
    "delivery-not-in-log": "Нет записи о том, что участник {member} сообщил о версии {version}: {state}.",
    "delivery-waits": "Версия {version} ожидает участника {member}: это лишь слово составителя пакета.",
    # log
    "log-of-another": "Записи взяты из {origin}; это не журнал {exporter}.",
    "log-keys-compromised": (
        "Ключи, подписавшие журнал на {size} записях, признаны скомпрометированными, и ничто другое его "
        "не подтверждает: ни более поздняя контрольная точка с другими ключами, ни кворум свидетелей."
    ),
    "log-keys-unknown": "Среди опорных ключей нет ключа журнала {exporter}; ни одна запись не проверена.",
    "no-entries": "Пакет не показывает ни одной записи журнала {exporter}.",
    "checkpoint-signed": "{origin} подписал контрольную точку из {size} записей (Ed25519 + ML-DSA-44).",
    "checkpoint-false": "Контрольная точка {number} не выдержала проверки ({code}).",
    "checkpoints-consistent": "{count} контрольных точек принадлежат одному журналу, который только рос.",
    "entries-included": "Записей в журнале {origin}: {count} (от {first} до {last}), такими, как показаны.",
    "entry-false": "Запись {number} пакета не выдержала проверки ({code}).",
    "entry-of-another": "Запись {index} журнала относится не к этому документу.",
    "envelope-in-log": "Запись {index} журнала удостоверяет байты конверта {envelope}.",
    "envelope-not-the-logged": "Байты конверта {envelope} — не те, что удостоверяет журнал.",
    "envelope-not-in-log": "Ни одна запись не удостоверяет байты конверта {envelope}.",
    "release-not-in-log": "В журнале {exporter} не показано, что документ был выпущен или принят.",
    "number-not-in-log": "Нет записи о поступлении ведомости передачи {position}.",
    "number-not-the-logged": "Номер, который подписал {by}, не тот, о котором сообщает запись {index}.",
    "receipt-not-in-log": "Нет записи о поступлении квитанции {by} на конверт {envelope}.",
    # witness
    "quorum-met": "Журнал видело достаточно свидетелей (нужно {needed}): его первые {size} записей уже "
    "нельзя "
    "незаметно переписать. Заверили: {witnesses}.",
    "quorum-missing": "Контрольную точку из {size} записей заверило слишком мало свидетелей: нужно {needed}; "
    "заверили: {witnesses}.",
    # time
    "timestamp": "{by} поставил отметку времени {at}: контрольная точка из {size} записей уже была.",
    # pin
    "pin-in-force": "{agency} был закреплён карточкой {fingerprint}… с {since} (запись {index}, {who}); "
    "подписано её ключами. Опорные ключи знают эту карточку.",
    "pin-in-force-other-card": "{agency} был закреплён карточкой {fingerprint}… с {since} (запись {index}, "
    "{who}); подписано её ключами. Эти ключи известны по другой карточке.",
    "key-not-pinned": "{agency} подписал ключом или набором алгоритмов, который тогда не был закреплён "
    "(карточка {fingerprint}…).",
    "key-given-up-before": "Ключ агентства {agency}, которым здесь подписано (запись {index}), {at} "
    "признан скомпрометированным; ни кворум свидетелей, ни отметка времени не показывают, что "
    "подписанное было раньше.",
    "pin-not-shown": "Нет записи о том, как был закреплён {agency}, когда принята его подпись.",
    "card-not-shown": "Карточки {fingerprint}… агентства {agency}, закреплённой тогда, нет в пакете.",
    "card-false": "Карточка {agency} в пакете не выдержала проверки.",
    "authority-valid": "Удостоверяющий центр TLS {agency} действовал {at} (с {first} по {last}).",
    "authority-not-valid": "Удостоверяющий центр TLS {agency} не действовал {at} (с {first} по {last}); "
    "документы он не подписывает.",
    "trust-as-of": (
        "Когда внесена запись {index}, {agency} пользовался доверием по снимку {trust}…: карточка"
        " {fingerprint}…, закреплена {since} ({who}); подписали её ключи её набором."
    ),
    "trust-not-shown": (
        "То, на чём держалось доверие к {agency} (снимок {trust}…, запись {index}), есть в пакете"
        " не полностью."
    ),
    "trust-false": (
        "То, что пакет выдаёт за доверие к {agency} (снимок {trust}…, запись {index}), противоречит себе."
    ),
    "statement-shown": (
        "Справочник показывал тогда закреплённую карточку {agency}: его запись от {since}, годна до {until}, "
        "подписана ключами этой карточки (запись {index})."
    ),
    "statement-false": (
        "Запись справочника, будто бы показавшая карточку {agency} (запись {index}), её не показывает."
    ),
    "statement-out-of-date": (
        "Запись справочника с карточкой {agency} была годна до {until}; к записи {index} действовало "
        "только закрепление."
    ),
    "certificate-not-recorded": (
        "Ни одна запись не называет сертификат TLS соединения, по которому пришли подписи {agency}."
    ),
    "certificate-not-shown": (
        "Сертификата TLS соединения, по которому пришла подпись {agency} (запись {index}), нет в пакете."
    ),
    "certificate-of-another": (
        "Сертификат TLS {serial} соединения (запись {index}) выдан не тем центром, который был "
        "закреплён за {agency}."
    ),
    "certificate-out-of-date": (
        "Сертификат TLS {serial} агентства {agency} не действовал {at} (запись {index})."
    ),
    "certificate-good": (
        "Сертификат TLS {serial} агентства {agency} действовал и не был отозван {at}: так говорит"
        " ответ об отзыве, имевшийся тогда (запись {index})."
    ),
    "certificate-was-revoked": (
        "Сертификат TLS {serial} агентства {agency} был отозван уже {at}, но принят (запись {index})."
    ),
    "certificate-unchecked": (
        "Сертификат TLS {serial} агентства {agency} действовал {at}; свежего ответа об его отзыве"
        " тогда не было (запись {index})."
    ),
    "revocation-answer-false": (
        "Ответ об отзыве сертификата TLS {serial} агентства {agency} дан не его центром (запись {index})."
    ),
    # erased
    "erasure-in-log": "Запись {index} доказывает, что {who} произвёл стирание {at}.",
    "envelope-erased": "Конверт {envelope} (версия {version}) стёрт.",
    "entry-erased": "Содержание записи {index} стёрто; то, что запись есть в журнале, доказано.",
    # limit
    "attachments": "Вложений конверта {envelope}, которых нет в пакете: {count}; их дайджесты подписаны.",
    "timestamp-no-roots": "Среди опорных нет корня для отметок времени; отметка на {size} записей не "
    "проверена.",
    "key-given-up-later": "Ключ агентства {agency}, которым здесь подписано (запись {index}), {at} "
    "признан скомпрометированным; подписанное уже было в журнале {before}. С какого времени ключ был у "
    "других, сказать нельзя.",
    "no-timestamp": "Внешней отметки времени нет; остаются времена свидетелей.",
    "no-quorum-asked": "Опорные ключи не требуют свидетелей: не переписал ли {exporter} свой журнал, "
    "не проверено.",
    "revocation": "Не был ли ключ или сертификат отозван на тот момент, не проверено: "
    "ответов об этом в пакете нет.",
    "completeness": "Не опустил ли {exporter} другие записи о документе, из одного пакета не видно; "
    "это показывает `hub log verify` и весь журнал.",
    "other-logs": "Журналы других агентств не рассматривались.",
    "claimed-times": "Время, которое сторона указывает о своих действиях, — её утверждение; "
    "свидетели и отметки времени доказывают лишь, что не позже.",
}

LABELS: Final[Mapping[str, str]] = {
    "title": "Доказательства по документу {record_id}",
    "proven": "ДОКАЗАНО",
    "disproven": "ОПРОВЕРГНУТО",
    "incomplete": "НЕПОЛНО",
    "proven-means": "Всё, что пакет утверждает и что можно проверить, подтверждено.",
    "disproven-means": "Хотя бы одно утверждение пакета ложно. Полагаться на него нельзя.",
    "incomplete-means": "Ложного в нём нет, но недостаёт того, что нужно для доказательства.",
    "record": "Документ",
    "originator": "Составитель",
    "exporter": "Пакет составил",
    "exported": "Пакет составлен",
    "mode": "Показаны",
    "mode-full": "содержание и записи журнала",
    "mode-commitments": "дайджесты и записи журнала, без содержания",
    "bundle-digest": "SHA-256 пакета",
    "anchors-digest": "SHA-256 опорных ключей",
    "anchors-note": "Сверьте дайджест опорных ключей с тем, что дал вам тот, кому вы доверяете: "
    "учитывались только эти ключи.",
    "topic-bundle": "Пакет",
    "topic-content": "Что было отправлено",
    "topic-approval": "Кто решил",
    "topic-receipt": "Кто получил",
    "topic-log": "Журнал",
    "topic-witness": "Свидетели журнала",
    "topic-time": "Отметки времени",
    "topic-pin": "Ключи и сертификаты на тот момент",
    "topic-erased": "Что стёрто",
    "topic-limit": "Что не удалось проверить",
    "standing-proven": "доказано",
    "standing-disproven": "ЛОЖНО",
    "standing-not-shown": "не показано",
    "standing-erased": "стёрто",
    "standing-not-checked": "не проверено",
    "life": "Жизнь документа по журналу {exporter}",
    "signatures": "Подписи, выдержавшие проверку",
    "times": "Времена и кто их указывает",
    "content": "Содержание версии {version}: {kind}, {action}",
    "entry": "запись",
    "when": "когда",
    "what": "что",
    "who": "кто",
    "why": "указанная причина",
    "confirmed": "не позже",
    "by": "кем",
    "over": "что подписано",
    "algorithms": "алгоритмы",
    "claim-created": "указывает, что создал конверт документа",
    "claim-approved": "указан как утвердивший",
    "claim-receipt": "указывает время квитанции",
    "cosigned": "заверил журнал",
    "time-stamp": "поставил отметку времени на журнал",
    "nothing": "–",
}

#: Codes as people read them; what is missing reads well enough as it is.
CODES: Final[Mapping[str, str]] = {
    "accepted": "принят",
    "delivered": "доставлен",
    "opened": "открыт",
    "actioned": "исполнен",
    "refused": "отклонён",
    "waiting": "ожидает",
    "dead": "оставлен",
    "record": "документ",
    "consent": "согласие",
    "number": "номер",
    "bundle": "пакет",
    "checkpoint": "контрольная точка",
    "cosignature": "заверение свидетеля",
    "receipt": "квитанция",
    "drafted": "составлен проект",
    "revised": "проект изменён",
    "discarded": "проект отменён",
    "rejected": "проект возвращён",
    "released": "выпущен",
    "disclosed": "раскрыт системе участника",
    "passed-on": "передан дальше с согласия составителя",
    "answered": "дан ответ",
    "attached": "вложение",
    "admitted": "принят от партнёра",
    "carried": "взят на передачу",
    "held": "задержан",
    "withheld": "не выдан",
    "resumed": "возобновлён",
    "died": "оставлен",
    "parcel": "посылка",
    "document": "документ",
    "receipt-kept": "квитанция партнёра сохранена",
    "laid-out": "выложено для партнёра",
    "collected": "забрано партнёром",
    "receipt-verified": "квитанция проверена",
    "receipt-issued": "квитанция вручена",
    "consulted": "прочитан",
    "erasure-proposed": "предложено стереть",
    "check-answered": "дан ответ на вопрос проверки",
    "approved": "утверждено, нужны ещё",
    "officer-key": "ключ сотрудника зарегистрирован или отозван",
    "approval": "утверждение",
    "label-lowered": "гриф понижен",
    "torn": "составлено с пропусками",
    "tear-outdated": "подлежит составлению заново",
    "tear-stands": "остаётся в силе, хотя основная запись исправлена",
    "erased": "стёрт",
    "partner-changed": "партнёр закреплён или изменён",
    "exported": "выданы доказательства",
}
