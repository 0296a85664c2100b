"""What can go wrong: the order, the weather, or ourselves."""

from __future__ import annotations

from dataclasses import dataclass


class ClearleafError(Exception):
    """Base of everything that clearleaf raises on purpose."""


@dataclass(frozen=True)
class Problem:
    """One wrong member of an order.

    Attributes:
        pointer: JSON pointer of the member.
        detail: the member, its value and the cure.
    """

    pointer: str
    detail: str


class InvalidJob(ClearleafError):
    """The order cannot be carried out as it is; never retried."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.detail for problem in problems))
        self.problems = problems


class NoScenes(InvalidJob):
    """The catalogue has nothing for the order's area and time."""


class AccessDenied(InvalidJob):
    """The catalogue does not let us read: waiting would not help, its configuration would."""


class Unavailable(ClearleafError):
    """The weather: a catalogue, a store or a scene is away for now; retried after a while."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class StorageFull(Unavailable):
    """Results cannot be written: there is no space."""


class StorageRefused(Unavailable):
    """The result storage does not let us in: settings, credentials or permissions are wrong.

    No order's fault, so that jobs wait until somebody has mended it; who starts a process is told at once.
    """


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
