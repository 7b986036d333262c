"""MediaWiki markup to plain text."""
