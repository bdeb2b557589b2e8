"""The reciprocity ledger: what went to and came from each partner, and how requests were answered."""
