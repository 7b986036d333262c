"""A release after it went out: what is taken back from it, and what it says of that."""
