"""Keys, n-grams, MinHash, winnowing, Jaccard, union-find, spans."""
