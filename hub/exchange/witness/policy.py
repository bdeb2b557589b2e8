"""Which witnesses we ask, and how many of them must have cosigned before we go on releasing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class WitnessPolicy:
    """Partners whose witnesses we ask, and how many are needed. None needed is a choice, and shown as one."""

    witnesses: tuple[str, ...] = ()
    needed: int = 0

    def __post_init__(self) -> None:
        if len(set(self.witnesses)) != len(self.witnesses):
            raise ValueError("a witness is named twice")
        if not 0 <= self.needed <= len(self.witnesses):
            raise ValueError(f"a quorum of {self.needed} cannot be met by {len(self.witnesses)} witnesses")

    def __str__(self) -> str:
        if not self.witnesses:
            return "no witnesses"
        return f"{self.needed} of {len(self.witnesses)} witnesses"
