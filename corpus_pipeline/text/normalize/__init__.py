"""Widths, ellipses, wrapped lines, phrase tables."""
