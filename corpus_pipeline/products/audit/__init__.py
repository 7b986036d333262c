"""Clauses that a run passes or fails."""
