"""The chart: a panel for each case, a bar for each server. Cases differ a hundredfold: a panel has its own scale."""

from collections.abc import Iterator
from xml.sax.saxutils import escape

from cases import CASES
from results import Results
from servers import OURS, PEERS

COLUMNS = 2
WIDTH = 470  # of a panel, in pixels
NAMES = 140  # where the bars begin
LONGEST = 190  # what is left of the panel behind the longest bar is for its figures
BAR, GAP = 18, 6
HEAD = 64
HEIGHT = 34 + len(PEERS) * (BAR + GAP) + 22  # of a panel
INK, FAINT = "#1f2328", "#59636e"
FONT = "font-family='system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif'"


def drawn(results: Results) -> str:
    """The chart as SVG."""
    rows = -(-len(CASES) // COLUMNS)
    width, height = COLUMNS * WIDTH + 20, HEAD + rows * HEIGHT
    return "\n".join(
        [
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' height='{height}'"
            f" {FONT} role='img' aria-label='Requests a second of Cartograph and its peers'>",
            f"<rect width='{width}' height='{height}' fill='#ffffff'/>",
            text(20, 28, "Requests a second on one core; longer is better", "font-size='17' font-weight='600'"),
            text(20, 48, "In brackets: how many times as many Cartograph answers", f"font-size='13' fill='{FAINT}'"),
            *(line for index in range(len(CASES)) for line in panel(results, index)),
            "</svg>",
            "",
        ]
    )


def panel(results: Results, index: int) -> Iterator[str]:
    """One case."""
    case = CASES[index].name
    row, column = divmod(index, COLUMNS)
    left, top = 20 + column * WIDTH, HEAD + row * HEIGHT
    most = max(results.rate(case, peer.name) for peer in PEERS)
    yield text(left, top + 20, case, "font-size='14' font-weight='600'")
    for place, peer in enumerate(PEERS):
        rate = results.rate(case, peer.name)
        y = top + 34 + place * (BAR + GAP)
        length = max(2, round(LONGEST * rate / most))
        weight = "600" if peer is OURS else "400"
        figure = f"{rate:,.0f}" if peer is OURS else f"{rate:,.0f} ({results.ratio(case, peer.name):.1f} x)"
        yield text(left + NAMES - 8, y + 13, peer.name, f"font-size='13' font-weight='{weight}' text-anchor='end'")
        yield f"<rect x='{left + NAMES}' y='{y}' width='{length}' height='{BAR}' rx='2' fill='{peer.colour}'/>"
        yield text(left + NAMES + length + 6, y + 13, figure, f"font-size='13' font-weight='{weight}'")


def text(x: int, y: int, words: str, style: str) -> str:
    """A line of text; dark unless ``style`` says otherwise."""
    fill = "" if "fill=" in style else f" fill='{INK}'"
    return f"<text x='{x}' y='{y}' {style}{fill}>{escape(words)}</text>"
