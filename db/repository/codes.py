"""Codes: many are inserted by one statement; one is found by its ID, some by their texts."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, bindparam, case, func, or_, select, true, update
from sqlalchemy.dialects.postgresql import ARRAY

from db.domain.promotions.code import CodeKind, normalize
from db.engine import json
from db.engine.statements import Statement
from db.repository.core import CODE, InList, TextList, insert_in
from db.repository.ids import next_ids

# The columns that codes of one statement share.
SHARED = [column.name for column in CODE.c if column.name not in ("id", "code", "normalized")]


def of_column(name: str, called: str | None = None) -> Any:
    """Return a parameter of a column's type."""
    return bindparam(called or name, type_=CODE.c[name].type)


LOCK_CODE = Statement(
    select(CODE)
    .where(
        CODE.c.application_id == bindparam("application_id"),
        CODE.c.id == bindparam("code_id"),
        CODE.c.kind == of_column("kind"),
    )
    .with_for_update(key_share=True)
)
SELECT_EXISTING = Statement(
    select(CODE.c.normalized).where(
        CODE.c.application_id == bindparam("application_id"),
        CODE.c.kind == of_column("kind"),
        InList(CODE.c.normalized, bindparam("normalized", type_=TextList())),
    )
)
# In an UPDATE no parameter of the WHERE can have the name of a column.
OF_BATCH: Sequence[ColumnElement[bool]] = (
    CODE.c.application_id == bindparam("of_application"),
    CODE.c.kind == CodeKind.COUPON,
    CODE.c.batch == bindparam("of_batch"),
    CODE.c.campaign_id == bindparam("of_campaign"),
)
SIZE_OF_BATCH: Sequence[ColumnElement[Any]] = (
    func.count(CODE.c.id).label("size"),
    func.max(CODE.c.normalized).label("last"),
)
SELECT_BATCH = Statement(select(*SIZE_OF_BATCH).where(*OF_BATCH))
NOW = of_column("ends", "now")
END_BATCH = Statement(
    update(CODE)
    .where(*OF_BATCH, or_(CODE.c.ends.is_(None), CODE.c.ends > NOW))
    .values(ends=NOW, starts=case((CODE.c.starts < NOW, CODE.c.starts)))  # a code ends after it starts
    .returning(CODE.c.id)
)


def lock_code(connection: Connection, application_id: int, code_id: int, kind: CodeKind) -> Any:
    """Return the row of a code, which is locked until the transaction ends, or None."""
    return LOCK_CODE.first(connection, {"application_id": application_id, "code_id": code_id, "kind": kind})


def existing_codes(
    connection: Connection, application_id: int, kind: CodeKind, normalized: Collection[str]
) -> frozenset[str]:
    """Return those of the normalized texts that are codes already."""
    names = {"application_id": application_id, "kind": kind, "normalized": list(normalized)}
    return frozenset(row.normalized for row in SELECT_EXISTING.rows(connection, names))


def insert_codes(connection: Connection, codes: Sequence[str], shared: Mapping[str, Any]) -> Mapping[str, int]:
    """Insert codes that have the columns ``shared`` in common. Return the IDs by normalized text.

    A code that exists is left out, and of a text that is listed twice the second one.
    """
    ids = next_ids(connection, CODE, shared["application_id"], len(codes))
    texts = {"ids": ids, "codes": codes, "normalized_codes": [normalize(code) for code in codes]}
    if connection.dialect.name == "sqlite":
        texts = {"rows": json.dumps(list(zip(*texts.values(), strict=True)))}
    row = {name: shared.get(name) for name in SHARED} | {"used": 0}
    return {row.normalized: row.id for row in inserting(connection.dialect.name).rows(connection, {**row, **texts})}


@cache
def inserting(dialect: str) -> Statement:
    """Return the statement of ``insert_codes``."""
    if dialect == "postgresql":
        arrays = [bindparam("ids", type_=ARRAY(CODE.c.id.type))]
        arrays += [bindparam(name, type_=ARRAY(Text())) for name in ("codes", "normalized_codes")]
        rows = func.unnest(*arrays).table_valued("id", "code", "normalized").render_derived()
        texts: list[ColumnElement[Any]] = [rows.c.id, rows.c.code, rows.c.normalized]
    else:
        each = func.json_each(bindparam("rows", type_=Text())).table_valued("value")
        texts = [func.json_extract(each.c.value, f"$[{index}]") for index in range(3)]
    values = {
        **dict(zip(("id", "code", "normalized"), texts, strict=True)),
        **{name: of_column(name) for name in SHARED},
    }
    statement = insert_in(dialect, CODE).from_select(list(values), select(*values.values()).where(true()))
    return Statement(statement.on_conflict_do_nothing().returning(CODE.c.id, CODE.c.normalized))


def update_code(connection: Connection, application_id: int, code_id: int, columns: Mapping[str, Any]) -> None:
    """Change columns of a code."""
    connection.execute(update(CODE).filter_by(application_id=application_id, id=code_id).values(columns))


def describe_batch(connection: Connection, application_id: int, campaign_id: int, batch: str) -> Any:
    """Return the ``size`` of a batch of coupons, and the ``last`` of their normalized texts."""
    return SELECT_BATCH.first(connection, batch_names(application_id, campaign_id, batch))


def end_batch(connection: Connection, application_id: int, campaign_id: int, batch: str, now: datetime) -> int:
    """End the coupons of a batch. Return the number of those that had not ended before."""
    return len(END_BATCH.rows(connection, {**batch_names(application_id, campaign_id, batch), "now": now}))


def batch_names(application_id: int, campaign_id: int, batch: str) -> dict[str, Any]:
    """Return the parameters of OF_BATCH."""
    return {"of_application": application_id, "of_campaign": campaign_id, "of_batch": batch}
