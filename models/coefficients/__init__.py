"""Published numbers of the LAI networks, kept apart from the code that applies them."""
