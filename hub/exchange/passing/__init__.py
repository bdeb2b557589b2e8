"""Passing another originator's record on to a further partner, with its consent (the third-party rule)."""
