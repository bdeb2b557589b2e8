"""The directory of agencies: what each says of itself, and the TUF documents that carry it. Pure."""
