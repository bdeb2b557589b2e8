"""Witnesses: we cosign other agencies' logs, others cosign ours, and an outside authority stamps the time."""
