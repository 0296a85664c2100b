"""Which classes of which standards the STAC API keeps."""

from __future__ import annotations

_STAC = "https://api.stacspec.org/v1.0.0"
_OGC = "http://www.opengis.net/spec"

CONFORMS_TO = [
    *(f"{_STAC}/{name}" for name in ("core", "collections", "ogcapi-features", "item-search")),
    *(f"{_STAC}/{door}#{name}" for door in ("item-search", "ogcapi-features") for name in ("fields", "sort", "query")),
    "https://api.stacspec.org/v1.0.0-rc.3/item-search#filter",
    *(f"{_OGC}/ogcapi-features-1/1.0/conf/{name}" for name in ("core", "oas30", "geojson")),
    *(f"{_OGC}/ogcapi-features-3/1.0/conf/{name}" for name in ("filter", "features-filter", "queryables")),
    *(
        f"{_OGC}/cql2/1.0/conf/{name}"
        for name in (
            "cql2-text",
            "cql2-json",
            "basic-cql2",
            "advanced-comparison-operators",
            "basic-spatial-functions",
            "basic-spatial-functions-plus",
        )
    ),
]
