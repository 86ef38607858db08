"""The rules of the house: who imports whom, what stands in every key, and that every module says what it is."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Table
from sqlalchemy.schema import ForeignKeyConstraint, PrimaryKeyConstraint, UniqueConstraint

from db.tables import Row

ROOT = Path(__file__).parent.parent
MODULES = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for wing in ("db", "graphql_api")
    for path in sorted((ROOT / wing).rglob("*.py"))
}
DOMAIN = [module for module in MODULES if module.startswith("db/domain/")]
OUTSIDE = {"asyncio", "io", "logging", "os", "pathlib", "random", "secrets", "socket", "sqlite3", "time", "uuid"}
SERVING = {"graphql", "graphql_api", "httpx", "starlette", "strawberry", "uvicorn"}
OPENERS = {"create_engine", "create_async_engine", "engine", "open_database", "connect"}


def imports(module: str) -> Iterator[str]:
    """The full names of what a module imports, wherever in it the import stands."""
    for node in ast.walk(MODULES[module]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def at_import(node: ast.AST) -> Iterator[ast.Call]:
    """The calls that are made when a module is imported: all but those inside a function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from at_import(child)


@pytest.mark.parametrize("module", [module for module in MODULES if module.startswith("db/")])
def test_nothing_in_db_knows_graphql_or_http(module: str) -> None:
    assert not [name for name in imports(module) if name.split(".")[0] in SERVING]


@pytest.mark.parametrize("module", DOMAIN)
def test_the_domain_imports_the_standard_library_and_itself_alone(module: str) -> None:
    foreign = [name for name in imports(module) if name.split(".")[0] not in sys.stdlib_module_names]
    assert not [name for name in foreign if not name.startswith("db.domain.")]


@pytest.mark.parametrize("module", DOMAIN)
def test_the_domain_does_no_input_or_output_and_has_neither_clock_nor_chance(module: str) -> None:
    assert not [name for name in imports(module) if name.split(".")[0] in OUTSIDE]
    assert not [node for node in ast.walk(MODULES[module]) if isinstance(node, ast.Await | ast.AsyncFunctionDef)]
    assert not {node.attr for node in ast.walk(MODULES[module]) if isinstance(node, ast.Attribute)} & {"now", "today"}


@pytest.mark.parametrize("module", MODULES)
def test_no_module_opens_a_database_when_it_is_imported(module: str) -> None:
    names = [ast.unparse(call.func).split(".")[-1] for call in at_import(MODULES[module])]
    assert OPENERS.isdisjoint(names)


@pytest.mark.parametrize("module", MODULES)
def test_every_module_says_what_it_is(module: str) -> None:
    assert ast.get_docstring(MODULES[module])


@pytest.mark.parametrize("table", Row.metadata.sorted_tables, ids=str)
def test_application_id_leads_every_key_and_every_index(table: Table) -> None:
    keys = [
        each.columns.keys()
        for each in table.constraints
        if isinstance(each, PrimaryKeyConstraint | UniqueConstraint | ForeignKeyConstraint)
    ]
    indexes = [index.columns.keys() for index in table.indexes]
    assert {columns[0] for columns in (*keys, *indexes)} == {"application_id"}


@pytest.mark.parametrize("table", Row.metadata.sorted_tables, ids=str)
def test_a_foreign_key_stays_within_one_application(table: Table) -> None:
    referred = [key.elements[0].column.name for key in table.foreign_key_constraints]
    assert set(referred) <= {"application_id"}
