"""Pages: parsing, blocks, main text, threads, formulas, metadata, rights."""
