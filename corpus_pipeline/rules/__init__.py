"""Rules as data: packs (YAML), their models and loaders.  A pack must agree with its examples."""
