"""Pinyin in Cyrillic: the system of Palladius, as a table of beginnings and ends of syllables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

#: Beginnings, longest first: `zh` is looked for before `z`.
_BEGINNINGS: Final = {
    "zh": "чж", "ch": "ч", "sh": "ш", "b": "б", "p": "п", "m": "м", "f": "ф", "d": "д", "t": "т", "n": "н",
    "l": "л", "g": "г", "k": "к", "h": "х", "j": "цз", "q": "ц", "x": "с", "r": "ж", "z": "цз", "c": "ц",
    "s": "с",
}  # fmt: skip
_ENDS: Final = {
    "a": "а", "o": "о", "e": "э", "ai": "ай", "ei": "эй", "ao": "ао", "ou": "оу", "an": "ань", "en": "энь",
    "ang": "ан", "eng": "эн", "ong": "ун", "i": "и", "ia": "я", "ie": "е", "iao": "яо", "iu": "ю",
    "ian": "янь", "in": "инь", "iang": "ян", "ing": "ин", "iong": "юн", "u": "у", "ua": "уа", "uo": "о",
    "uai": "уай", "ui": "уй", "uan": "уань", "un": "унь", "uang": "уан", "ü": "юй", "üe": "юэ",
    "üan": "юань", "ün": "юнь",
}  # fmt: skip
#: Syllables without a beginning, and those that do not follow their parts.
_WHOLE: Final = {
    "a": "а", "o": "о", "e": "э", "ai": "ай", "ei": "эй", "ao": "ао", "ou": "оу", "an": "ань", "en": "энь",
    "ang": "ан", "eng": "эн", "er": "эр", "yi": "и", "ya": "я", "yo": "йо", "ye": "е", "yai": "яй",
    "yao": "яо", "you": "ю", "yan": "янь", "yin": "инь", "yang": "ян", "ying": "ин", "yong": "юн",
    "yu": "юй", "yue": "юэ", "yuan": "юань", "yun": "юнь", "wu": "у", "wa": "ва", "wo": "во", "wai": "вай",
    "wei": "вэй", "wan": "вань", "wen": "вэнь", "wang": "ван", "weng": "вэн", "hui": "хуэй", "zi": "цзы",
    "ci": "цы", "si": "сы",
}  # fmt: skip
#: After these, `u` is written for `ü`.
_ROUNDED: Final = frozenset("jqx")
_VOWELS: Final = "аоэиуяеёюй"


def syllable(pinyin: str) -> str | None:
    """Return one syllable without its tone in Cyrillic, or None for what is no syllable of the table."""
    if pinyin in _WHOLE:
        return _WHOLE[pinyin]
    for beginning, cyrillic in _BEGINNINGS.items():
        if pinyin.startswith(beginning):
            end = pinyin.removeprefix(beginning)
            if beginning in _ROUNDED and end.startswith("u"):
                end = f"ü{end[1:]}"
            return cyrillic + _ENDS[end] if end in _ENDS else None
    return None


def word(syllables: Sequence[str]) -> str | None:
    """Return a word of several syllables: a hard sign parts a closing н from a vowel (Чанъань)."""
    written = ""
    for each in syllables:
        cyrillic = syllable(each)
        if cyrillic is None:
            return None
        parted = written.endswith("н") and cyrillic[0] in _VOWELS
        written += f"ъ{cyrillic}" if parted else cyrillic
    return written
