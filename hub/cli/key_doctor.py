"""`hub key doctor`: what is wrong with the token, the key store or the clock, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hub.audit.trail import writes_nothing
from hub.cli.answer import Answer, table
from hub.cli.frame import leaf, trail
from hub.cli.home import config_of, home_option, unlock_option
from hub.codes import CODES
from keys.findings import Finding, Weight, worst

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock

_MARKS: Final = {"fine": "fine", "soon": "soon", "wrong": "WRONG"}


@trail(writes_nothing("the state of keys and of a token, and no key"))
@leaf(examples=("hub key doctor", "hub key doctor --json"))
@home_option
@unlock_option
def doctor(home: Path, unlock: Unlock) -> Answer:
    """Say what is wrong with the token, the key store or the clock, and what to do about it.

    It changes nothing, and shows a token its PIN at most once. The exit code is 0 when nothing is wrong now,
    75 when the token cannot be used now, 78 when it does not take its PIN or the store does not open, and 1
    for anything else that is wrong.
    """
    from hub.bootstrap.doctoring import examine_keys

    found = examine_keys(config_of(home), unlock, at=datetime.now(UTC))
    first = worst(found)
    return Answer(
        document={
            "sound": first is None,
            "code": None if first is None else first.code,
            "findings": [_document(one) for one in found],
        },
        people=(
            table(("", "what", "finding", "what to do"), [_row(one) for one in found]),
            "Nothing is wrong." if first is None else f"{_count(found)} wrong.",
        ),
        exit=0 if first is None else CODES[first.code].exit,
    )


def _document(one: Finding) -> dict[str, object]:
    told: dict[str, object] = {
        "check": one.check,
        "about": one.about,
        "weight": one.weight.value,
        "sentence": one.sentence,
    }
    return told | ({"fix": one.fix, "code": one.code} if one.fix else {})


def _row(one: Finding) -> tuple[str, str, str, str]:
    return _MARKS[one.weight.value], one.about, one.sentence, one.fix


def _count(found: Sequence[Finding]) -> str:
    number = sum(one.weight is Weight.WRONG for one in found)
    return "One thing is" if number == 1 else f"{number} things are"
