"""MediaWiki markup."""
