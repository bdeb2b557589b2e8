"""The `hub` command: one file per noun, one frame around all of them."""

from hub.cli.root import cli, main

__all__ = ["cli", "main"]
