"""A job's results opened where they are, without a download: a STAC collection, a data cube, a table of parcels.

xarray, odc-stac and geopandas are asked for only here: `pip install "clearleaf[client]"`.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import httpx
import pystac
from pystac.stac_io import DefaultStacIO

from clearleaf.client_errors import NotOrdered, error_of

if TYPE_CHECKING:
    import geopandas
    import xarray

SERIES = "series_geoparquet"
"""Asset of the collection that holds the parcels' series."""


class HttpIO(DefaultStacIO):
    """Reads STAC documents over the client's own connections."""

    def __init__(self, http: httpx.Client) -> None:
        super().__init__()
        self._http = http

    def read_text_from_href(self, href: str) -> str:
        """Return the document behind a signed href.

        Raises:
            ClientError: the service refuses; the most likely reason is a link that has expired.
        """
        return fetched(self._http, href).text


def fetched(http: httpx.Client, href: str) -> httpx.Response:
    """Return what is behind a signed href."""
    response = http.get(href)
    if not response.is_success:
        raise error_of(response)
    return response


def open_collection(http: httpx.Client, href: str) -> pystac.Collection:
    """Return a job's STAC collection, whose items are read when they are asked for."""
    return pystac.Collection.from_file(href, stac_io=HttpIO(http))


def open_dataset(collection: pystac.Collection, assets: Sequence[str]) -> xarray.Dataset:
    """Return rasters of every date as arrays (time, y, x) in their units, NaN where there is nothing.

    Args:
        collection: of a job.
        assets: names such as "lai", "lai_sigma", "quality", "days_to_clear"; classes stay whole numbers.
    """
    from odc.stac import load

    items = sorted(collection.get_items(), key=lambda item: item.datetime or item.id)
    found = load(items, bands=list(assets), groupby="id")
    for name in assets:
        band = items[0].assets[name].extra_fields["bands"][0]
        if "raster:scale" in band:
            nodata, scale, offset = band["nodata"], band["raster:scale"], band.get("raster:offset", 0.0)
            found[name] = found[name].where(found[name] != nodata).astype("float32") * scale + offset
        found[name].attrs = {"units": band["unit"]} if "unit" in band else {}
    return found


def open_parcels(http: httpx.Client, collection: pystac.Collection) -> geopandas.GeoDataFrame:
    """Return the series of the parcels, a row per parcel and date, LAI in m2/m2.

    `date` is a datetime64; `properties` holds the parcel's own as JSON text.

    Raises:
        NotOrdered: the job was ordered without parcels.
    """
    import geopandas
    import pandas

    if SERIES not in collection.assets:
        raise NotOrdered("No parcels", f"job {collection.id} was ordered without parcels: it has no series")
    content = fetched(http, collection.assets[SERIES].href).content
    table: Any = geopandas.read_parquet(io.BytesIO(content))
    table["date"] = pandas.to_datetime(table["date"])
    return table
