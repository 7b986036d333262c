"""Benchmark items in documents."""
