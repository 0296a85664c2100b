"""One picture of one date: the map in the legend's colours, its date above, what the colours mean below."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from jobs.legends import Colour, Legend
from jobs.palettes import HATCHED, palette, stripes

INK, MUTED, LINE, PAPER, NO_DATA = "#1a1a1a", "#6b6b6b", "#d0d0d0", "#ffffff", (230, 230, 230)
WARNING = "#b45309"
MOST_HEIGHT_SHARE = 2.0
"""A map may be so many times as high as the picture is wide; a longer one is narrower."""


@dataclass(frozen=True)
class Sheet:
    """How a picture is laid out; all in pixels.

    Attributes:
        width: of the picture.
        map_size: width and height of the map in it.
    """

    width: int
    map_size: tuple[int, int]

    @classmethod
    def of(cls, width: int, grid: tuple[int, int]) -> Sheet:
        """Return the layout for a map of so many rows and columns."""
        rows, columns = grid
        room = width - 2 * _pad(width)
        scale = min(room / columns, MOST_HEIGHT_SHARE * width / rows)
        return cls(width, (max(1, round(columns * scale)), max(1, round(rows * scale))))

    @property
    def read_shape(self) -> tuple[int, int]:
        """Rows and columns that are worth reading for the map."""
        return self.map_size[1], self.map_size[0]


def draw(
    coloured: np.ndarray, legend: Legend, day: date, sheet: Sheet, *, simulated: bool, passed: float | None = None
) -> Image.Image:
    """Return the picture of a date.

    Args:
        coloured: (H, W) colour numbers of the whole grid.
        legend: of the asset.
        day: the date.
        sheet: the layout.
        simulated: say so in the picture.
        passed: share of a season that has passed, drawn as a line; None for a date alone.
    """
    width, size = sheet.width, _text_px(sheet.width)
    pad, head = _pad(width), 2 * size + _pad(width)
    key = _Key(legend, width)
    picture = Image.new("RGB", (width, head + sheet.map_size[1] + key.height), PAPER)
    pen = ImageDraw.Draw(picture)
    _write_head(pen, day, width, simulated)
    if passed is not None:
        y = head - pad // 2 - 1
        pen.line((pad, y, width - pad, y), LINE, 1)
        pen.line((pad, y, pad + passed * (width - 2 * pad), y), INK, 2)
    picture.paste(_map(coloured, legend, sheet), ((width - sheet.map_size[0]) // 2, head))
    key.draw(pen, head + sheet.map_size[1])
    return picture


def _text_px(width: int) -> int:
    return min(22, max(10, width // 26))


def _pad(width: int) -> int:
    return max(6, _text_px(width) * 2 // 3)


def _font(size: float) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


def _write_head(pen: ImageDraw.ImageDraw, day: date, width: int, simulated: bool) -> None:
    size, pad = _text_px(width), _pad(width)
    middle, room = pad + size * 0.75, width - 2 * pad
    if simulated:
        font = _fitting("simulated", size, room / 2)
        pen.text((width - pad, middle), "simulated", WARNING, font, anchor="rm")
        room -= round(font.getlength("simulated")) + size
    text = f"{day.day} {day:%b %Y}"
    pen.text((pad, middle), text, INK, _fitting(text, size * 1.25, room), anchor="lm")


def _fitting(text: str, size: float, room: float) -> ImageFont.FreeTypeFont:
    """Return the font of a text, smaller than wanted where there is no room for it."""
    font = _font(size)
    length = font.getlength(text)
    return font if length <= room else _font(size * room / length)


def _map(coloured: np.ndarray, legend: Legend, sheet: Sheet) -> Image.Image:
    """Return the map at its size: pixels keep sharp edges and their colours, whatever the scale."""
    colours = palette(legend).copy()
    colours[0] = NO_DATA
    picture = _scaled(Image.fromarray(colours[coloured]), sheet.map_size)
    if legend.hatched is None:
        return picture
    wet = np.asarray(
        _scaled(Image.fromarray(np.where(coloured == HATCHED, np.uint8(255), np.uint8(0))), sheet.map_size)
    )
    drawn = np.asarray(picture).copy()
    drawn[(wet > 127) & stripes(wet.shape)] = legend.hatched.colours[1]  # as wide as those of the key, at any scale
    return Image.fromarray(drawn)


def _scaled(small: Image.Image, size: tuple[int, int]) -> Image.Image:
    times = max(1, math.ceil(size[0] / small.width), math.ceil(size[1] / small.height))
    large = small.resize((small.width * times, small.height * times), Image.Resampling.NEAREST)
    return large.resize(size, Image.Resampling.BOX)


@dataclass(frozen=True)
class _Entry:
    """A square of the key and what it means."""

    name: str
    colours: tuple[Colour, ...]


class _Key:
    """What the colours mean, below the map."""

    def __init__(self, legend: Legend, width: int) -> None:
        self._legend, self._width = legend, width
        self._size, self._pad = _text_px(width), _pad(width)
        self._font = _font(self._size * 0.85)

    @property
    def height(self) -> int:
        """Pixels that it takes."""
        return self._ramp_px + len(self._rows()) * self._row_px + 2 * self._pad

    @property
    def _ramp_px(self) -> int:
        return 4 * self._size if self._legend.ramp else 0

    @property
    def _row_px(self) -> int:
        return self._size * 3 // 2

    def draw(self, pen: ImageDraw.ImageDraw, top: int) -> None:
        """Draw it below a line."""
        if self._legend.ramp:
            self._draw_ramp(pen, top + self._pad)
        self._draw_entries(pen, top + self._pad + self._ramp_px)

    def _draw_ramp(self, pen: ImageDraw.ImageDraw, top: int) -> None:
        ramp, pad, size = self._legend.ramp, self._pad, self._size
        assert ramp is not None
        unit = ", m^2/m^2" if self._legend.unit == "m2 m-2" else ""
        self._write(pen, (pad, top + size * 0.6), self._legend.title + unit)
        table = ramp.table()
        length, bar = self._width - 2 * pad, top + size * 3 // 2
        for x in range(length):
            pen.line((pad + x, bar, pad + x, bar + size * 3 // 4), table[x * len(table) // length])
        last = next(parts for parts in (4, 3, 5) if round(ramp.maximum / parts, 1) == ramp.maximum / parts)
        for i in range(last + 1):
            share = i / last
            anchor = {0: "lm", last: "rm"}.get(i, "mm")
            text = f"{share * ramp.maximum:g}" + ("+" if i == last else "")
            pen.text((pad + share * length, bar + size * 1.5), text, MUTED, self._font, anchor=anchor)

    def _write(self, pen: ImageDraw.ImageDraw, place: tuple[float, float], text: str) -> None:
        """Write a line in which ^2 is raised; Pillow's own font has no sign for it."""
        x, y = place
        normal = _fitting(text, self._size * 0.85, self._width - 2 * self._pad)
        raised = _font(normal.size * 0.7)
        for i, part in enumerate(text.split("^")):
            if i:
                pen.text((x, y - normal.size * 0.35), part[0], INK, raised, anchor="lm")
                x += raised.getlength(part[0])
                part = part[1:]
            pen.text((x, y), part, INK, normal, anchor="lm")
            x += normal.getlength(part)

    def _entries(self) -> list[_Entry]:
        """Return what is drawn in single colours, or in two as stripes."""
        found = [_Entry(quality.name, (quality.colour,)) for quality in self._legend.classes if quality.value]
        hatched = self._legend.hatched
        if hatched is not None:
            found.append(_Entry(hatched.quality.name, hatched.colours))
        return [*found, _Entry("no-data", (NO_DATA,))]

    def _rows(self) -> list[list[_Entry]]:
        """Return the entries in rows that fit the width."""
        rows: list[list[_Entry]] = [[]]
        room = self._width - 2 * self._pad
        used = 0.0
        for entry in self._entries():
            needed = self._entry_px(entry.name)
            if rows[-1] and used + needed > room:
                rows.append([])
                used = 0
            rows[-1].append(entry)
            used += needed
        return rows

    def _entry_px(self, name: str) -> float:
        return self._font.getlength(name) + self._size * 2.2

    def _draw_entries(self, pen: ImageDraw.ImageDraw, top: int) -> None:
        for i, row in enumerate(self._rows()):
            x, y = float(self._pad), top + i * self._row_px + 2
            for entry in row:
                self._draw_square(pen, (round(x), y), entry.colours)
                pen.text((x + self._size * 1.3, y + self._size * 0.45), entry.name, INK, self._font, anchor="lm")
                x += self._entry_px(entry.name)

    def _draw_square(self, pen: ImageDraw.ImageDraw, place: tuple[int, int], colours: tuple[Colour, ...]) -> None:
        x, y, side = *place, round(self._size * 0.9)
        pen.rectangle((x, y, x + side, y + side), colours[0])
        if len(colours) > 1:
            for row, column in np.argwhere(stripes((side + 1, side + 1))):
                pen.point((x + int(column), y + int(row)), colours[1])
