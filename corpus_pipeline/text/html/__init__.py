"""HTML pages: parsing, main text, threads, formulas, metadata, licences, generated content."""
