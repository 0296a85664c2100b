"""What kind of file an object is, told by its key."""

from __future__ import annotations

from pathlib import PurePosixPath

from jobs.series_files import SERIES_FILES

MEDIA_TYPES = {
    ".json": "application/json",
    ".geojson": "application/geo+json",
    ".tif": "image/tiff; application=geotiff; profile=cloud-optimized",
    ".png": "image/png",
    ".csv": "text/csv; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
}
_OF_SERIES = {file.name: file.media_type for file in SERIES_FILES.values()}


def media_type(key: str) -> str:
    """Return the media type of an object; series have one of their own, for GeoJSON is JSON by its name."""
    path = PurePosixPath(key)
    if path.name in _OF_SERIES:
        return _OF_SERIES[path.name]
    return MEDIA_TYPES.get(path.suffix, "application/octet-stream")
