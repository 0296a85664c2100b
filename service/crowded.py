"""Where few may be at once in a process, for the memory or the threads that they take there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from service.turns import Turns

LONG_ANSWERS = 3
"""Answers of some seconds, or large ones, that are worked on together: what they read is in memory together, too."""
LARGE_BODIES = 8
"""Large bodies that are in memory together, 16 MiB each, as they were sent."""
LARGE_PAYLOADS = 2
"""Those of them that are parsed and worked on together; one may take 200 MB."""
FILE_READS, FILE_READS_OF_A_JOB = 16, 8
"""Looks into the storage, for a file or its next piece, of those who follow signed links: 40 threads serve all."""


@dataclass(frozen=True)
class Crowded:
    """Turns at each such place; whoever takes some of several takes them in this order, and none waits in a circle.

    All but those of files are given back before the answer is sent: a slow reader would keep others waiting.

    Attributes:
        large_bodies: from the first of many bytes of a body to the answer.
        long_answers: from the whole question to the answer.
        large_payloads: from parsing to the answer.
        file_reads: by job, for whoever follows a signed link names no tenant.
    """

    large_bodies: Turns
    long_answers: Turns
    large_payloads: Turns
    file_reads: Turns

    @classmethod
    def shared(cls, *, by_tenants: bool) -> Self:
        """Return turns of which each tenant has one at a time, so that others find some; all, where there is one."""

        def turns(at_once: int) -> Turns:
            return Turns(at_once, 1 if by_tenants else at_once)

        files = Turns(FILE_READS, FILE_READS_OF_A_JOB)
        return cls(turns(LARGE_BODIES), turns(LONG_ANSWERS), turns(LARGE_PAYLOADS), files)
