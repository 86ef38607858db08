"""The chart: a panel for each case, a bar for each server. Cases differ a hundredfold: a panel has its own scale."""

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from results import Outcome

COLUMNS = 2
WIDTH = 470  # of a panel, in pixels
NAMES = 140  # where the bars begin
LONGEST = 190  # what is left of the panel behind the longest bar is for its figures
BAR, GAP = 18, 6
HEAD = 64
TITLE = 40
INK, FAINT = "#1f2328", "#59636e"
FONT = "font-family='system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif'"


def drawn(outcomes: Sequence[Outcome]) -> str:
    """The chart as SVG."""
    tops = [HEAD]
    for outcome in outcomes:
        tops.append(tops[-1] + TITLE + -(-len(outcome.contest.cases) // COLUMNS) * height(outcome))
    width = COLUMNS * WIDTH + 20
    return "\n".join(
        [
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {tops[-1]}' width='{width}'"
            f" height='{tops[-1]}' {FONT} role='img' aria-label='Requests a second of Cartograph and its peers'>",
            f"<rect width='{width}' height='{tops[-1]}' fill='#ffffff'/>",
            text(20, 28, "Requests a second; longer is better", "font-size='17' font-weight='600'"),
            text(20, 48, "In brackets: how many times as many the first answers", f"font-size='13' fill='{FAINT}'"),
            *(line for outcome, top in zip(outcomes, tops, strict=False) for line in group(outcome, top)),
            "</svg>",
            "",
        ]
    )


def height(outcome: Outcome) -> int:
    """Of each panel of a contest."""
    return 34 + len(outcome.contest.peers) * (BAR + GAP) + 22


def group(outcome: Outcome, top: int) -> Iterator[str]:
    """One contest."""
    yield text(20, top + 22, outcome.contest.title, "font-size='16' font-weight='600'")
    for index, case in enumerate(outcome.contest.cases):
        row, column = divmod(index, COLUMNS)
        yield from panel(outcome, case.name, 20 + column * WIDTH, top + TITLE + row * height(outcome))


def panel(outcome: Outcome, case: str, left: int, top: int) -> Iterator[str]:
    """One case."""
    first, *_ = peers = outcome.contest.peers
    most = max(outcome.rate(case, peer.name) for peer in peers)
    yield text(left, top + 20, case, "font-size='14' font-weight='600'")
    for place, peer in enumerate(peers):
        rate = outcome.rate(case, peer.name)
        y = top + 34 + place * (BAR + GAP)
        length = max(2, round(LONGEST * rate / most))
        weight = "600" if peer is first else "400"
        figure = f"{rate:,.0f}" if peer is first else f"{rate:,.0f} ({outcome.ratio(case, peer.name):.1f} x)"
        yield text(left + NAMES - 8, y + 13, peer.name, f"font-size='13' font-weight='{weight}' text-anchor='end'")
        yield f"<rect x='{left + NAMES}' y='{y}' width='{length}' height='{BAR}' rx='2' fill='{peer.colour}'/>"
        yield text(left + NAMES + length + 6, y + 13, figure, f"font-size='13' font-weight='{weight}'")


def text(x: int, y: int, words: str, style: str) -> str:
    """A line of text; dark unless ``style`` says otherwise."""
    fill = "" if "fill=" in style else f" fill='{INK}'"
    return f"<text x='{x}' y='{y}' {style}{fill}>{escape(words)}</text>"
