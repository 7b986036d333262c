"""Near-dedup side by side: the same documents, the same machine, the same run, known truth."""
