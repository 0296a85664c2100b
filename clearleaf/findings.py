"""What a check of catalogues or settings finds, one thing at a time, and how it is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from clearleaf.consoles import plain_console

out_console = plain_console()


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        holds: nothing is missing here.
        what: was looked at.
        told: what was found, or what is missing and how to mend it.
    """

    holds: bool
    what: str
    told: str


def tell(findings: Iterable[Finding]) -> int:
    """Print findings as they come, and return how many of them tell that something is missing."""
    missing = 0
    for finding in findings:
        missing += not finding.holds
        out_console.print(f"{'ok     ' if finding.holds else 'missing'} {finding.what}: {finding.told}")
    return missing
