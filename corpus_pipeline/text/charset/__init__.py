"""Charsets: detection, and decoding that keeps the text around bad bytes."""
