"""Findings as sentences for people, in Kazakh, Russian or English."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from hub.evidence import (
    words_en,
    words_kk,
    words_parcels_en,
    words_parcels_kk,
    words_parcels_ru,
    words_ru,
)
from hub.evidence.findings import Finding


class Language(Enum):
    """A language in which evidence is told."""

    KK = "kk"
    RU = "ru"
    EN = "en"


_SENTENCES: Final = {
    Language.EN: {**words_en.SENTENCES, **words_parcels_en.SENTENCES},
    Language.RU: {**words_ru.SENTENCES, **words_parcels_ru.SENTENCES},
    Language.KK: {**words_kk.SENTENCES, **words_parcels_kk.SENTENCES},
}
_CODES: Final = {
    Language.EN: words_en.CODES,
    Language.RU: words_ru.CODES,
    Language.KK: words_kk.CODES,
}
_LABELS: Final = {
    Language.EN: words_en.LABELS,
    Language.RU: words_ru.LABELS,
    Language.KK: words_kk.LABELS,
}


def sentence(finding: Finding, language: Language = Language.EN) -> str:
    """Return a finding as one sentence. What fills it is the bundle's own words, as they came."""
    about = {**finding.about, "code": finding.code or ""}
    about |= {name: word(about[name], language) for name in ("state", "status") if name in about}
    return sentence_of(language, finding.key).format_map(about)


def sentence_of(language: Language, key: str) -> str:
    """Return the sentence of a key, with the names of what fills it."""
    return _SENTENCES[language][key]


def word(code: str, language: Language) -> str:
    """Return an act, a status or a sort of signature in words; `receipt: opened` has two."""
    return ": ".join(_CODES[language].get(part, part) for part in code.split(": "))


def labels(language: Language) -> Mapping[str, str]:
    """Return the fixed words of a report."""
    return _LABELS[language]


def keys(language: Language) -> frozenset[str]:
    """Return the keys that a language has a sentence for."""
    return frozenset(_SENTENCES[language])
