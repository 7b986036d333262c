"""Bytes to documents and back: readers, storage, shards, manifests, assets.  Knows no stage."""
