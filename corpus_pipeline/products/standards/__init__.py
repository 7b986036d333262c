"""A release in the words of the standards: from its one manifest, nothing added."""
