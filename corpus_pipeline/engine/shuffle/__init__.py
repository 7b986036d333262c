"""Stages that must see all documents: sketch, match, group, settle, apply."""
