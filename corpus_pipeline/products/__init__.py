"""Readers of finished runs: export, verify, audit, explain, cards."""
