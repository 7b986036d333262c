"""A corpus of several sites: their accounts, and the one manifest that names them all."""
