"""Thin endpoints, one file per surface."""
