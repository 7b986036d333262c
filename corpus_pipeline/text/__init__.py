"""Floor 0: pure functions and Polars expressions on text.  They import nothing of ours."""
