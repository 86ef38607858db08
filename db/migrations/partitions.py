"""Converts tables to PostgreSQL's hash partitions by ``application_id``.

Keys, indexes and grants are read from the database's catalog, not from the models, so this works at any revision.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, TextClause, bindparam, exists, select, table, text
from sqlalchemy.dialects.postgresql import ARRAY, OID

from db.engine.errors import UnusableDatabase

PARTITIONED = (  # tables that grow with the sessions; the others are small
    "customer_profile",
    "customer_session",
    "cart_item",
    "session_identifier",
    "session_discount",
    "session_event",
    "session_return",
    "returned_item",
    "idempotency",
    "code",
    "limit_counter",
    "redemption",
    "posting",
)


def catalog(query: str) -> TextClause:
    """Return a query of the catalog with the parameter ``tables``."""
    return text(query).bindparams(bindparam("tables", type_=ARRAY(OID)))


# Each returns statements that recreate something of the tables; they run before the tables are renamed.
KEYS = catalog("""
    SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE contype IN ('p', 'u') AND conrelid = ANY (:tables) ORDER BY oid""")
INDEXES = catalog("""
    SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = ANY (:tables)
    AND indexrelid NOT IN (SELECT conindid FROM pg_constraint WHERE contype IN ('p', 'u')) ORDER BY indexrelid""")
GRANTS = catalog("""
    SELECT format('GRANT %s ON %s TO %s %s', privilege_type, pg_class.oid::regclass,
                  CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END,
                  CASE WHEN is_grantable THEN 'WITH GRANT OPTION' END)
    FROM pg_class, aclexplode(relacl) WHERE pg_class.oid = ANY (:tables) AND grantee <> relowner""")
REFERENCES = """ FROM pg_constraint WHERE contype = 'f' AND conparentid = 0
    AND (conrelid = ANY (:tables) OR confrelid = ANY (:tables)) ORDER BY oid"""
FOREIGN_KEYS = catalog(
    "SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))"
    + REFERENCES
)
DROP_FOREIGN_KEYS = catalog(
    "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname)" + REFERENCES
)

PARTS = text("""
    SELECT name, to_regclass(name)::oid, (SELECT count(*) FROM pg_inherits WHERE inhparent = to_regclass(name))
    FROM unnest(CAST(:names AS text[])) AS name""")
BECOME_OWNER = text("SELECT set_config('role', pg_get_userbyid(relowner), true) FROM pg_class WHERE oid = :table")
WRITTEN = text("""
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum)
    FROM pg_attribute WHERE attrelid = :table AND attnum > 0 AND NOT attisdropped AND attgenerated = ''""")


class CannotPartition(UnusableDatabase):
    """The tables cannot be partitioned as requested."""


def partition(connection: Connection, number: int) -> bool:
    """Partition the big tables by application into ``number`` partitions each, in the caller's transaction.

    Return False if they have as many already. Other transactions wait, and one that has begun to read may find the new
    tables empty. Raises CannotPartition if there is another number of partitions, and on SQLite.
    """
    if connection.dialect.name != "postgresql":
        raise CannotPartition("Only PostgreSQL has partitions; this is an SQLite database.")
    connection.exec_driver_sql(f"LOCK TABLE {', '.join(PARTITIONED)} IN ACCESS EXCLUSIVE MODE")
    found = connection.execute(PARTS, {"names": list(PARTITIONED)}).all()
    others = {parts for _, _, parts in found} - {0, number}
    if others:
        raise CannotPartition(f"The tables have {others.pop()} partitions already, and keep them.")
    whole = {name: oid for name, oid, parts in found if not parts}
    if not whole:
        return False
    connection.execute(BECOME_OWNER, {"table": next(iter(whole.values()))})
    tables = {"tables": list(whole.values())}
    foreign_keys, drop_foreign_keys, *recreate = (
        statements(connection, query, tables) for query in (FOREIGN_KEYS, DROP_FOREIGN_KEYS, KEYS, INDEXES, GRANTS)
    )
    run(connection, drop_foreign_keys)
    for name, oid in whole.items():
        columns = connection.execute(WRITTEN, {"table": oid}).scalar_one()
        run(connection, convert(name, columns, number))
    filled = [name for name in whole if connection.execute(select(exists().select_from(table(name)))).scalar_one()]
    analyze = [f"ANALYZE {name}" for name in filled]  # statistics of an empty table would mislead the planner later
    for each_kind in (*recreate, foreign_keys, analyze):
        run(connection, each_kind)
    return True


def convert(name: str, columns: str, number: int) -> Sequence[str]:
    """Return statements that replace a table by a partitioned one with its columns, checks and rows, but no keys."""
    return [
        f"ALTER TABLE {name} RENAME TO {name}_whole",
        f"CREATE TABLE {name} (LIKE {name}_whole INCLUDING ALL EXCLUDING INDEXES) PARTITION BY HASH (application_id)",
        *(
            f"CREATE TABLE {name}_{index} PARTITION OF {name} FOR VALUES WITH (MODULUS {number}, REMAINDER {index})"
            for index in range(number)
        ),
        f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {name}_whole",  # noqa: S608  # names of our own
        f"DROP TABLE {name}_whole",
    ]


def statements(connection: Connection, query: TextClause, tables: dict[str, list[int]]) -> Sequence[str]:
    """Return the statements that a query of the catalog returns."""
    return connection.execute(query, tables).scalars().all()


def run(connection: Connection, statements: Sequence[str]) -> None:
    """Run statements in order."""
    for statement in statements:
        connection.exec_driver_sql(statement)
