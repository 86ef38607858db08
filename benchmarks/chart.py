"""The chart: a panel for each case, a bar for each server. Each panel has its own scale: rates differ a hundredfold."""

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from results import Outcome

COLUMNS = 2
WIDTH = 470  # of a panel, in pixels
NAMES = 140  # width of the names, left of the bars
LONGEST = 190  # length of the longest bar; the rest of the panel is for the figures
BAR, GAP = 18, 6
HEAD = 64
TITLE = 40
INK, FAINT = "#1f2328", "#59636e"
FONT = "font-family='system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif'"


def to_svg(outcomes: Sequence[Outcome]) -> str:
    """Return the chart as SVG."""
    tops = [HEAD]
    for outcome in outcomes:
        tops.append(tops[-1] + TITLE + -(-len(outcome.comparison.cases) // COLUMNS) * height(outcome))
    width = COLUMNS * WIDTH + 20
    return "\n".join(
        [
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {tops[-1]}' width='{width}'"
            f" height='{tops[-1]}' {FONT} role='img' aria-label='Requests per second of Cartograph and other servers'>",
            f"<rect width='{width}' height='{tops[-1]}' fill='#ffffff'/>",
            text(20, 28, "Requests per second; longer is better", "font-size='17' font-weight='600'"),
            text(
                20,
                48,
                "In brackets: the rate of the first server divided by this one",
                f"font-size='13' fill='{FAINT}'",
            ),
            *(line for outcome, top in zip(outcomes, tops, strict=False) for line in group(outcome, top)),
            "</svg>",
            "",
        ]
    )


def height(outcome: Outcome) -> int:
    """Return the height of each panel of a comparison."""
    return 34 + len(outcome.comparison.implementations) * (BAR + GAP) + 22


def group(outcome: Outcome, top: int) -> Iterator[str]:
    """Yield the elements of a comparison."""
    yield text(20, top + 22, outcome.comparison.title, "font-size='16' font-weight='600'")
    for index, case in enumerate(outcome.comparison.cases):
        row, column = divmod(index, COLUMNS)
        yield from panel(outcome, case.name, 20 + column * WIDTH, top + TITLE + row * height(outcome))


def panel(outcome: Outcome, case: str, left: int, top: int) -> Iterator[str]:
    """Yield the elements of a case."""
    first, *_ = implementations = outcome.comparison.implementations
    highest = max(outcome.rate(case, implementation.name) for implementation in implementations)
    yield text(left, top + 20, case, "font-size='14' font-weight='600'")
    for index, implementation in enumerate(implementations):
        name, colour = implementation.name, implementation.colour
        rate = outcome.rate(case, name)
        y = top + 34 + index * (BAR + GAP)
        length = max(2, round(LONGEST * rate / highest))
        weight = "600" if implementation is first else "400"
        ratio = "" if implementation is first else f" ({outcome.ratio(case, name):.1f} x)"
        yield text(left + NAMES - 8, y + 13, name, f"font-size='13' font-weight='{weight}' text-anchor='end'")
        yield f"<rect x='{left + NAMES}' y='{y}' width='{length}' height='{BAR}' rx='2' fill='{colour}'/>"
        yield text(left + NAMES + length + 6, y + 13, f"{rate:,.0f}{ratio}", f"font-size='13' font-weight='{weight}'")


def text(x: int, y: int, words: str, style: str) -> str:
    """Return a line of text; dark unless ``style`` has a fill."""
    fill = "" if "fill=" in style else f" fill='{INK}'"
    return f"<text x='{x}' y='{y}' {style}{fill}>{escape(words)}</text>"
