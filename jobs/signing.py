"""The signatures that open results to customers."""

from __future__ import annotations

import hashlib
import hmac
import time


class Signer:
    """Signatures of paths that expire: whoever holds one may read that path until then."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sign(self, path: str, expires_in: float) -> str:
        """Return the query string that opens a path for so many seconds."""
        expires = int(time.time() + expires_in)
        return f"expires={expires}&signature={self._mac(path, expires)}"

    def verify(self, path: str, expires: int, signature: str) -> bool:
        """Return whether a signature opens the path now."""
        good = hmac.compare_digest(self._mac(path, expires).encode(), signature.encode())
        return good and expires > time.time()

    def _mac(self, path: str, expires: int) -> str:
        return hmac.new(self._key, f"{path}\n{expires}".encode(), hashlib.sha256).hexdigest()
