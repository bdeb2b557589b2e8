"""The sentences of evidence about partners without a hub, in Kazakh."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SENTENCES: Final[Mapping[str, str]] = {
    # content
    "parcel-stated": "{by} {at} қол қойды ({algorithms}): {parcel} сәлемдемесі — торабы жоқ {agency} үшін "
    "{dialect} пішіміндегі {version}-нұсқа; бекіткен {who}.",
    "parcel-statement-false": "{agency} үшін {parcel} сәлемдемесі туралы мәлімдеме тексеруден өтпеді "
    "({code}).",
    "parcel-statement-unknown-key": "{agency} үшін {parcel} сәлемдемесі туралы мәлімдемені тексеру мүмкін "
    "болмады ({code}): қажетті тірек кілт жоқ.",
    "parcel-statement-not-shown": "{agency} үшін {parcel} сәлемдемесі туралы мәлімдеме топтамада жоқ.",
    "parcel-false": "{parcel} сәлемдемесінің байттары ({agency}, {version}-нұсқа) ол аталған байттар емес.",
    "parcel-withheld": "{parcel} сәлемдемесінің байттары ({agency}, {version}-нұсқа) ашылмаған; ішінде не "
    "бары тексерілмеді.",
    "parcel-not-opened": "{parcel} сәлемдемесін ({agency}, {version}-нұсқа) ашатын кілт сақталмаған: "
    "ішінде осы құжат екені — оны мөрлегеннің сөзі.",
    "parcel-seal-unread": "{parcel} сәлемдемесінің мөрі ({agency}, {version}-нұсқа) мұнда белгісіз түрде; "
    "ішінде не бары тексерілмеді.",
    "parcel-document-false": "{parcel} сәлемдемесінде {agency} үшін құжат басқа ({code}).",
    "parcel-opens": "{parcel} сәлемдемесінде мәлімделген {dialect} пішімді {document}… құжаты бар.",
    "parcel-translated": "{parcel} сәлемдемесіндегі құжат — {dialect} пішімі {version}-нұсқадан жасайтын "
    "нәрсе: мұнда қайта жасалғаны байтына дейін сәйкес келді.",
    "parcel-left-out": "{index}-жазба топтамада жоқ {parcel} сәлемдемесі туралы айтады.",
    "parcel-signed": "{version}-нұсқаны әкелген {parcel} сәлемдемесіндегі құжатқа {agency} қол қойған "
    "({subject}).",
    "parcel-signature-false": "{parcel} сәлемдемесінің ішіндегіге {agency} қойған қол тексеруден өтпеді "
    "({code}).",
    "parcel-signature-unknown-key": "{parcel} сәлемдемесінің ішіндегіге {agency} қойған қолды тексеру "
    "мүмкін болмады ({code}): тірек кілттерде оның сол кездегі сертификаты жоқ.",
    "record-of-document": "{version}-нұсқа — {parcel} сәлемдемесіндегі {agency} құжаты айтатын нәрсе: "
    "мұнда қайта оқылғанда сол құжаттың өзі шықты.",
    # limit
    "parcel-not-translated": "{dialect} пішімі {version}-нұсқадан дәл {parcel} сәлемдемесінің құжатын "
    "жасай ма, тексерілмеді: мұнда мазмұн жоқ немесе басқа құжат шығады.",
    "parcel-unsigned": "{parcel} сәлемдемесіне ешкім қол қоймаған: оның {agency} жібергені — ол жатқан "
    "жерге жаза алғанның және топтаманы жасаушының сөзі ({index}-жазба).",
    "parcel-signature-unchecked": "{agency} жіберген {parcel} сәлемдемесінің ішіндегі {form} қолтаңбасы "
    "тексерілмеді.",
    "record-not-read-again": "{parcel} сәлемдемесіндегі {agency} құжаты {version}-нұсқадағыны айта ма, "
    "тексерілмеді: мұнда ол басқаша оқылады не оқылмайды.",
    "parcel-approval-unsigned": "{who} {version}-нұсқаны өз кілтінсіз бекіткен: мұны журнал мен "
    "жасаушының мәлімдемесі айтады ({index}-жазба).",
    "parcel-receipt-unsigned": "{parcel} сәлемдемесі туралы {number}-түбіртекке ({status}{reason}) ешкім "
    "қол қоймаған: бұл — {agency} түбіртек қалдыратын жерге жаза алғанның сөзі.",
    # approval
    "losses-released": "{who} {version}-нұсқаны {agency} үшін осы шығындар есебімен шығарды "
    "({index}-жазба). Жоғалғаны: {lost}. Біздің кеңейтімді білетіндерге ғана көрінетіні: {aside}.",
    "losses-not-the-released": "{version}-нұсқаның шығындар есебі — шығарғанда аталғаны емес "
    "({index}-жазба).",
    "losses-not-shown": "{version}-нұсқаның серіктестер пішімдеріндегі шығындары толық көрсетілмеген "
    "({index}-жазба).",
    "losses-approved": "{who} қол қойғанының ішінде {version}-нұсқа шығарылған шығындар есебі бар "
    "({index}-жазба).",
    "parcel-approved": "{who} {at} {version}-нұсқаны {recipients} үшін бекітуге өз кілтімен қол қойды "
    "({kid}).",
    "parcel-approval-false": "{version}-нұсқаны {recipients} үшін бекіту ({who}) тексеруден өтпеді.",
    "parcel-approval-not-the-logged": "{version}-нұсқаны торабы жоқ серіктестер үшін бекітулер оның "
    "шығарылуына сәйкес емес ({index}-жазба).",
    "parcel-approval-not-shown": "{version}-нұсқаны торабы жоқ серіктестер үшін кім бекіткені "
    "көрсетілмеген ({index}-жазба).",
    "parcel-answers-not-shown": "{who} {version}-нұсқаны бекітер алдында не жауап беріп, не оқығаны "
    "көрсетілмеген.",
    # receipt
    "parcel-carried": "{version}-нұсқасы бар {parcel} сәлемдемесі {agency} үшін {via} арқылы берілді: "
    "{at} ({index}-жазба).",
    "parcel-not-carried": "{parcel} сәлемдемесінің {agency} үшін берілгені туралы жазба жоқ.",
    "parcel-carried-elsewhere": "{index}-жазба {parcel} сәлемдемесі {agency} емес, басқаға берілгенін "
    "айтады.",
    "parcel-receipt-signed": "{agency} қол қойды ({form}, {subject}): {parcel} сәлемдемесі — "
    "{status}{reason}, дәл осы байттар; түбіртегі {at} осында болған ({index}-жазба).",
    "parcel-receipt-not-tied": "{agency} қол қойды ({form}, {subject}): {parcel} сәлемдемесі — {status}; "
    "түбіртектің дәл осы байттар туралы екені көрсетілмеген ({index}-жазба).",
    "parcel-receipt-in-log": "{agency} түбіртек қалдыратын жерде {parcel} сәлемдемесі туралы жатқан нәрсе "
    "({status}{reason}) {at} сақталған ({index}-жазба).",
    "parcel-receipt-false": "{agency} берген {parcel} сәлемдемесі туралы {number}-түбіртек тексеруден "
    "өтпеді ({code}).",
    "parcel-receipt-unknown-key": "{agency} берген {parcel} сәлемдемесі туралы {number}-түбіртекті "
    "тексеру мүмкін болмады ({code}): тірек кілттерде оның сол кездегі сертификаты жоқ.",
    "parcel-receipt-unread": "{agency} берген {parcel} сәлемдемесі туралы {number}-түбіртек мұнда "
    "белгісіз түрде.",
    "parcel-receipt-not-believed": "{agency} берген {parcel} сәлемдемесі туралы {number}-түбіртек басқа "
    "байттар туралы болған, есепке алынбаған ({index}-жазба).",
    "parcel-receipt-left-out": "{index}-жазба {agency} берген {parcel} сәлемдемесі туралы топтамада жоқ "
    "түбіртекті айтады.",
    "no-parcel-receipt": "{parcel} сәлемдемесі туралы түбіртек жоқ: {agency} {version}-нұсқаны алғаны "
    "көрсетілмеген.",
    # log
    "parcel-in-log": "Журналдың {index}-жазбасы {parcel} сәлемдемесінің байттарын куәландырады ({agency}).",
    "parcel-not-in-log": "{parcel} сәлемдемесінің байттарын ({agency}) ешбір жазба куәландырмайды.",
    "parcel-not-the-logged": "{parcel} сәлемдемесі ({agency}) {index}-жазба куәландыратын сәлемдеме емес.",
    "parcel-receipt-not-in-log": "{parcel} сәлемдемесі туралы {number}-түбіртекті ({agency}) ешбір жазба "
    "куәландырмайды.",
    "parcel-receipt-of-another": "{parcel} сәлемдемесі туралы {number}-түбіртек {agency} емес, басқанікі "
    "({index}-жазба).",
    # pin
    "partner-certificate-in-force": "{agency} {since} бастап {fingerprint}… сертификатымен ({subject}) "
    "бекітілген ({pin}-жазба, {who}); {index}-жазба айтатынға сонымен қол қойылған.",
    "partner-certificate-issued": "{agency} серіктесінің {fingerprint}… сертификатын ({subject}) ол үшін "
    "бекітілген орталық берген; {index}-жазба айтатынға сонымен қол қойылған.",
    "partner-pin-not-shown": "{index}-жазбаға дейін {agency} қалай бекітілгені туралы жазба жоқ "
    "({profile}… бейіні).",
    "partner-profile-not-shown": "{index}-жазба кезінде күшінде болған {agency} серіктесінің {profile}… "
    "бейіні топтамада жоқ.",
    "partner-profile-not-read": "{index}-жазба кезінде күшінде болған {agency} серіктесінің {profile}… "
    "бейіні мұнда оқылмайды.",
    # erased
    "parcel-erased": "{parcel} сәлемдемесі ({agency}, {version}-нұсқа) өшірілген; серіктестің жауабы, "
    "өшіру жазбасы айтуынша: {answer}.",
}
