"""Drafts of agreements: each says what of it is not certain, and none can be put in force as it is."""
