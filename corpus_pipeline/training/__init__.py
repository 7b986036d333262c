"""How the packaged models were made: data in, a model with its card out.  Run with `python -m`."""
