"""Fetching the directory of agencies and following it as TUF prescribes."""
