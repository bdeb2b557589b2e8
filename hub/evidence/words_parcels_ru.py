"""The sentences of evidence about partners without a hub, in Russian."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SENTENCES: Final[Mapping[str, str]] = {
    # content
    "parcel-stated": "{by} подписал {at} ({algorithms}): посылка {parcel} — версия {version} для "
    "{agency}, у которого нет узла, в формате {dialect}; утвердил {who}.",
    "parcel-statement-false": "Заявленное о посылке {parcel} для {agency} не выдержало проверки ({code}).",
    "parcel-statement-unknown-key": "Заявленное о посылке {parcel} для {agency} не удалось проверить "
    "({code}): нужного опорного ключа нет.",
    "parcel-statement-not-shown": "Заявленного о посылке {parcel} для {agency} в пакете нет.",
    "parcel-false": "Байты посылки {parcel} ({agency}, версия {version}) — не те, которыми она названа.",
    "parcel-withheld": "Байты посылки {parcel} ({agency}, версия {version}) не раскрыты; что в них, не "
    "проверено.",
    "parcel-not-opened": "То, что открывает посылку {parcel} ({agency}, версия {version}), не сохранено: "
    "что в ней этот документ, — слово того, кто её запечатал.",
    "parcel-seal-unread": "Печать посылки {parcel} ({agency}, версия {version}) здесь неизвестного вида; "
    "что в ней, не проверено.",
    "parcel-document-false": "В посылке {parcel} не тот документ для {agency} ({code}).",
    "parcel-opens": "В посылке {parcel} — заявленный документ {document}… формата {dialect}.",
    "parcel-translated": "Документ в посылке {parcel} — то, что формат {dialect} делает из версии "
    "{version}: составленный здесь заново, он совпал до байта.",
    "parcel-left-out": "Запись {index} сообщает о посылке {parcel}, которой нет в пакете.",
    "parcel-signed": "{agency} подписал документ в посылке {parcel}, принёсшей версию {version} ({subject}).",
    "parcel-signature-false": "Подпись {agency} под содержимым посылки {parcel} не выдержала проверки "
    "({code}).",
    "parcel-signature-unknown-key": "Подпись {agency} под содержимым посылки {parcel} не удалось "
    "проверить ({code}): опорные ключи не содержат его тогдашнего сертификата.",
    "record-of-document": "Версия {version} — то, что говорит документ {agency} в посылке {parcel}: "
    "прочитанный здесь заново, он даёт ту же запись.",
    # limit
    "parcel-not-translated": "Не проверено, делает ли формат {dialect} из версии {version} именно "
    "документ посылки {parcel}: здесь нет содержания, или получается другой документ.",
    "parcel-unsigned": "Посылку {parcel} никто не подписал: что она от {agency}, — слово того, кто мог "
    "писать туда, где она лежала, и составителя пакета (запись {index}).",
    "parcel-signature-unchecked": "Подпись {form} внутри посылки {parcel} от {agency} не проверена.",
    "record-not-read-again": "Не проверено, говорит ли документ {agency} в посылке {parcel} именно то, "
    "что в версии {version}: здесь он читается иначе или не читается.",
    "parcel-approval-unsigned": "{who} утвердил версию {version} без собственного ключа: об этом говорят "
    "журнал и заявление составителя (запись {index}).",
    "parcel-receipt-unsigned": "Квитанцию {number} о посылке {parcel} ({status}{reason}) никто не "
    "подписал: это слово того, кто мог писать туда, где {agency} оставляет квитанции.",
    # approval
    "losses-released": "{who} выпустил версию {version} для {agency} с этим отчётом о потерях (запись "
    "{index}). Утрачено: {lost}. Видно лишь знающим наше расширение: {aside}.",
    "losses-not-the-released": "Отчёт о потерях версии {version} — не тот, который назван при выпуске "
    "(запись {index}).",
    "losses-not-shown": "Потери версии {version} в форматах партнёров показаны не полностью (запись "
    "{index}).",
    "losses-approved": "Подписанное {who} включает отчёт о потерях, с которым выпущена версия {version} "
    "(запись {index}).",
    "parcel-approved": "{who} подписал {at} утверждение версии {version} для {recipients} собственным "
    "ключом ({kid}).",
    "parcel-approval-false": "Утверждение версии {version} ({who}) для {recipients} не выдержало проверки.",
    "parcel-approval-not-the-logged": "Утверждения версии {version} для партнёров без узла не совпадают с "
    "её выпуском (запись {index}).",
    "parcel-approval-not-shown": "Не показано, кто утвердил версию {version} для партнёров без узла "
    "(запись {index}).",
    "parcel-answers-not-shown": "Не показано, что {who} ответил и прочитал перед утверждением версии "
    "{version}.",
    # receipt
    "parcel-carried": "Посылка {parcel} с версией {version} передана для {agency} способом {via}: {at} "
    "(запись {index}).",
    "parcel-not-carried": "Нет записи о передаче посылки {parcel} для {agency}.",
    "parcel-carried-elsewhere": "Запись {index} сообщает о передаче посылки {parcel} не {agency}, а другому.",
    "parcel-receipt-signed": "{agency} подписал ({form}, {subject}): посылка {parcel} — {status}{reason}, "
    "именно эти байты; его квитанция была здесь {at} (запись {index}).",
    "parcel-receipt-not-tied": "{agency} подписал ({form}, {subject}): посылка {parcel} — {status}; что "
    "его квитанция именно об этих байтах, не показано (запись {index}).",
    "parcel-receipt-in-log": "То, что лежало там, где {agency} оставляет квитанции, о посылке {parcel} "
    "({status}{reason}), сохранено {at} (запись {index}).",
    "parcel-receipt-false": "Квитанция {number} от {agency} о посылке {parcel} не выдержала проверки "
    "({code}).",
    "parcel-receipt-unknown-key": "Квитанцию {number} от {agency} о посылке {parcel} не удалось проверить "
    "({code}): опорные ключи не содержат его тогдашнего сертификата.",
    "parcel-receipt-unread": "Квитанция {number} от {agency} о посылке {parcel} здесь неизвестного вида.",
    "parcel-receipt-not-believed": "Квитанция {number} от {agency} о посылке {parcel} была о других "
    "байтах и не засчитана (запись {index}).",
    "parcel-receipt-left-out": "Запись {index} сообщает о квитанции {agency} на посылку {parcel}, которой "
    "нет в пакете.",
    "no-parcel-receipt": "Квитанции о посылке {parcel} нет: не показано, что {agency} получил версию "
    "{version}.",
    # log
    "parcel-in-log": "Запись {index} журнала удостоверяет байты посылки {parcel} ({agency}).",
    "parcel-not-in-log": "Ни одна запись не удостоверяет байты посылки {parcel} ({agency}).",
    "parcel-not-the-logged": "Посылка {parcel} ({agency}) — не та, которую удостоверяет запись {index}.",
    "parcel-receipt-not-in-log": "Ни одна запись не удостоверяет квитанцию {number} о посылке {parcel} "
    "({agency}).",
    "parcel-receipt-of-another": "Квитанция {number} о посылке {parcel} — не от {agency}, а от другого "
    "(запись {index}).",
    # pin
    "partner-certificate-in-force": "{agency} был закреплён сертификатом {fingerprint}… ({subject}) с "
    "{since} (запись {pin}, {who}); им подписано то, о чём говорит запись {index}.",
    "partner-certificate-issued": "Сертификат {fingerprint}… ({subject}) партнёра {agency} выдан центром, "
    "закреплённым за ним; им подписано то, о чём говорит запись {index}.",
    "partner-pin-not-shown": "Нет записи о том, как был закреплён {agency} к записи {index} (профиль "
    "{profile}…).",
    "partner-profile-not-shown": "Профиля {profile}… партнёра {agency}, действовавшего при записи "
    "{index}, в пакете нет.",
    "partner-profile-not-read": "Профиль {profile}… партнёра {agency}, действовавший при записи {index}, "
    "здесь не читается.",
    # erased
    "parcel-erased": "Посылка {parcel} ({agency}, версия {version}) стёрта; ответ партнёра, как его "
    "сообщает стирание: {answer}.",
}
