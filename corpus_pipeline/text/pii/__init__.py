"""Views of text in which personal data shows, and check digits."""
