"""Pages of sorted rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from dataset import Dataset, ReferenceObject
from table_rows import RowValues


@dataclass(frozen=True)
class OrderedList:
    """Rows in an order. Cursors are opaque: they are looked up among those that the server has returned."""

    dataset: Dataset
    type: Callable[[Dataset, RowValues], ReferenceObject]
    table: str
    name: str
    columns: Sequence[str]
    descending: bool = False

    def sort_key(self, row: RowValues) -> tuple[Any, ...]:
        """Return the sort key of a row."""
        return tuple(row[column] for column in self.columns)

    def key_of(self, cursor: str) -> tuple[Any, ...]:
        """Return the sort key of a cursor's row."""
        ids = {id_ for id_, known in self.dataset.cursors[self.name].items() if known == cursor}
        return next(
            self.sort_key(row) for row in self.dataset.rows.all(self.table) if self.type(self.dataset, row).id in ids
        )

    def precedes(self, key: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
        """Return whether a sort key precedes another."""
        return key > other if self.descending else key < other

    def page(  # the arguments of a connection
        self,
        rows: Sequence[RowValues],
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> dict[str, Any]:
        """Return a connection."""
        keys = sorted(map(self.sort_key, rows), reverse=self.descending)
        by_key = {self.sort_key(row): row for row in rows}
        start = 0 if after is None else sum(not self.precedes(self.key_of(after), key) for key in keys)
        end = len(keys) if before is None else sum(self.precedes(key, self.key_of(before)) for key in keys)
        window = keys[start:end]
        size = self.dataset.limits.default_page_size if first is None else first
        page = window[:size] if last is None else window[max(len(window) - last, 0) :]
        cut = len(page) < len(window)
        nodes = [self.type(self.dataset, by_key[key]) for key in page]
        edges = [{"cursor": self.dataset.cursors[self.name][node.id], "node": node} for node in nodes]
        return {
            "nodes": nodes,
            "edges": edges,
            "totalCount": len(rows),
            "pageInfo": {
                "hasNextPage": end < len(keys) or (cut and last is None),
                "hasPreviousPage": start > 0 or (cut and last is not None),
                "startCursor": edges[0]["cursor"] if edges else None,
                "endCursor": edges[-1]["cursor"] if edges else None,
            },
        }
