"""Evidence: one record's whole life in one file, and what proves or disproves it, offline.

This room is pure, like those it stands on: no file, clock, network or database, and no private key.
"""
