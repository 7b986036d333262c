"""The registry of sources: what is recorded of the places that documents come from.

Enters: mappings of a config.  Leaves: records (`record`), which a run puts into its manifest.
"""
