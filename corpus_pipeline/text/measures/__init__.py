"""Measures of form, per document."""
