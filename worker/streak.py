"""How many attempts in a row a worker has failed by errors of our own: at some point it is the worker, not the jobs."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from jobs.errors import ClearleafError
from jobs.job import StepKind
from jobs.queue import QUEUE_OF

MOST_IN_A_ROW = 3


class SickWorker(ClearleafError):
    """A worker fails whatever it is given; only a new one may be better."""


class Streak:
    """The jobs whose steps this process has failed since it last ended one well.

    A device that is in disorder, a damaged file of weights or a broken library fails every job. One bad order, however
    many steps it has, says nothing of the worker: it would end one worker after the other. Each queue counts for
    itself: a plan, which needs neither device nor weights, says nothing of them.
    """

    def __init__(self) -> None:
        self._failed: defaultdict[str, list[UUID]] = defaultdict(list)

    def broken(self, kind: StepKind) -> None:
        """Note that a step has ended well."""
        self._failed[QUEUE_OF[kind]].clear()

    def goes_on(self, kind: StepKind, job_id: UUID) -> None:
        """Note that a step of a job has ended in an error of our own."""
        self._failed[QUEUE_OF[kind]].append(job_id)

    def check(self) -> None:
        """Return while the worker may be well.

        Raises:
            SickWorker: it has failed too often, and more than one job.
        """
        for queue, failed in self._failed.items():
            steps, jobs = len(failed), len(set(failed))
            if steps >= MOST_IN_A_ROW and jobs > 1:
                raise SickWorker(
                    f"the last {steps} steps from {queue}, of {jobs} jobs, ended in internal errors and none was done "
                    "between: the errors above say whether device, weights or libraries are at fault"
                )
