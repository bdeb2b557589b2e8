"""TOML of others is refused in time, whatever it nests, and texts are not taken for names."""

from __future__ import annotations

import time
from typing import Any

import pytest

from hub.policy.toml import read_toml

_MAX = 65_536
_DEPTH = 32
#: With longer names the parser alone takes more than that, on a quiet machine.
_AT_ONCE_S = 1.5


def nested(parts: int) -> dict[str, Any]:
    value: Any = 1
    for _ in range(parts):
        value = {"a": value}
    return dict(value)


@pytest.mark.parametrize("part", ["a", '"a"', "'a'"])
@pytest.mark.parametrize("dot", [".", " . ", "\t."])
def test_a_dotted_name_is_read_up_to_the_depth_that_tables_may_have(part: str, dot: str) -> None:
    assert read_toml(f"{dot.join([part] * _DEPTH)} = 1", max_bytes=_MAX) == nested(_DEPTH)
    with pytest.raises(ValueError, match="nests deeper than 32 levels"):
        read_toml(f"{dot.join([part] * (_DEPTH + 1))} = 1", max_bytes=_MAX)


@pytest.mark.parametrize(
    "part", ["a", '"\\"."', "'.'", f'"{"b" * 100}"'], ids=["bare", "text", "literal", "long"]
)
@pytest.mark.parametrize("line", ["{} = 1", "[{}]", "[[{}]]", "a = {{ {} = 1 }}"])
def test_a_name_of_thousands_of_parts_is_refused_at_once(part: str, line: str) -> None:
    name = ".".join([part] * ((_MAX - 100) // (len(part) + 1)))
    assert _time(line.format(name), "nests deeper than 32 levels") < _AT_ONCE_S


@pytest.mark.parametrize(
    "filler",
    [
        "a",
        "a.",
        '"',
        "'",
        '"a".',
        "\\",
        '"\\',
        '\\"',
        "a ",
        " .",
        ".",
        "a." * 131 + "a ",
        '"' + '\\"' * 30 + '".',
    ],
    ids=range(13),
)
def test_looking_for_such_names_takes_no_time_whatever_the_text(filler: str) -> None:
    text = filler * (50_000 // len(filler))
    assert _time(f"# {text}\na", "it is not TOML|nests deeper") < _AT_ONCE_S
    assert _time(f"a = 1, {text}", "it is not TOML|nests deeper") < _AT_ONCE_S


def _time(text: str, says: str) -> float:
    """Return the processor time in which a text is refused."""
    began = time.thread_time()
    with pytest.raises(ValueError, match=says):
        read_toml(text, max_bytes=_MAX)
    return time.thread_time() - began


@pytest.mark.parametrize(
    "text",
    ["Art. 1. Para. 2. " * 16, "." * 500, "1.2.840.113549.1.9.16.2.14", "т. е. " * 100, "see a.b.c.d. " * 12],
)
def test_texts_with_many_dots_are_read(text: str) -> None:
    assert read_toml(f'a = "{text}"', max_bytes=_MAX) == {"a": text}
