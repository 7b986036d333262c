"""The eval that gates: charset, mojibake, extraction, language and script on real files."""
