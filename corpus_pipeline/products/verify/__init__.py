"""Digests, counts and parents of a run, recomputed."""
