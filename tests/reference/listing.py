"""Pages of rows, by counting."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kept_rows import Kept
from world import Thing, World


@dataclass(frozen=True)
class Listed:
    """An order of rows. A cursor is a word of the server's that stands for a row."""

    world: World
    type: Callable[[World, Kept], Thing]
    table: str
    name: str
    columns: Sequence[str]
    descending: bool = False

    def place(self, row: Kept) -> tuple[Any, ...]:
        """What the row is put in order by."""
        return tuple(row[column] for column in self.columns)

    def named(self, cursor: str) -> tuple[Any, ...]:
        """The place of the row that a cursor stands for."""
        ids = {id_ for id_, known in self.world.cursors[self.name].items() if known == cursor}
        return next(self.place(row) for row in self.world.rows.all(self.table) if self.type(self.world, row).id in ids)

    def before(self, place: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
        """Whether a place comes first."""
        return place > other if self.descending else place < other

    def page(  # the arguments of a connection, as GraphQL names them
        self,
        rows: Sequence[Kept],
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> dict[str, Any]:
        """A connection."""
        places = sorted(map(self.place, rows), reverse=self.descending)
        by_place = {self.place(row): row for row in rows}
        start = 0 if after is None else sum(not self.before(self.named(after), place) for place in places)
        end = len(places) if before is None else sum(self.before(place, self.named(before)) for place in places)
        window = places[start:end]
        size = self.world.limits.default_page_size if first is None else first
        page = window[:size] if last is None else window[max(len(window) - last, 0) :]
        cut = len(page) < len(window)
        nodes = [self.type(self.world, by_place[place]) for place in page]
        edges = [{"cursor": self.world.cursors[self.name][node.id], "node": node} for node in nodes]
        return {
            "nodes": nodes,
            "edges": edges,
            "totalCount": len(rows),
            "pageInfo": {
                "hasNextPage": end < len(places) or (cut and last is None),
                "hasPreviousPage": start > 0 or (cut and last is not None),
                "startCursor": edges[0]["cursor"] if edges else None,
                "endCursor": edges[-1]["cursor"] if edges else None,
            },
        }
