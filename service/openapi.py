"""The API's description of itself: OpenAPI 3.0, since that is what clients of OGC API – Processes 1.0 read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi

from service.access_settings import AccessSettings
from service.errors import PROBLEM_JSON, Member, ProblemDocument
from service.security_schemes import add_security

TITLE = "clearleaf"
DESCRIPTION = "Cloud-free leaf area index with uncertainty from Sentinel-1 and Sentinel-2, for any area and time range."
OPENAPI_TYPE = "application/vnd.oai.openapi+json;version=3.0"
OPENAPI_VERSION = "3.0.3"

_SCHEMAS = "#/components/schemas/"
_NULL = {"type": "null"}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that may refuse with these statuses."""
    content = {PROBLEM_JSON: {"schema": {"$ref": _SCHEMAS + "Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def describer(
    app: FastAPI,
    routers: Sequence[APIRouter],
    order: dict[str, Any],
    example: Callable[[], dict[str, Any]],
    settings: AccessSettings,
) -> Callable[[], dict[str, Any]]:
    """Return what `app.openapi` becomes: the document is made once, at the first question.

    Args:
        app: the app whose routes are described.
        routers: all that it includes.
        order: schema of the body of `POST /jobs`.
        example: gives an order that this very service accepts.
        settings: say what callers must show.
    """

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title,
                version=app.version,
                openapi_version=OPENAPI_VERSION,
                description=app.description,
                routes=app.routes,
            )
            _add_problem(document)
            add_security(document, routers, settings)
            document["components"]["schemas"]["order"] = order
            document["components"]["schemas"]["execute"] = _execute_schema()
            shown = example()
            for path, schema, body in (
                ("/jobs", "order", shown),
                ("/jobs/estimate", "order", shown),
                ("/processes/{process_id}/execution", "execute", {"inputs": shown}),
            ):
                document["paths"][path]["post"]["requestBody"] = _json_body(schema, body)
            app.openapi_schema = to_openapi_30(document)
        return app.openapi_schema

    return describe


def _json_body(schema: str, example: dict[str, Any]) -> dict[str, Any]:
    content = {"schema": {"$ref": _SCHEMAS + schema}, "example": example}
    return {"required": True, "content": {"application/json": content}}


def _execute_schema() -> dict[str, Any]:
    """Return the schema of an execute request, whose inputs are the members of an order."""
    words = "The members of an order, each bare or as an object of `value` and `mediaType`"
    return {
        "title": "execute",
        "type": "object",
        "required": ["inputs"],
        "properties": {
            "inputs": {"description": words, "allOf": [{"$ref": _SCHEMAS + "order"}]},
            "outputs": {"type": "object", "description": "Which outputs are wanted; all of them are made"},
            "response": {
                "type": "string",
                "enum": ["document", "raw"],
                "description": "Ignored: results are a document",
            },
        },
    }


def _add_problem(document: dict[str, Any]) -> None:
    """Describe problems once, and drop the framework's own form of a refusal, which is never sent."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = ProblemDocument.model_json_schema(ref_template=_SCHEMAS + "{model}")
    schemas["Problem"].pop("$defs")
    schemas["Member"] = Member.model_json_schema()
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for path in document["paths"].values():
        for operation in path.values():
            refusal = operation["responses"].get("422", {})
            if "application/json" in refusal.get("content", {}):
                del operation["responses"]["422"]
            operation["responses"] |= {str(k): v for k, v in problems(500).items()}


def to_openapi_30(node: Any) -> Any:  # noqa: ANN401 - any part of a JSON document
    """Return a part of the document with the few words that JSON Schema 2020-12 has and OpenAPI 3.0 lacks rewritten."""
    if isinstance(node, list):
        return [to_openapi_30(child) for child in node]
    if not isinstance(node, dict):
        return node
    turned = {name: to_openapi_30(child) for name, child in node.items()}
    if "const" in turned and not isinstance(turned["const"], dict):
        turned["enum"] = [turned.pop("const")]
    for bound in ("minimum", "maximum"):
        exclusive = "exclusive" + bound.capitalize()
        if isinstance(turned.get(exclusive), int | float) and not isinstance(turned[exclusive], bool):
            turned |= {bound: turned[exclusive], exclusive: True}
    if isinstance(turned.get("examples"), list):
        turned["example"] = turned.pop("examples")[0]
    turned = _without_null(turned)
    if "in" in turned and isinstance(turned.get("schema"), dict):  # a parameter that may be left out is not null, then
        turned["schema"].pop("nullable", None)
    return turned


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema that says `nullable` where it has null as one of several kinds, for null is no type there."""
    kinds = schema.get("anyOf")
    if not isinstance(kinds, list) or _NULL not in kinds:
        return schema
    others: list[dict[str, Any]] = [kind for kind in kinds if kind != _NULL]
    rest = {name: value for name, value in schema.items() if name != "anyOf"}
    if len(others) > 1:
        return rest | {"anyOf": others, "nullable": True}
    if "$ref" in others[0]:  # beside which nothing counts
        return rest | {"allOf": others, "nullable": True}
    return others[0] | rest | {"nullable": True}
