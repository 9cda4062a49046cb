"""Plots: findings left, tokens and time over the attempts, as inline SVG that follows the theme."""

from __future__ import annotations

from collections.abc import Sequence

from ohgw_agent.trace.report.markup import Html, el

WIDTH, HEIGHT = 360, 150
LEFT, RIGHT, TOP, BOTTOM = 44, 10, 12, 26
MOST_LABELS = 12


def line_plot(title: str, values: Sequence[int | None], unit: str) -> Html:
    """Return a line through `values` by attempt; None leaves a gap."""
    top = _top(values)
    points = [(n, value) for n, value in enumerate(values) if value is not None]
    path = " ".join(
        f"{'M' if place == 0 else 'L'}{_x(n, len(values)):.1f} {_y(value, top):.1f}"
        for place, (n, value) in enumerate(points)
    )
    dots = [
        el(
            "circle",
            cx=f"{_x(n, len(values)):.1f}",
            cy=f"{_y(value, top):.1f}",
            r="3",
            class_="dot",
        )
        for n, value in points
    ]
    shapes = [el("path", d=path, class_="curve") if path else None, dots]
    return _figure(title, values, unit, top, shapes)


def bar_plot(title: str, values: Sequence[int], unit: str) -> Html:
    """Return a bar for each attempt."""
    top = _top(values)
    width = max(2.0, min(24.0, (WIDTH - LEFT - RIGHT) / max(1, len(values)) * 0.6))
    bars = [
        el(
            "rect",
            x=f"{_x(n, len(values)) - width / 2:.1f}",
            y=f"{_y(value, top):.1f}",
            width=f"{width:.1f}",
            height=f"{HEIGHT - BOTTOM - _y(value, top):.1f}",
            class_="bar",
        )
        for n, value in enumerate(values)
    ]
    return _figure(title, values, unit, top, bars)


def _figure(title: str, values: Sequence[int | None], unit: str, top: int, shapes: object) -> Html:
    words = ", ".join(f"{n}: {'-' if v is None else v}" for n, v in enumerate(values))
    base = HEIGHT - BOTTOM
    axes = [
        el("line", x1=LEFT, y1=base, x2=WIDTH - RIGHT, y2=base, class_="axis"),
        el("line", x1=LEFT, y1=TOP, x2=WIDTH - RIGHT, y2=TOP, class_="grid"),
        el("text", short(top), x=LEFT - 6, y=TOP + 4, class_="tick end"),
        el("text", "0", x=LEFT - 6, y=base + 4, class_="tick end"),
    ]
    step = max(1, -(-len(values) // MOST_LABELS))
    labels = [
        el("text", str(n), x=f"{_x(n, len(values)):.1f}", y=HEIGHT - 8, class_="tick middle")
        for n in range(0, len(values), step)
    ]
    drawing = el(
        "svg",
        el("title", f"{title}: {unit} by attempt"),
        el("desc", words),
        axes,
        labels,
        shapes,  # type: ignore[arg-type]
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
    )
    return el("figure", drawing, el("figcaption", f"{title} ({unit}, by attempt)"))


def short(number: int) -> str:
    """Return a number in at most five characters, as the axis has room for."""
    for size, letter in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if number >= 10 * size:
            return f"{number // size}{letter}"
        if number >= size and size > 1_000:
            return f"{number / size:.1f}{letter}"
    return str(number)


def _top(values: Sequence[int | None]) -> int:
    return max([1, *(value for value in values if value is not None)])


def _x(number: int, count: int) -> float:
    inner = WIDTH - LEFT - RIGHT
    return LEFT + inner * (number + 0.5) / max(1, count)


def _y(value: int, top: int) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top
