"""What a service says that an order would take, as Python and people read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from jobs.estimate import Amounts, Cap


@dataclass(frozen=True)
class Estimate(Amounts):
    """What an order would take, as a service says it; nothing has been ordered.

    Beside the amounts:

    Attributes:
        jobs_before: jobs that wait for a worker now.
        caps: the limits of an order by name.
        errors: one `{"pointer", "detail"}` for each cap that the order breaks; empty if it can be ordered.
    """

    jobs_before: int
    caps: dict[str, Cap]
    errors: tuple[dict[str, str], ...]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Return the estimate in a service's answer; members that a newer service adds are left out."""
        told = {field.name: document[field.name] for field in fields(cls)}
        caps = {name: Cap(cap["used"], cap["limit"]) for name, cap in document["caps"].items()}
        return cls(**told | {"caps": caps, "errors": tuple(document["errors"])})

    def __str__(self) -> str:
        """Return the estimate in words, what speaks against the order in lines of its own."""
        scenes = f"{'' if self.scenes_counted else 'about '}{_count(self.scenes, 'scene')}"
        words = [f"{self.area_km2:,.2f} km²", _count(self.dates, "date"), scenes, _count(self.tiles, "tile")]
        words += [f"about {_lasting(self.seconds)} on one CPU", f"about {_size(self.bytes)}"]
        if self.jobs_before:
            words.append(f"{_count(self.jobs_before, 'waiting job')} before it")
        return "\n".join([", ".join(words), *(f"cannot be ordered: {error['detail']}" for error in self.errors)])


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _lasting(seconds: float) -> str:
    """Return how long something takes, in the largest unit of which there are two or more."""
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"


def _size(size: float) -> str:
    """Return a number of bytes in the largest unit of which there is one."""
    for unit, power in (("TB", 12), ("GB", 9), ("MB", 6)):
        if size >= 10**power:
            return f"{size / 10**power:.3g} {unit}"
    return f"{size / 1000:.3g} kB"
