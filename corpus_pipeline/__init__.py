"""A Chinese pre-training corpus cleaning pipeline: raw data in, an auditable dataset out."""

__version__ = "0.1.0"
