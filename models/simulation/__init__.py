"""Simulated sites: land, growth, canopy, air, clouds and radar as seeded arrays, with the true LAI of every day."""
