"""Comparing our books with a partner's: what each says that it sent and received, number by number."""
