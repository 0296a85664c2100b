"""Versions of the job book's schema."""
