"""The folder that a filing needs, from a finished run and its audit."""
