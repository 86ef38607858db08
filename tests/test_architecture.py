"""The architecture: which package imports which, no import cycles, and the keys and indexes of the tables."""

import ast
import sys
from collections.abc import Callable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from sqlalchemy import Table
from sqlalchemy.schema import ForeignKeyConstraint, PrimaryKeyConstraint, UniqueConstraint

from db.tables import Row

ROOT = Path(__file__).parent.parent

# From the bottom to the top. A package imports packages of lower layers, and none of its own layer.
LAYERS = (
    {"db.domain", "db.engine"},
    {"db.tables"},
    {"db.repository"},
    {"db.events", "db.operations", "db.import_export", "db.migrations"},
    {"graphql_api.settings", "graphql_api.errors", "graphql_api.scalars"},
    {"graphql_api.security"},
    {"graphql_api.sql", "graphql_api.observability"},
    {"graphql_api.execution"},
    {"graphql_api.types", "graphql_api.http"},
    {"graphql_api.webhooks"},
    {"graphql_api.mutations"},
    {"graphql_api.preview_session"},
    {"graphql_api.queries"},
    {"graphql_api.subscriptions"},
    {"graphql_api.schema"},
    {"graphql_api.app", "graphql_api.demo", "graphql_api.workers"},
    {"graphql_api.commands"},
    {"graphql_api.cli"},
    {"graphql_api.__main__"},
)
LAYER = {package: number for number, packages in enumerate(LAYERS) for package in packages}

SERVER_LIBRARIES = {"aiohttp", "graphql", "httpx", "starlette", "strawberry", "uvicorn"}
IMPURE = {"asyncio", "io", "logging", "os", "pathlib", "random", "secrets", "socket", "sqlite3", "time", "uuid"}
OPENERS = {"create_engine", "create_async_engine", "engine", "open_database", "connect"}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    module_name(path): ast.parse(path.read_text(encoding="utf-8"))
    for directory in ("db", "graphql_api")
    for path in sorted((ROOT / directory).rglob("*.py"))
}
DOMAIN = {name: tree for name, tree in MODULES.items() if name.startswith("db.domain")}


def package_of(module: str) -> str:
    """The package, or the module directly in ``db`` or ``graphql_api``, that a module belongs to."""
    return ".".join(module.split(".")[:2])


def imported(node: ast.AST) -> Iterator[str]:
    """Yield the full names of what is imported anywhere below a node, inside functions too."""
    for child in ast.walk(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"line {child.lineno}: a relative import"
            yield from (f"{child.module}.{alias.name}" for alias in child.names)


def imported_modules(module: str) -> set[str]:
    """The modules of this project that a module imports."""
    names = imported(without_lazy_types(module))
    own = {name if name in MODULES else name.rpartition(".")[0] for name in names}
    return (own & MODULES.keys()) - {module}


def without_lazy_types(module: str) -> ast.Module:
    """A module's tree. GraphQL types that refer to each other import for the type checker alone: that is left out."""
    tree = MODULES[module]
    if package_of(module) != "graphql_api.types":
        return tree
    body = [node for node in tree.body if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")]
    return ast.Module(body, [])


def top_level(name: str) -> str:
    return name.partition(".")[0]


def offenders(trees: Mapping[str, ast.Module], found: Callable[[ast.Module], set[str]]) -> Mapping[str, set[str]]:
    """The modules in which something is found that should not be there."""
    return {module: names for module, tree in trees.items() if (names := found(tree))}


def test_every_package_has_a_layer() -> None:
    assert {package_of(module) for module in MODULES} - {"db", "graphql_api"} == LAYER.keys()


def test_packages_import_lower_layers_only() -> None:
    assert not {
        f"{module} imports {target}"
        for module in MODULES
        for target in imported_modules(module)
        if package_of(module) != package_of(target)
        and LAYER.get(package_of(target), -1) >= LAYER.get(package_of(module), -1)
    }


def test_no_import_cycles() -> None:
    try:
        TopologicalSorter({module: imported_modules(module) for module in MODULES}).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_db_imports_neither_graphql_nor_http() -> None:
    db = {module: tree for module, tree in MODULES.items() if top_level(module) == "db"}

    assert not offenders(db, lambda tree: {*map(top_level, imported(tree))} & {*SERVER_LIBRARIES, "graphql_api"})


def test_domain_imports_only_the_standard_library_and_itself() -> None:
    def foreign(tree: ast.Module) -> set[str]:
        allowed = sys.stdlib_module_names
        return {name for name in imported(tree) if top_level(name) not in allowed and not name.startswith("db.domain")}

    assert not offenders(DOMAIN, foreign)


def test_domain_is_pure() -> None:
    def impure(tree: ast.Module) -> set[str]:
        nodes = list(ast.walk(tree))
        clock = {node.attr for node in nodes if isinstance(node, ast.Attribute)} & {"now", "today"}
        awaits = {type(node).__name__ for node in nodes if isinstance(node, ast.Await | ast.AsyncFunctionDef)}
        return {*map(top_level, imported(tree))} & IMPURE | clock | awaits

    assert not offenders(DOMAIN, impure)


def calls_on_import(node: ast.AST) -> Iterator[str]:
    """Yield the names of the functions that are called when a module is imported."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            yield ast.unparse(child.func).split(".")[-1]
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from calls_on_import(child)


def test_importing_a_module_opens_no_database() -> None:
    assert not offenders(MODULES, lambda tree: {*calls_on_import(tree)} & OPENERS)


@pytest.mark.parametrize("table", Row.metadata.sorted_tables, ids=str)
def test_application_id_leads_every_key_and_index(table: Table) -> None:
    keys = [
        each.columns.keys()
        for each in table.constraints
        if isinstance(each, PrimaryKeyConstraint | UniqueConstraint | ForeignKeyConstraint)
    ]
    indexes = [index.columns.keys() for index in table.indexes]
    assert {columns[0] for columns in (*keys, *indexes)} == {"application_id"}


@pytest.mark.parametrize("table", Row.metadata.sorted_tables, ids=str)
def test_foreign_key_stays_within_one_application(table: Table) -> None:
    referred = [key.elements[0].column.name for key in table.foreign_key_constraints]
    assert set(referred) <= {"application_id"}
