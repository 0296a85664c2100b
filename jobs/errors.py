"""What can go wrong: the order, the weather, or ourselves.

An error's text is for our own log and for whoever runs the process: it names places, accounts and the cure. Customers
read `told`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class ClearleafError(Exception):
    """Base of everything that clearleaf raises on purpose."""

    @property
    def told(self) -> str:
        """What customers may read of it: nothing of where our parts are, and who they are there."""
        return str(self)


@dataclass(frozen=True)
class Problem:
    """One wrong member of an order.

    Attributes:
        pointer: JSON pointer of the member.
        detail: the member, its value and the cure.
        inside: in place of the detail, for our own log and for whoever runs the process; empty where the detail says
            it all.
    """

    pointer: str
    detail: str
    inside: str = ""


MOST_PROBLEMS = 100
"""So many are looked for: whoever has mended those may ask again, and a small order must not get a huge answer."""
TOLD_PROBLEMS = 5
"""Named in one sentence."""


class InvalidJob(ClearleafError):
    """The order cannot be carried out as it is; never retried."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(_sentence([problem.inside or problem.detail for problem in problems]))
        self.problems = problems

    @property
    def told(self) -> str:
        """What customers may read of it."""
        return _sentence([problem.detail for problem in self.problems])


def _sentence(details: Sequence[str]) -> str:
    more = len(details) - TOLD_PROBLEMS
    count = [f"and {more} more" if len(details) <= MOST_PROBLEMS else "and many more"] if more > 0 else []
    return "; ".join([*details[:TOLD_PROBLEMS], *count])


class NoScenes(InvalidJob):
    """The catalogue has nothing for the order's area and time."""


class AccessDenied(InvalidJob):
    """The catalogue does not let us read: waiting would not help, its configuration would."""


def unusable_catalog(name: str, why: str, kind: type[InvalidJob] = InvalidJob) -> InvalidJob:
    """Return the error of a catalogue whose configuration is to be mended, by whoever runs the service.

    Args:
        name: of the catalogue.
        why: what is wrong with it, and the cure; customers do not read it.
        kind: of error.
    """
    cure = "choose another one, or ask whoever runs the service: its log says why"
    detail = f"catalog {name!r} cannot be used as it is configured: {cure}"
    return kind(Problem("/catalog", detail, inside=f"catalog {name!r} {why}"))


class Unavailable(ClearleafError):
    """The weather: a catalogue, a store or a scene is away for now; retried after a while.

    Args:
        message: what is away, where, and the cure where there is one.
        retry_after: seconds.
        told: what customers may read of it.
    """

    TOLD = "something that the service needs cannot be reached"

    def __init__(self, message: str, retry_after: float | None = None, *, told: str = "") -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self._told = told or self.TOLD

    @property
    def told(self) -> str:
        """What customers may read of it."""
        return self._told

    @told.setter
    def told(self, text: str) -> None:
        self._told = text


class StorageAway(Unavailable):
    """The result storage does not answer, or not as it should."""

    TOLD = "the result storage is away"


class StorageFull(Unavailable):
    """Results cannot be written: there is no space."""

    TOLD = "the result storage is full"


class StorageRefused(Unavailable):
    """The result storage does not let us in: settings, credentials or permissions are wrong.

    No order's fault, so that jobs wait until somebody has mended it; who starts a process is told at once.
    """

    TOLD = "the result storage does not let the service in: whoever runs it finds the cure in its log"


class JobNotFound(ClearleafError):
    """There is no such job, or it belongs to somebody else."""


class KeyReused(ClearleafError):
    """The idempotency key of an order belongs to another one."""


class JobConflict(ClearleafError):
    """The state of the job or step forbids what was asked."""


class StepLost(JobConflict):
    """The step has another owner by now: whatever was made is void."""


class JobDismissed(JobConflict):
    """The customer gave the job up: stop."""
