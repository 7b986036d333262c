"""Mojibake: repair of text decoded in a wrong charset, and removal of lines beyond repair."""
