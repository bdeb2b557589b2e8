"""How a name in Chinese characters is read: in pinyin, and from it in the system of Palladius.

A reading is never guessed. Many characters have several: one is taken where another name of the same subject,
in Latin letters, spells one of them, or where every character has one alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from adapters.sco_rats import palladius

_MAX_CHARACTERS: Final = 8
_HAN: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
_LATIN: Final = re.compile(r"[A-Za-zÜü'’ -]+")
#: How passports without ü spell it.
_SPELT: Final = {"lü": ("lv", "lyu"), "nü": ("nv", "nyu"), "lüe": ("lve", "lyue"), "nüe": ("nve", "nyue")}


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One name in two other writings."""

    pinyin: str
    palladius: str


def readings(names: Sequence[Mapping[str, Any]]) -> list[Reading | None]:
    """Return the reading of each name of one subject; None where there is none that is certain."""
    spelt = [name["text"] for name in names if _is(name, _LATIN)]
    return [_reading(name["text"], spelt) if _is(name, _HAN) else None for name in names]


def _is(name: Mapping[str, Any], script: re.Pattern[str]) -> bool:
    text = name.get("text")
    return isinstance(text, str) and script.fullmatch(text) is not None


def _reading(text: str, spelt: Sequence[str]) -> Reading | None:
    if len(text) > _MAX_CHARACTERS:
        return None
    known = [_known(character) for character in text]
    for name in spelt:
        words = re.split(r"[ -]+", name.lower().replace("'", "").replace("’", "").strip(" -"))
        found = next(_spelling(known, words), None)
        if found is not None:
            return _written(found)
    if all(len(sounds) == 1 for sounds in known):
        return _written([[sounds[0]] for sounds in known])
    return None


def _spelling(known: Sequence[Sequence[str]], words: Sequence[str]) -> Iterator[list[list[str]]]:
    """Yield how words in Latin letters spell the characters, as syllables word by word."""
    if not words:
        if not known:
            yield []
        return
    for first in _syllables(known, words[0]):
        for rest in _spelling(known[len(first) :], words[1:]):
            yield [first, *rest]


def _syllables(known: Sequence[Sequence[str]], letters: str) -> Iterator[list[str]]:
    if not letters:
        yield []
        return
    for sound in known[0] if known else ():
        for spelling in (sound, *_SPELT.get(sound, ())):
            if letters.startswith(spelling):
                for rest in _syllables(known[1:], letters[len(spelling) :]):
                    yield [sound, *rest]


def _written(words: Sequence[Sequence[str]]) -> Reading | None:
    cyrillic = [palladius.word(syllables) for syllables in words]
    if None in cyrillic:
        return None
    return Reading(
        pinyin=" ".join(_joined(syllables).capitalize() for syllables in words),
        palladius=" ".join(str(word).capitalize() for word in cyrillic),
    )


def _joined(syllables: Sequence[str]) -> str:
    """Return a word of pinyin: an apostrophe parts a syllable that begins with a vowel (Xi'an)."""
    rest = (f"'{each}" if each[0] in "aeo" else each for each in syllables[1:])
    return "".join([syllables[0], *rest])


@lru_cache(maxsize=4096)
def _known(character: str) -> tuple[str, ...]:
    """Return the sounds of a character without tones, from the dictionary."""
    # Here and not above: the dictionary takes tens of megabytes, and few processes ever read Chinese.
    from pypinyin import Style, pinyin

    found = pinyin(character, style=Style.NORMAL, heteronym=True, v_to_u=True, errors="ignore")
    return tuple(found[0]) if found else ()
