"""Bytes to text: which charset, and decoding that loses nothing around damage."""
