"""The pixels: read scenes, prepare, reconstruct, publish."""
