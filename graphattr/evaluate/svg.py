"""Small static plots as inline SVG: a frame with axes, and marks in it. Colours come from classes (see `markup`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

from graphattr.evidence.canonical import visible

Point = tuple[float, float]


def text(value: object) -> str:
    """Foreign text for HTML and SVG: characters that cannot be seen are spelled out, markup is escaped."""
    return escape(visible(str(value)))


@dataclass
class Plot:
    """A plot with two axes, in CSS pixels.

    Attributes:
        id: of the element, for its title and description; unique on the page.
        title, subtitle, description: shown above, shown under it, and read aloud.
        x, y: lower and upper end of each axis.
        width, height: of the whole picture.
        legend: class and name of each line, shown in a row above the axes.
        marks: what has been drawn so far.
    """

    id: str
    title: str
    subtitle: str
    description: str
    x: Point
    y: Point = (0.0, 1.0)
    width: int = 340
    height: int = 330
    legend: Sequence[tuple[str, str]] = ()
    marks: list[str] = field(default_factory=list)

    LEFT, RIGHT, BOTTOM = 54, 14, 46

    @property
    def top(self) -> int:
        """Where the axes begin, under the words."""
        return 66 if self.legend else 46

    def at(self, x: float, y: float) -> Point:
        """Where a point of the data lies in the picture."""
        across, up = (
            (value - low) / ((high - low) or 1.0)
            for value, (low, high) in zip((x, y), (self.x, self.y), strict=True)
        )
        wide = self.width - self.LEFT - self.RIGHT
        tall = self.height - self.top - self.BOTTOM
        return round(self.LEFT + across * wide, 1), round(self.top + (1 - up) * tall, 1)

    def axes(
        self,
        names: tuple[str, str],
        ticks: tuple[Sequence[float], Sequence[float]],
        labels: Sequence[str] | None = None,
    ) -> None:
        """Grid, tick labels (`labels` in place of the numbers of x) and names of the axes."""
        right, bottom = self.width - self.RIGHT, self.height - self.BOTTOM
        for n, value in enumerate(ticks[0]):
            x, _ = self.at(value, self.y[0])
            self.marks.append(f'<path class="grid" d="M{x} {self.top}V{bottom}"/>')
            self._write(x, bottom + 15, labels[n] if labels else f"{value:g}", "middle")
        for value in ticks[1]:
            _, y = self.at(self.x[0], value)
            self.marks.append(f'<path class="grid" d="M{self.LEFT} {y}H{right}"/>')
            self._write(self.LEFT - 6, y + 4, f"{value:g}", "end")
        self._write((self.LEFT + right) / 2, self.height - 10, names[0], "middle")
        middle = (self.top + bottom) / 2
        turned = f'transform="rotate(-90 14 {middle:.1f})"'
        self.marks.append(
            f'<text x="14" y="{middle:.1f}" text-anchor="middle" {turned}>{text(names[1])}</text>'
        )

    def _write(self, x: float, y: float, words: str, anchor: str, kind: str = "") -> None:
        style = f' class="{kind}"' if kind else ""
        self.marks.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{style}>{text(words)}</text>')

    def label(self, x: float, y: float, words: str, anchor: str = "start", kind: str = "") -> None:
        """Words at a point of the data."""
        at = self.at(x, y)
        self._write(at[0], at[1], words, anchor, kind)

    def line(self, points: Iterable[Point], kind: str) -> None:
        """A line through points; nothing where there are none."""
        there = [self.at(*point) for point in points]
        if there:
            self.marks.append(
                f'<polyline class="{kind}" points="' + " ".join(f"{x},{y}" for x, y in there) + '"/>'
            )

    def dot(self, x: float, y: float, radius: float, kind: str, words: str) -> None:
        """A round mark that says what it stands for when pointed at."""
        across, down = self.at(x, y)
        self.marks.append(
            f'<circle class="{kind}" cx="{across}" cy="{down}" r="{radius:.1f}"><title>{text(words)}</title></circle>'
        )

    def cross(self, x: float, y: float, kind: str, words: str) -> None:
        """A mark of another shape than `dot`."""
        a, d = self.at(x, y)
        shape = f"M{a - 5:.1f} {d - 5:.1f}l10 10M{a - 5:.1f} {d + 5:.1f}l10 -10"
        self.marks.append(f'<path class="{kind}" d="{shape}"><title>{text(words)}</title></path>')

    def bar(self, x: float, low: float, high: float, half: float, kind: str) -> None:
        """An upright bar from low to high, `half` pixels to either side of x."""
        across, top = self.at(x, high)
        _, bottom = self.at(x, low)
        tall = max(bottom - top, 1.5)
        self.marks.append(
            f'<rect class="{kind}" x="{across - half:.1f}" y="{top}" width="{2 * half:.1f}" height="{tall:.1f}"/>'
        )

    def svg(self) -> str:
        """The picture."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" height="{self.height}" aria-labelledby="{self.id}-t {self.id}-d">'
            f'<title id="{self.id}-t">{text(self.title)}</title>'
            f'<desc id="{self.id}-d">{text(self.description)}</desc>'
        )
        words = (
            f'<text class="head" x="{self.LEFT}" y="18">{text(self.title)}</text>'
            f'<text class="sub" x="{self.LEFT}" y="35">{text(self.subtitle)}</text>'
        )
        for n, (kind, name) in enumerate(self.legend):
            x = self.LEFT + n * 126
            words += f'<path class="line {kind}" d="M{x} 50h22"/>'
            words += f'<text class="{kind}" x="{x + 27}" y="54">{text(name)}</text>'
        return head + words + "".join(self.marks) + "</svg>\n"
