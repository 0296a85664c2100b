"""Who asks: whose jobs they may see, and what they may do with them."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.api_keys import Scope


@dataclass(frozen=True)
class Caller:
    """Whoever sent a request; the tenant comes from the credential and from nowhere else."""

    tenant: str
    scopes: frozenset[Scope]


OF_THIS_MACHINE = Caller("local", frozenset(Scope))
"""Everybody, where nobody has to sign in."""
