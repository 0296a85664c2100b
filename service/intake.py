"""From what a caller sent to what the job book takes: the checks that need this service's configuration."""

from __future__ import annotations

from typing import Any

from jobs.errors import InvalidJob, Problem
from jobs.job import JobRequest, Limits
from service.extents import Extents, ruled_out
from service.settings import ApiSettings


def accepted_order(
    payload: dict[str, Any], settings: ApiSettings, extents: Extents, limits: Limits | None = None
) -> JobRequest:
    """Return a valid order, with its catalogue pinned.

    Args:
        payload: what was sent.
        settings: of this service.
        extents: of its catalogues.
        limits: of the order; None: those of this service.

    Raises:
        InvalidJob: with one problem for each wrong member, the catalogue's included; or the catalogue's extent rules
            the order out.
    """
    named = payload.get("catalog")
    catalog = settings.default_catalog if named is None else named
    known = isinstance(catalog, str) and catalog in settings.catalogs
    unknown = () if known else (_unknown_catalog(catalog, settings),)
    try:
        request = JobRequest.parse(payload, limits or settings.limits)
    except InvalidJob as error:
        others = {p.pointer: p for p in reversed(error.problems) if p.pointer != "/catalog"}  # the first one of each
        raise InvalidJob(*reversed(others.values()), *unknown) from None
    if unknown:
        raise InvalidJob(*unknown)
    problem = ruled_out(request, str(catalog), extents.of(str(catalog)))
    if problem is not None:
        raise InvalidJob(problem)
    return request.model_copy(update={"catalog": catalog})


def considered_order(
    payload: dict[str, Any], settings: ApiSettings, extents: Extents
) -> tuple[JobRequest, tuple[Problem, ...]]:
    """Return an order that is valid but for its caps, and what is wrong with it: nothing, or which caps it breaks.

    Raises:
        InvalidJob: as `accepted_order`, where anything else is wrong too.
    """
    try:
        return accepted_order(payload, settings, extents), ()
    except InvalidJob as refusal:
        try:
            request = accepted_order(payload, settings, extents, settings.limits.without_caps())
        except InvalidJob:
            raise refusal from None
        return request, refusal.problems


def _unknown_catalog(name: object, settings: ApiSettings) -> Problem:
    known = ", ".join(sorted(settings.catalogs)) or "none"
    if name is None:
        return Problem("/catalog", f"no catalogue is named and this service has no default one; known are: {known}")
    return Problem("/catalog", f"there is no catalogue {str(name)[:80]!r}; known are: {known}")
