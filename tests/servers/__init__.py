"""Servers that tests start for themselves and stop at their end."""
