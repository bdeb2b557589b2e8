"""How a quarter is written on the command line."""

from __future__ import annotations

from typing import Any, Final

import click

from hub.exchange.ledger.figures import Quarter, quarter_of


class _QuarterType(click.ParamType[Quarter]):
    name = "quarter"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Quarter:
        """Read a quarter like 2026-Q4."""
        try:
            return value if isinstance(value, Quarter) else quarter_of(str(value))
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, ctx)


quarter_type: Final = _QuarterType()
