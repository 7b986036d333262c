"""The training of the packaged models, run with `python -m`: data in, a model and its card out."""
