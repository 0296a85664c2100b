"""The key set of an OIDC issuer on its way in: within a time and a size, and one key for each algorithm."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import jwt

LONGEST_S = 5.0
"""For the whole of it: an issuer that drips is as good as one that is away."""
_LARGEST_BYTES = 2**20

Keys = dict[tuple[str | None, str], jwt.PyJWK]
"""Keys by their id and algorithm."""


def fetched(url: str, algorithms: Sequence[str]) -> Keys:
    """Return the keys that an issuer publishes.

    Raises:
        httpx.HTTPError, OSError: it does not answer, or not in time.
        ValueError, RecursionError, jwt.PyJWTError: what it gives are no keys.
    """
    with ThreadPoolExecutor(1) as own:  # the caller's thread may run an event loop
        published = json.loads(own.submit(asyncio.run, _download(url)).result())
    listed = published.get("keys") if isinstance(published, dict) else None
    if not isinstance(listed, list):
        raise ValueError("what the issuer gives is no key set")
    keys = jwt.PyJWKSet([known for key in listed if isinstance(key, dict) for known in _of_algorithms(key, algorithms)])
    return {(key.key_id, key.algorithm_name): key for key in keys.keys if key.public_key_use != "enc"}


def _of_algorithms(key: dict[str, Any], algorithms: Sequence[str]) -> list[dict[str, Any]]:
    """Return a key once for each algorithm that it may serve: an RSA key that names none may serve several."""
    if "alg" in key or key.get("kty") != "RSA":
        return [key]
    return [key | {"alg": algorithm} for algorithm in algorithms if algorithm.startswith(("RS", "PS"))]


async def _download(url: str) -> bytes:
    elsewhere = url.startswith("https:")  # a proxy of the environment does not reach this machine
    body = b""
    async with (
        asyncio.timeout(LONGEST_S),
        httpx.AsyncClient(timeout=LONGEST_S, follow_redirects=False, trust_env=elsewhere) as client,
        client.stream("GET", url) as response,
    ):
        response.raise_for_status()
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > _LARGEST_BYTES:
                raise ValueError("what the issuer gives is too large to be its keys")
    return body
