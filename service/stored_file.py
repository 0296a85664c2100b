"""A stored object as a file for GDAL, read in ranges through the storage's own door: GDAL itself opens nothing."""

from __future__ import annotations

import io
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from jobs.storage import Storage

BLOCK_BYTES = 64 * 1024
"""What is asked of the storage at least; the directory of a raster fits."""
MOST_BLOCKS = 512
"""Kept in memory: 32 MiB."""


@dataclass(frozen=True)
class StoredRaster:
    """One COG in storage; it never changes."""

    key: str
    size: int
    sha256: str


class CutShort(Exception):
    """An object has fewer bytes than when it was published."""


class Blocks:
    """The blocks read last, of objects that never change once they are published; threads share it."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._lock = Lock()

    def read(self, key: str, size: int, start: int, stop: int) -> bytes:
        """Return the bytes from start to stop (exclusive) of an object of that size, with at most one request.

        Raises:
            FileNotFoundError: there is none.
            CutShort: it ends before.
            Unavailable: the storage is away.
        """
        stop = min(stop, size)
        if stop <= start:
            return b""
        numbers = range(start // BLOCK_BYTES, (stop - 1) // BLOCK_BYTES + 1)
        found = self._found(key, numbers)
        if missing := [number for number in numbers if number not in found]:
            found |= self._fetched(key, size, missing[0], missing[-1])
        joined = b"".join(found[number] for number in numbers)
        offset = numbers[0] * BLOCK_BYTES
        return joined[start - offset : stop - offset]

    def _found(self, key: str, numbers: range) -> dict[int, bytes]:
        with self._lock:
            found = {number: self._kept[key, number] for number in numbers if (key, number) in self._kept}
            for number in found:
                self._kept.move_to_end((key, number))
        return found

    def _fetched(self, key: str, size: int, first: int, last: int) -> dict[int, bytes]:
        start, stop = first * BLOCK_BYTES, min(size, (last + 1) * BLOCK_BYTES)
        content = b"".join(self._storage.read(key, start, stop))
        if len(content) < stop - start:
            raise CutShort(f"{key} should have {size} bytes and ends after {start + len(content)}")
        blocks = {
            number: content[(number - first) * BLOCK_BYTES : (number - first + 1) * BLOCK_BYTES]
            for number in range(first, last + 1)
        }
        with self._lock:
            self._kept |= {(key, number): block for number, block in blocks.items()}
            while len(self._kept) > MOST_BLOCKS:
                self._kept.popitem(last=False)
        return blocks


class StoredFile(io.RawIOBase):
    """An object, open for reading.

    Attributes:
        error: what went wrong at a read. GDAL passes no exception on, so that it is kept for whoever opened the file.
    """

    def __init__(self, key: str, size: int, blocks: Blocks) -> None:
        super().__init__()
        self._key, self._size, self._blocks, self._position = key, size, blocks, 0
        self.error: Exception | None = None

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that reading can go on anywhere."""
        return True

    def tell(self) -> int:
        """Return where reading goes on."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go somewhere else."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = base + offset
        return self._position

    def read(self, count: int = -1, /) -> bytes:
        """Return some bytes; none where the storage fails."""
        stop = self._size if count < 0 else self._position + count
        try:
            content = self._blocks.read(self._key, self._size, self._position, stop)
        except Exception as error:
            self.error = error
            return b""
        self._position += len(content)
        return content
