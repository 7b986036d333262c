"""The parts of the sample generator; `scripts/make_sample.py` puts them together."""
