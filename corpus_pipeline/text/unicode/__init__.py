"""Code points: UTF-8 in arrays, classes, categories, scripts."""
