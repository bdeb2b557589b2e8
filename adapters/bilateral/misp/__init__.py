"""MISP events: objects of MISP's own templates for subjects, and one of ours for a record's head."""
