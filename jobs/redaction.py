"""What a log must not hold: passwords, signatures, keys, and where a customer's fields lie."""

from __future__ import annotations

import re

# Strangers choose some of these texts: every pattern takes a time in proportion to a text's length, whatever it holds.
# So none begins with a repetition that has no bound, and none asks for an end after one.
_IN_URL = re.compile(r"//(?:[^/\s]+|[^/\s:@]*:[^\s\"']{1,200})@")
"""User and password; the password may have an @ or a slash of its own."""
_KEY = re.compile(r"\b(clk_[0-9a-f]+)\.[\w-]+")
"""An API key: its id may be told, its secret may not."""
_TOKEN = re.compile(r"(?<![\w-])eyJ[\w-]{5,}+\.[\w.-]+")
"""A JSON Web Token, whose first part is an object in Base64."""
_CREDENTIAL = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}")
_NAMED = re.compile(
    r"(?i)\b(\w{0,40}?(?:password|passwd|secret|token|api_?key)\w{0,20}(?:[\"']\s*:|\s*=)\s*)"
    r"(?:\"[^\"\n]+|'[^'\n]+|[^\s\"'&,;)]+)"
)
_NUMBER = r"-?\d++(?:\.\d++)?+(?:e[+-]?\d++)?+"
_POSITIONS = re.compile(
    rf"(?:[\[(]\s*+){{1,8}}+{_NUMBER}\s*+,\s*+{_NUMBER}(?:[\s,\[\]()]++{_NUMBER})*+[\s\])]*+", re.IGNORECASE
)
"""Positions as JSON and Python write them; a pair is enough to know a field by."""
_WKT = re.compile(
    r"(?i)\b((?:multi)?(?:point|linestring|polygon))(?:\s{1,4}z)?\s{0,4}\([(\s]*+-?\d(?:[^a-z]|(?<=\d)e(?=[-+\d]))*+"
)


def without_keys(text: str) -> str:
    """Return a text, such as an error's, whose URLs have neither passwords nor what may be a signature."""
    return re.sub(r"\?\S+", "?...", _IN_URL.sub("//", text))


def redacted(text: str) -> str:
    """Return a text as a log may hold it: no password, signature, key or geometry."""
    text = _CREDENTIAL.sub(r"\1 ...", _TOKEN.sub("eyJ...", _KEY.sub(r"\1....", without_keys(text))))
    return _WKT.sub(r"\1 (...)", _POSITIONS.sub("[...]", _NAMED.sub(r"\1...", text)))
