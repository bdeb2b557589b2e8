"""Names in Chinese characters: read as another name spells them, or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from adapters import registry
from adapters.sco_rats import palladius
from adapters.sco_rats.readings import Reading, readings
from hub.records.kinds import Kind
from hub.records.record import load_record
from hub.records.template import template

DIALECT = registry.make("sco_rats").dialect


def of(*texts: str) -> list[Reading | None]:
    return readings([{"text": text} for text in texts])


@pytest.mark.parametrize(
    ("pinyin", "cyrillic"),
    [
        ("zhi", "чжи"),
        ("chi", "чи"),
        ("ri", "жи"),
        ("zi", "цзы"),
        ("si", "сы"),
        ("ju", "цзюй"),
        ("quan", "цюань"),
        ("xue", "сюэ"),
        ("xiong", "сюн"),
        ("lü", "люй"),
        ("nüe", "нюэ"),
        ("lu", "лу"),
        ("hui", "хуэй"),
        ("gui", "гуй"),
        ("liu", "лю"),
        ("zhuang", "чжуан"),
        ("zhuo", "чжо"),
        ("weng", "вэн"),
        ("er", "эр"),
        ("yan", "янь"),
        ("yang", "ян"),
        ("xian", "сянь"),
        ("xiang", "сян"),
        ("bie", "бе"),
        ("zong", "цзун"),
        ("cui", "цуй"),
        ("ren", "жэнь"),
        ("you", "ю"),
        ("yu", "юй"),
        ("shei", "шэй"),
        ("qu", "цюй"),
        ("hub", None),
        ("v", None),
    ],
)
def test_a_syllable_is_written_after_palladius(pinyin: str, cyrillic: str | None) -> None:
    assert palladius.syllable(pinyin) == cyrillic


def test_a_hard_sign_parts_a_closing_letter_from_a_vowel() -> None:
    assert palladius.word(["chang", "an"]) == "чанъань"
    assert palladius.word(["tian", "an"]) == "тяньань"
    assert palladius.word(["fang", "yuan"]) == "фанъюань"


def test_a_name_is_read_as_its_latin_form_spells_it() -> None:
    han, latin = of("王伟明", "WANG Weiming")
    assert han == Reading(pinyin="Wang Weiming", palladius="Ван Вэймин")
    assert latin is None
    assert of("单雄", "Shan Xiong")[0] == Reading(pinyin="Shan Xiong", palladius="Шань Сюн")
    assert of("单雄", "Dan Xiong")[0] == Reading(pinyin="Dan Xiong", palladius="Дань Сюн")
    assert of("吕安", "Lyu An")[0] == Reading(pinyin="Lü An", palladius="Люй Ань")
    assert of("西安", "XI'AN")[0] == Reading(pinyin="Xi'an", palladius="Сиань")


def test_a_character_with_several_sounds_is_not_guessed() -> None:
    assert of("王伟") == [None]
    assert of("王伟", "John Smith") == [None, None]
    assert of("王伟", "Wang") == [None, None]
    assert of("王伟", "Wang Weiming") == [None, None]


def test_characters_with_one_sound_each_need_no_other_name() -> None:
    assert of("李伟") == [Reading(pinyin="Li Wei", palladius="Ли Вэй")]


def test_what_is_not_chinese_has_no_reading() -> None:
    assert of("Мысалов", "王 伟", "王Wei", "あ", "王" * 9) == [None] * 5


def test_a_document_carries_all_writings_and_gives_the_names_back() -> None:
    record = template(Kind.GROUP_PROFILE) | {"language": "zh"}
    record["subjects"][1]["names"] = [
        {"text": "王伟明", "script": "Hans", "form": "original", "surname": "王", "given": "伟明"},
        {"text": "Wang Weiming", "script": "Latn", "form": "transliteration"},
        {"text": "Ван Вэймин", "script": "Cyrl", "form": "transliteration"},
    ]
    document: dict[str, Any] = dict(load_record(record).document)
    raw = DIALECT.translate(document).document
    assert "<读音><拼音>Wang Weiming</拼音><俄文译音>Ван Вэймин</俄文译音></读音>" in raw.decode()
    found = DIALECT.interpret(raw)
    assert not found.unknown
    assert found.record["subjects"][1]["names"] == document["subjects"][1]["names"]
    other = DIALECT.interpret(raw.replace("<俄文译音>Ван Вэймин".encode(), "<俄文译音>Уан Веймин".encode()))
    assert other.unknown == {"subjects[1].names[0].palladius": "Уан Веймин"}
