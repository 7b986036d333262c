"""Whole cleaning chains side by side: the same documents, the same core, the same run."""
