"""The life of one document."""
