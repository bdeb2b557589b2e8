"""The sentences of evidence in Kazakh."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SENTENCES: Final[Mapping[str, str]] = {
    # bundle
    "exporter-signed": "{exporter} бүкіл топтаманы қол қойып растады ({algorithms}), күні: {at}.",
    "exporter-unknown": "Тірек кілттерде топтаманы жасаған {exporter} жоқ; онда ештеңе тексерілмеді.",
    "exporter-key-unknown": "Топтамаға {exporter} тірек кілттерінің арасында жоқ кілтпен қол қойылған; "
    "онда ештеңе тексерілмеді.",
    "exporter-signature-false": "Топтама — {exporter} қол қойған нәрсе емес ({code}). Қалғаны қаралған жоқ.",
    # content
    "envelope-signed": "{by} {version}-нұсқаға {recipients} үшін қол қойды ({algorithms}); хатқалта "
    "{envelope}.",
    "passed-signed": "{envelope} хатқалтасында: {by} {record} жазбасының {of}-нұсқасына қол қойды "
    "({algorithms}).",
    "consent-signed": "{envelope} хатқалтасында: {by} {record} келісімінің {of}-нұсқасына қол қойды "
    "({algorithms}).",
    "passed-false": "{envelope} хатқалтасымен ({version}-нұсқа) берілген нәрсе тексеруден өтпеді ({code}).",
    "passed-unknown-key": "{envelope} хатқалтасымен ({version}-нұсқа) берілгенді тексеру мүмкін болмады "
    "({code}): қажетті тірек кілт жоқ.",
    "envelope-false": "{envelope} хатқалтасы ({version}-нұсқа) тексеруден өтпеді ({code}).",
    "envelope-unknown-key": "{envelope} хатқалтасын ({version}-нұсқа) тексеру мүмкін болмады ({code}): "
    "қажетті тірек кілт жоқ.",
    "content-withheld": "{envelope} хатқалтасының ({version}-нұсқа) мазмұны ашылмаған; "
    "оған кім қол қойғаны тексерілмеді.",
    "content-key-not-kept": "{envelope} хатқалтасының ({version}-нұсқа) кілті сақталмаған; "
    "оған кім қол қойғаны тексерілмеді.",
    "envelope-not-kept": "{envelope} хатқалтасы {version}-нұсқаны қайта әкелді; тек оның дайджесі сақталған.",
    "envelope-left-out": "Журналда {envelope} хатқалтасы туралы айтылған, ол топтамада жоқ.",
    "content-in-log": "Тек мүшелерге жіберілген {version}-нұсқаның мазмұны — шығарылғанның дәл өзі.",
    "content-not-the-logged": "{version}-нұсқаның мазмұны — шығарылған мазмұн емес.",
    "content-not-in-log": "Мазмұны қоса берілген {version}-нұсқаның шығарылғаны туралы жазба жоқ.",
    "content-not-shown": "Тек мүшелерге жіберілген {version}-нұсқаның мазмұны көрсетілмеген.",
    "number-signed": "{by} {at} қол қойды: {envelope} хатқалтасының {to} үшін жіберілгендердің бәріндегі "
    "нөмірі — {count} ({index}-жазба).",
    "number-false": "Хатқалталар нөмірленген {position}-тапсыру тізімдемесі тексеруден өтпеді ({code}).",
    "number-unknown-key": "Хатқалталар нөмірленген {position}-тапсыру тізімдемесін тексеру мүмкін болмады "
    "({code}).",
    "number-left-out": "{index}-жазбада хатқалтасының нөмірі бар, топтамада жоқ тапсыру тізімдемесі аталған.",
    # approval
    "approval-signed": "{originator} {version}-нұсқаны {who} бекіткенін қол қойып растады: {at}.",
    "released-by-second": "{authors} жазған {version}-нұсқаны {who} шығарды ({index}-жазба).",
    "released-by-rule": "{version}-нұсқа келісім ережесі бойынша шығарылды: {who} ({index}-жазба).",
    "released-by-author": "{who} {version}-нұсқаны өзі жазып, өзі шығарған ({index}-жазба).",
    "author-not-shown": "{who} шығарған {version}-нұсқаны кім жазғаны туралы жазба жоқ.",
    "approval-not-the-logged": "{envelope} хатқалтасындағы қол қойылған бекіту журналдағы шығаруға сәйкес "
    "емес "
    "({index}-жазба).",
    "approval-by-own-key": "{who} {version}-нұсқаны бекітуге өз кілтімен ({kid}) қол қойды: {envelope} "
    "хатқалтасын алушылар үшін.",
    "approval-key-registered": "{kid} кілті {version}-нұсқа шығарылғанға дейін {who} атына тіркелген "
    "({index}-жазба).",
    "approval-key-not-shown": "{version}-нұсқаға {who} атынан қол қойылған {kid} кілтінің тіркелгені туралы "
    "жазба жоқ.",
    "approval-key-of-another": "{version}-нұсқаға {who} атынан қол қойылған {kid} кілті басқа біреуге "
    "тіркелген ({index}-жазба).",
    "approval-key-revoked": "{who} қол қойған {kid} кілті {version}-нұсқа шығарылғанға дейін жойылған "
    "({index}-жазба).",
    # receipt
    "receipt-signed": "{by} {at} қол қойды ({algorithms}): {envelope} хатқалтасы — {status}{reason}.",
    "receipt-signed-for-member": "{by} {at} қол қойды ({algorithms}): {envelope} хатқалтасы — {status}, "
    "мүшесі: {member}.",
    "receipt-false": "{number}-түбіртек тексеруден өтпеді ({code}).",
    "receipt-unknown-key": "{number}-түбіртекті тексеру мүмкін болмады ({code}): қажетті тірек кілт жоқ.",
    "receipt-left-out": "{index}-жазбада топтамада жоқ түбіртек туралы айтылған.",
    "no-receipts": "Түбіртек жоқ: жазбаны біреудің алғаны көрсетілмеген.",
    "delivery-in-log": "{member} мүшесі {version}-нұсқа туралы хабарлады: {state} ({index}-жазба).",
    "delivery-not-in-log": "{member} мүшесінің {version}-нұсқа туралы хабарлағаны ({state}) жазбаларда жоқ.",
    "delivery-waits": "{version}-нұсқа {member} мүшесін күтуде: бұл тек топтаманы жасаушының сөзі.",
    # log
    "log-of-another": "Жазбалар {origin} журналынан; бұл {exporter} журналы емес.",
    "log-keys-compromised": (
        "Журналдың {size} жазбасына қол қойған кілттер әшкере болған деп танылды, ал оны басқа ештеңе "
        "растамайды: басқа кілттермен қойылған кейінгі бақылау нүктесі де, куәлер кворумы да жоқ."
    ),
    "log-keys-unknown": "Тірек кілттерде {exporter} журналының кілті жоқ; бірде-бір жазба тексерілмеді.",
    "no-entries": "Топтамада {exporter} журналының бірде-бір жазбасы көрсетілмеген.",
    "checkpoint-signed": "{origin} {size} жазбадан тұратын бақылау нүктесіне қол қойды (Ed25519 + "
    "ML-DSA-44).",
    "checkpoint-false": "{number}-бақылау нүктесі тексеруден өтпеді ({code}).",
    "checkpoints-consistent": "{count} бақылау нүктесі тек өскен бір журналға жатады.",
    "entries-included": "{origin} журналында {count} жазба бар ({first}–{last}), дәл көрсетілгендей.",
    "entry-false": "Топтаманың {number}-жазбасы тексеруден өтпеді ({code}).",
    "entry-of-another": "Журналдың {index}-жазбасы бұл құжатқа қатысты емес.",
    "envelope-in-log": "Журналдың {index}-жазбасы {envelope} хатқалтасының байттарын куәландырады.",
    "envelope-not-the-logged": "{envelope} хатқалтасының байттары журнал куәландырған байттар емес.",
    "envelope-not-in-log": "{envelope} хатқалтасының байттарын ешбір жазба куәландырмайды.",
    "release-not-in-log": "{exporter} журналында құжаттың шығарылғаны немесе қабылданғаны көрсетілмеген.",
    "number-not-in-log": "{position}-тапсыру тізімдемесінің келгені туралы жазба жоқ.",
    "number-not-the-logged": "{by} қол қойған нөмір {index}-жазбада айтылған нөмір емес.",
    "receipt-not-in-log": "{envelope} хатқалтасына {by} түбіртегінің келгені туралы жазба жоқ.",
    # witness
    "quorum-met": "Журналды жеткілікті куәгер көрді (қажеті {needed}): алғашқы {size} жазбаны енді "
    "білдіртпей қайта жазу "
    "мүмкін емес. Растағандар: {witnesses}.",
    "quorum-missing": "{size} жазбадан тұратын бақылау нүктесін тым аз куәгер растады: қажеті {needed}; "
    "растағандар: {witnesses}.",
    # time
    "timestamp": "{by} {at} уақыт белгісін қойды: {size} жазбадан тұратын бақылау нүктесі сонда болған.",
    # pin
    "pin-in-force": "{agency} {since} бастап {fingerprint}… картасымен бекітілген ({index}-жазба, {who}); "
    "оның кілттерімен қол қойылған. Тірек кілттер бұл картаны біледі.",
    "pin-in-force-other-card": "{agency} {since} бастап {fingerprint}… картасымен бекітілген ({index}-жазба, "
    "{who}); оның кілттерімен қол қойылған. Бұл кілттер басқа картадан белгілі.",
    "key-not-pinned": "{agency} сол кезде бекітілмеген кілтпен немесе алгоритмдер жиынымен қол қойған "
    "({fingerprint}… картасы).",
    "pin-not-shown": "{agency} қолтаңбасы қабылданғанда оның қалай бекітілгені туралы жазба жоқ.",
    "card-not-shown": "Сол кезде бекітілген {agency} картасы {fingerprint}… топтамада жоқ.",
    "card-false": "Топтамадағы {agency} картасы тексеруден өтпеді.",
    "authority-valid": "{agency} TLS куәландыру орталығы {at} жарамды болған ({first} – {last}).",
    "authority-not-valid": "{agency} TLS куәландыру орталығы {at} жарамсыз болған ({first} – {last}); "
    "ол құжаттарға қол қоймайды.",
    "trust-as-of": (
        "{index}-жазба жасалғанда {agency} {trust}… суреті бойынша сенімді болған: {fingerprint}…"
        " картасы, {since} бекітілген ({who}); оның кілттері өз жиынымен қол қойған."
    ),
    "trust-not-shown": (
        "{agency} сенімі неге сүйенгені ({trust}… суреті, {index}-жазба) топтамада толық емес."
    ),
    "trust-false": "Топтама {agency} сенімі деп беретін нәрсе ({trust}… суреті, {index}-жазба) өзіне қайшы.",
    "statement-shown": (
        "Анықтамалық сол кезде {agency} бекітілген картасын көрсеткен: {since} жазбасы, {until} дейін "
        "жарамды, осы картаның кілттерімен қол қойылған ({index}-жазба)."
    ),
    "statement-false": (
        "{agency} картасын көрсетті делінген анықтамалық жазбасы ({index}-жазба) оны көрсетпейді."
    ),
    "statement-out-of-date": (
        "{agency} картасы бар анықтамалық жазбасы {until} дейін жарамды болған; {index}-жазба кезінде тек "
        "бекіту күшінде болған."
    ),
    "certificate-not-recorded": (
        "{agency} қолтаңбалары келген байланыстың TLS сертификатын бірде-бір жазба атамайды."
    ),
    "certificate-not-shown": (
        "{agency} қолтаңбасы келген байланыстың TLS сертификаты ({index}-жазба) топтамада жоқ."
    ),
    "certificate-of-another": (
        "Байланыстың {serial} TLS сертификатын ({index}-жазба) {agency} үшін бекітілген орталық бермеген."
    ),
    "certificate-out-of-date": "{agency} {serial} TLS сертификаты {at} жарамсыз болған ({index}-жазба).",
    "certificate-good": (
        "{agency} {serial} TLS сертификаты {at} жарамды болған және қайтарып алынбаған: сол "
        "кездегі жауап солай дейді ({index}-жазба)."
    ),
    "certificate-was-revoked": (
        "{agency} {serial} TLS сертификаты {at} қайтарып алынған еді, бірақ қабылданған ({index}-жазба)."
    ),
    "certificate-unchecked": (
        "{agency} {serial} TLS сертификаты {at} жарамды болған; сол кезде оның қайтарып алынуы "
        "туралы жаңа жауап болмаған ({index}-жазба)."
    ),
    "revocation-answer-false": (
        "{agency} {serial} TLS сертификаты туралы жауапты оның орталығы бермеген ({index}-жазба)."
    ),
    # erased
    "erasure-in-log": "{index}-жазба {who} {at} өшіргенін дәлелдейді.",
    "envelope-erased": "{envelope} хатқалтасы ({version}-нұсқа) өшірілген.",
    "entry-erased": "{index}-жазбаның мазмұны өшірілген; жазбаның журналда бар екені дәлелденген.",
    # limit
    "attachments": "{envelope} хатқалтасының {count} қосымшасы топтамада жоқ; олардың дайджестеріне қол "
    "қойылған.",
    "timestamp-no-roots": "Тірек кілттерде уақыт белгісінің түбірі жоқ; {size} жазбаға қойылған белгі "
    "тексерілмеді.",
    "no-timestamp": "Сырттан қойылған уақыт белгісі жоқ; куәгерлердің уақыттары қалады.",
    "no-quorum-asked": "Тірек кілттер куәгерлерді талап етпейді: {exporter} өз журналын қайта "
    "жазған-жазбағаны "
    "тексерілмеді.",
    "revocation": "Кілттің не сертификаттың сол кезде қайтарып алынған-алынбағаны тексерілмеді: "
    "топтамада ол туралы жауап жоқ.",
    "completeness": "{exporter} құжат туралы басқа жазбаларды қалдырып кеткен-кетпегені бір топтамадан "
    "көрінбейді; "
    "оны `hub log verify` және бүкіл журнал көрсетеді.",
    "other-logs": "Басқа агенттіктердің журналдары қаралмады.",
    "claimed-times": "Тараптың өз әрекеттері туралы көрсеткен уақыты — оның мәлімдемесі; "
    "куәгерлер мен уақыт белгілері тек «одан кеш емес» екенін дәлелдейді.",
}

LABELS: Final[Mapping[str, str]] = {
    "title": "{record_id} құжаты бойынша дәлелдемелер",
    "proven": "ДӘЛЕЛДЕНДІ",
    "disproven": "ТЕРІСКЕ ШЫҒАРЫЛДЫ",
    "incomplete": "ТОЛЫҚ ЕМЕС",
    "proven-means": "Топтама мәлімдеген және тексеруге болатын нәрсенің бәрі расталды.",
    "disproven-means": "Топтаманың кемінде бір мәлімдемесі жалған. Оған сүйенуге болмайды.",
    "incomplete-means": "Онда жалған ештеңе жоқ, бірақ дәлелдеуге қажетті нәрсе жетіспейді.",
    "record": "Құжат",
    "originator": "Құжатты жасаған",
    "exporter": "Топтаманы жасаған",
    "exported": "Топтама жасалған күн",
    "mode": "Көрсетілгені",
    "mode-full": "мазмұн және журнал жазбалары",
    "mode-commitments": "дайджестер мен журнал жазбалары, мазмұнсыз",
    "bundle-digest": "Топтаманың SHA-256 дайджесі",
    "anchors-digest": "Тірек кілттердің SHA-256 дайджесі",
    "anchors-note": "Тірек кілттердің дайджесін сіз сенетін адам берген дайджеспен салыстырыңыз: "
    "тек осы кілттер ескерілді.",
    "topic-bundle": "Топтама",
    "topic-content": "Не жіберілді",
    "topic-approval": "Кім шешті",
    "topic-receipt": "Кім алды",
    "topic-log": "Журнал",
    "topic-witness": "Журнал куәгерлері",
    "topic-time": "Уақыт белгілері",
    "topic-pin": "Сол кездегі кілттер мен сертификаттар",
    "topic-erased": "Не өшірілді",
    "topic-limit": "Нені тексеру мүмкін болмады",
    "standing-proven": "дәлелденді",
    "standing-disproven": "ЖАЛҒАН",
    "standing-not-shown": "көрсетілмеген",
    "standing-erased": "өшірілген",
    "standing-not-checked": "тексерілмеді",
    "life": "{exporter} журналы бойынша құжаттың өмірі",
    "signatures": "Тексеруден өткен қолтаңбалар",
    "times": "Уақыттар және оларды кім көрсеткен",
    "content": "{version}-нұсқаның мазмұны: {kind}, {action}",
    "entry": "жазба",
    "when": "қашан",
    "what": "не",
    "who": "кім",
    "why": "көрсетілген себеп",
    "confirmed": "бұдан кеш емес",
    "by": "кім",
    "over": "неге қол қойылды",
    "algorithms": "алгоритмдер",
    "claim-created": "құжат хатқалтасын жасағанын мәлімдейді",
    "claim-approved": "бекіткен деп көрсетілген",
    "claim-receipt": "түбіртек уақытын мәлімдейді",
    "cosigned": "журналды растады",
    "time-stamp": "журналға уақыт белгісін қойды",
    "nothing": "–",
}

#: Codes as people read them; what is missing reads well enough as it is.
CODES: Final[Mapping[str, str]] = {
    "accepted": "қабылданды",
    "delivered": "жеткізілді",
    "opened": "ашылды",
    "actioned": "орындалды",
    "refused": "қабылданбады",
    "waiting": "күтуде",
    "dead": "тоқтатылды",
    "record": "құжат",
    "consent": "келісім",
    "number": "нөмір",
    "bundle": "топтама",
    "checkpoint": "бақылау нүктесі",
    "cosignature": "куәгер растауы",
    "receipt": "түбіртек",
    "drafted": "жобасы жасалды",
    "revised": "жобасы өзгертілді",
    "discarded": "жобадан бас тартылды",
    "rejected": "жоба қайтарылды",
    "released": "шығарылды",
    "disclosed": "мүше жүйесіне ашылды",
    "passed-on": "жасаған органның келісімімен әрі қарай берілді",
    "answered": "жауап берілді",
    "attached": "қосымша",
    "admitted": "серіктестен қабылданды",
    "carried": "жеткізуге алынды",
    "held": "кідіртілді",
    "withheld": "берілмеді",
    "resumed": "жалғастырылды",
    "died": "тоқтатылды",
    "parcel": "сәлемдеме",
    "document": "құжат",
    "receipt-kept": "серіктес түбіртегі сақталды",
    "laid-out": "серіктеске қойылды",
    "collected": "серіктес алып кетті",
    "receipt-verified": "түбіртек тексерілді",
    "receipt-issued": "түбіртек тапсырылды",
    "consulted": "оқылды",
    "erasure-proposed": "өшіру ұсынылды",
    "check-answered": "тексеру сұрағына жауап берілді",
    "approved": "бекітілді, тағы керек",
    "officer-key": "қызметкер кілті тіркелді не жойылды",
    "approval": "бекіту",
    "label-lowered": "белгі төмендетілді",
    "torn": "бөліктері алынып жасалды",
    "tear-outdated": "қайта жасалуға тиіс",
    "tear-stands": "негізгі жазба түзетілсе де күшінде қалады",
    "erased": "өшірілді",
    "partner-changed": "серіктес бекітілді не өзгертілді",
    "exported": "дәлелдемелер берілді",
}
