"""From tile pieces to what is published: COGs, STAC items, series, report, manifest."""
