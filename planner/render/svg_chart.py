"""A chart as an SVG file of its own: no script, no font to load, the same bytes each time.

Shape and colour both say what a point is. Colours are those of Okabe and Ito, which people with
any of the common colour blindnesses tell apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from planner.render.chart import Chart, Kind, Mark
from planner.render.tables import display_width, shorten_names

__all__ = ["chart_svg"]

_INK, _GRID, _PAPER = "#222222", "#dddddd", "#ffffff"
_COLORS: dict[Kind, str] = {
    "frontier": "#0072b2",
    "mixed": "#d55e00",
    "dominated": "#767676",
    "not_comparable": "#cc79a7",
}
_MEANINGS: dict[Kind, str] = {
    "frontier": "on the frontier",
    "mixed": "on the frontier, but a mix of two others beats it",
    "dominated": "not on the frontier",
    "not_comparable": "not comparable: another value is missing",
}
_LEFT, _TOP, _WIDTH, _HEIGHT = 76, 56, 520, 340
_KEY_X, _KEY_WIDTH, _LINE = _LEFT + _WIDTH + 28, 300, 18
_BOTTOM = 84
_NAME_COLUMNS = 40
_MOST_KEYS = 60
_RADIUS = 5.0
_FONT = "font-family=\"system-ui, 'Segoe UI', Helvetica, Arial, sans-serif\""
# Where a label may stand, in this order: cheaper and better than a point there is least.
_PLACES = ((-7, -6), (9, 4), (-9, 4), (0, -9), (8, 14), (0, 17), (8, -6), (-8, 14))


@dataclass(frozen=True, slots=True)
class _Box:
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: _Box) -> bool:
        apart = self.right <= other.left or other.right <= self.left
        return not (apart or self.bottom <= other.top or other.bottom <= self.top)


def chart_svg(chart: Chart, title: str, description: str) -> str:
    """The file; ``title`` and ``description`` are also what a screen reader says."""
    keys = chart.marks[:_MOST_KEYS]
    height = max(_TOP + _HEIGHT + _BOTTOM, _TOP + 8 + _LINE * (len(keys) + 2))
    width = _KEY_X + _KEY_WIDTH
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-labelledby="title description" {_FONT} '
        f'font-size="12" fill="{_INK}">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="description">{escape(description)}</desc>',
        f'<rect width="{width}" height="{height}" fill="{_PAPER}"/>',
        f'<text x="{_LEFT}" y="28" font-size="15" font-weight="600">{escape(title)}</text>',
        *_frame(chart),
        *_line_of_frontier(chart),
        *(line for mark in _drawn_order(chart.marks) for line in _mark(mark)),
        *_labels(chart.marks),
        *_key(keys, len(chart.marks)),
        *_legend(chart, height),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _x(place: float) -> float:
    return _LEFT + place * _WIDTH


def _y(place: float) -> float:
    return _TOP + (1 - place) * _HEIGHT


def _n(value: float) -> str:
    """A coordinate with one decimal at most."""
    return f"{value:.1f}".removesuffix(".0")


def _frame(chart: Chart) -> Iterator[str]:
    bottom, right = _TOP + _HEIGHT, _LEFT + _WIDTH
    for tick in chart.x.ticks:
        x = _n(_x(tick.at))
        yield f'<line x1="{x}" y1="{_TOP}" x2="{x}" y2="{bottom}" stroke="{_GRID}"/>'
        yield f'<text x="{x}" y="{bottom + 18}" text-anchor="middle">{escape(tick.label)}</text>'
    for tick in chart.y.ticks:
        y = _y(tick.at)
        yield f'<line x1="{_LEFT}" y1="{_n(y)}" x2="{right}" y2="{_n(y)}" stroke="{_GRID}"/>'
        yield (
            f'<text x="{_LEFT - 8}" y="{_n(y + 4)}" text-anchor="end">{escape(tick.label)}</text>'
        )
    yield (
        f'<rect x="{_LEFT}" y="{_TOP}" width="{_WIDTH}" height="{_HEIGHT}" fill="none" '
        f'stroke="{_INK}"/>'
    )
    x, y, title = _n(_x(0.5)), _n(_y(0.5)), escape(chart.x.full_title)
    yield f'<text x="{x}" y="{bottom + 40}" text-anchor="middle">{title}</text>'
    yield (
        f'<text transform="translate(20 {y}) rotate(-90)" text-anchor="middle">'
        f"{escape(chart.y.full_title)}</text>"
    )


def _line_of_frontier(chart: Chart) -> Iterator[str]:
    if len(chart.steps) > 1:
        corners = " ".join(f"{_n(_x(x))},{_n(_y(y))}" for x, y in chart.steps)
        color = _COLORS["frontier"]
        yield f'<polyline points="{corners}" fill="none" stroke="{color}" stroke-width="1.5"/>'
        yield (
            f'<text x="{_LEFT + _WIDTH}" y="{_TOP - 8}" text-anchor="end" font-size="11">'
            "line: frontier of these two axes</text>"
        )


def _drawn_order(marks: Sequence[Mark]) -> list[Mark]:
    """Points of the frontier lie on top."""
    return sorted(marks, key=lambda mark: mark.kind not in ("dominated", "not_comparable"))


def _mark(mark: Mark) -> Iterator[str]:
    x, y, color = _x(mark.x), _y(mark.y), _COLORS[mark.kind]
    yield f"<g><title>{escape(f'{mark.key} {mark.name}')}</title>"
    if mark.low is not None and mark.high is not None:
        low, high = _n(_y(mark.low)), _n(_y(mark.high))
        yield (
            f'<line x1="{_n(x)}" y1="{low}" x2="{_n(x)}" y2="{high}" stroke="{color}" '
            'stroke-opacity="0.6"/>'
        )
        for end in (low, high):
            yield (
                f'<line x1="{_n(x - 3)}" y1="{end}" x2="{_n(x + 3)}" y2="{end}" stroke="{color}" '
                'stroke-opacity="0.6"/>'
            )
    yield f"{_shape(mark.kind, x, y)}</g>"


def _shape(kind: Kind, x: float, y: float) -> str:
    """A disc, a diamond, an empty square, or an empty triangle."""
    color, r = _COLORS[kind], _RADIUS
    if kind == "frontier":
        return f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(r)}" fill="{color}"/>'
    if kind == "mixed":
        r += 1
        corners = ((x, y - r), (x + r, y), (x, y + r), (x - r, y))
        points = " ".join(f"{_n(a)},{_n(b)}" for a, b in corners)
        return f'<polygon points="{points}" fill="{color}"/>'
    if kind == "not_comparable":
        corners = ((x, y - r), (x + r, y + r - 1), (x - r, y + r - 1))
        points = " ".join(f"{_n(a)},{_n(b)}" for a, b in corners)
        return f'<polygon points="{points}" fill="{_PAPER}" stroke="{color}" stroke-width="1.5"/>'
    return (
        f'<rect x="{_n(x - r + 1)}" y="{_n(y - r + 1)}" width="{_n(2 * r - 2)}" '
        f'height="{_n(2 * r - 2)}" fill="{_PAPER}" stroke="{color}" stroke-width="1.5"/>'
    )


def _labels(marks: Sequence[Mark]) -> Iterator[str]:
    """The key beside each point, where it covers no other point and no other key."""
    taken = [
        _Box(_x(m.x) - _RADIUS, _y(m.y) - _RADIUS, _x(m.x) + _RADIUS, _y(m.y) + _RADIUS)
        for m in marks
    ]
    for mark in marks:
        choices = [_label_box(mark, dx, dy) for dx, dy in _PLACES]
        free = (i for i, box in enumerate(choices) if not any(box.meets(other) for other in taken))
        chosen = next(free, 0)
        dx, dy = _PLACES[chosen]
        taken.append(choices[chosen])
        anchor = "start" if dx > 0 else "end" if dx < 0 else "middle"
        yield (
            f'<text x="{_n(_x(mark.x) + dx)}" y="{_n(_y(mark.y) + dy)}" text-anchor="{anchor}" '
            f'font-size="11" paint-order="stroke" stroke="{_PAPER}" stroke-width="3">'
            f"{mark.key}</text>"
        )


def _label_box(mark: Mark, dx: float, dy: float) -> _Box:
    width = 6.5 * len(mark.key)
    x, y = _x(mark.x) + dx, _y(mark.y) + dy
    left = x if dx > 0 else x - width if dx < 0 else x - width / 2
    return _Box(left, y - 9, left + width, y)


def _key(marks: Sequence[Mark], total: int) -> Iterator[str]:
    names = shorten_names([mark.name for mark in marks], _NAME_COLUMNS)
    y = _TOP + 8
    for mark, name in zip(marks, names, strict=True):
        # A name that could not be shortened is squeezed into its column.
        fit = f' textLength="{_KEY_WIDTH - 56}"' if display_width(name) > _NAME_COLUMNS else ""
        yield f'<text x="{_KEY_X + 18}" y="{y + 4}" text-anchor="end">{mark.key}</text>'
        yield _shape(mark.kind, _KEY_X + 32, y)
        yield f'<text x="{_KEY_X + 46}" y="{y + 4}"{fit}>{escape(name)}</text>'
        y += _LINE
    if total > len(marks):
        yield f'<text x="{_KEY_X + 46}" y="{y + 4}">and {total - len(marks):,} more</text>'


def _legend(chart: Chart, height: int) -> Iterator[str]:
    used = {mark.kind for mark in chart.marks}
    kinds: list[Kind] = [kind for kind in _MEANINGS if kind in used]
    x, y = float(_LEFT), height - 16
    for kind in kinds:
        yield _shape(kind, x, y)
        yield f'<text x="{_n(x + 10)}" y="{y + 4}" font-size="11">{_MEANINGS[kind]}</text>'
        x += 34 + 5.9 * len(_MEANINGS[kind])
    if any(mark.low is not None for mark in chart.marks):
        yield f'<text x="{_n(x)}" y="{y + 4}" font-size="11">bars: 95 % Wilson intervals</text>'
