"""Tokens for the models, and words."""
