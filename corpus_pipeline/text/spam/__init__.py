"""Where texts are dense with the words of an offer."""
