"""What the OpenAPI says of credentials, where callers must show one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute

from service.access_settings import AccessSettings
from service.auth import needed_scope
from service.errors import PROBLEM_JSON

_REFUSALS = {
    "401": "No credential, or none that is good",
    "403": "The credential does not open this",
    "429": "More than this customer may ask for; Retry-After says when to ask again",
}


def add_security(document: dict[str, Any], routers: Iterable[APIRouter], settings: AccessSettings) -> None:
    """Describe the credentials and which operations need one; nothing is said where nobody has to sign in."""
    if not settings.guarded:
        return
    schemes = _schemes(settings)
    document["components"]["securitySchemes"] = schemes
    content = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for route in (route for router in routers for route in router.routes if isinstance(route, APIRoute)):
        for method in (route.include_in_schema and route.methods) or ():
            operation = document["paths"].get(route.path_format, {}).get(method.lower())
            scope = needed_scope(route.endpoint, method)
            if operation is None or scope is None:
                continue
            operation["security"] = [{name: []} for name in schemes]
            operation["description"] = f"{operation.get('description', '')}\n\nNeeds the scope `{scope}`.".strip()
            for status, words in _REFUSALS.items():
                operation["responses"].setdefault(status, {"description": words, "content": content})


def _schemes(settings: AccessSettings) -> dict[str, Any]:
    schemes = {}
    if "keys" in settings.authentication:
        words = "A key of this service, made by whoever runs it"
        schemes["key"] = {"type": "http", "scheme": "bearer", "description": words}
    if settings.oidc is not None and "oidc" in settings.authentication:
        url = f"{settings.oidc.issuer.rstrip('/')}/.well-known/openid-configuration"
        words = f"A token of {settings.oidc.issuer} for {settings.oidc.audience}"
        schemes["oidc"] = {"type": "openIdConnect", "openIdConnectUrl": url, "description": words}
    return schemes
