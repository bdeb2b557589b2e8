"""A policy's text: where its rules begin, and what is wrong with them, by line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import cedarpy

_TOKEN: Final = re.compile(r'//[^\n]*|"(?:\\.|[^"\\])*"|;|[^\s;"/]+|/|"')
_POLICY: Final = re.compile(r"^for policy `(?P<key>policy\d+)`, ")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is wrong with a policy; the rule that is wrong begins in this line."""

    line: int
    sentence: str

    @property
    def path(self) -> str:
        """Return where it is, as problems of other documents say it too."""
        return f"line {self.line}"

    def __str__(self) -> str:
        return f"line {self.line}: {self.sentence}"


def start_lines(text: str) -> Sequence[int]:
    """Return the line in which each rule begins, in order."""
    return [line for line, _ in _statements(text)]


def problems_in(text: str, schema: cedarpy.Schema) -> tuple[Problem, ...]:
    """Return what the engine finds wrong, and names and templates that could not be told of later."""
    try:
        nodes = cedarpy.policies_to_pst(text)
    except ValueError as error:
        return (_unreadable(text, str(error)),)
    lines = start_lines(text)
    if nodes.templates:
        return (Problem(line=1, sentence="a template with ?principal or ?resource decides nothing here"),)
    if not nodes.static_policies:
        return (Problem(line=1, sentence="expected at least one rule; nothing would be permitted"),)
    starts = dict(zip(nodes.static_policies, lines, strict=True))
    found = [
        Problem(line=starts.get(error.policy_id, 1), sentence=_POLICY.sub("", error.error))
        for error in cedarpy.validate_policies(text, schema).errors
    ]
    seen: dict[str, int] = {}
    for key, node in nodes.static_policies.items():
        name = node.annotations.get("id")
        if not name:
            found.append(Problem(line=starts[key], sentence='expected an @id("…"), by which a deny names it'))
        elif name in seen:
            found.append(Problem(line=starts[key], sentence=f"@id {name} is that of line {seen[name]} too"))
        else:
            seen[name] = starts[key]
    return tuple(sorted(found, key=lambda each: each.line))


def _unreadable(text: str, why: str) -> Problem:
    """Find the first rule that cannot be read by itself."""
    for line, statement in _statements(text):
        try:
            cedarpy.policies_to_pst(statement)
        except ValueError as error:
            return Problem(line=line, sentence=str(error))
    return Problem(line=1, sentence=why)


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield each rule with the line in which it begins; what lies in strings and comments ends none."""
    begin: int | None = None
    line = scanned = 0
    for token in _TOKEN.finditer(text):
        if token[0].startswith("//"):
            continue
        if begin is None:
            begin = token.start()
        if token[0] == ";":
            line += text.count("\n", scanned, begin)
            scanned = begin
            yield line + 1, text[begin : token.end()]
            begin = None
    if begin is not None:
        yield text.count("\n", 0, begin) + 1, text[begin:]
