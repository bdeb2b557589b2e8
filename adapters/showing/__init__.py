"""Partners' forms as evidence: read again later, by the certificates that count, with no key of ours."""
