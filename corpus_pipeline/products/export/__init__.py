"""The dataset of a finished run: shards, card, Croissant."""
