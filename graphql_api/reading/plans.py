"""Plans: the statements of a document, kept, and the running of them.

A statement is compiled by a thread: a large one takes hundreds of milliseconds, once, and others need not wait for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from hashlib import sha256
from math import prod
from typing import TYPE_CHECKING, Any, cast

import orjson
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
)
from sqlalchemy import Dialect, Select

from db import json
from db.engine import AnswerTooLong, StatementTooDeep
from graphql_api.errors import BadUserInput, LimitExceeded
from graphql_api.guard.viewer import Viewer
from graphql_api.reading import identity
from graphql_api.reading.arguments import Getter
from graphql_api.reading.compiler import Compiler
from graphql_api.reading.cost import Costing, within
from graphql_api.reading.identity import Source
from graphql_api.reading.scope import Trace
from graphql_api.reading.variables import Noticed, Variables
from graphql_api.settings import Settings

if TYPE_CHECKING:
    from graphql_api.context import Context
    from graphql_api.types.info import Info

COMPILER = ThreadPoolExecutor(1, "compiler")  # one: who sends large documents waits for others who do
MAX_PLANS = 64  # of one field: a statement for each way in which requests differ in shape


@dataclass(frozen=True, slots=True)
class Request:
    """What a statement's parameters are made from. ``known`` keeps what has been worked out of the variables.

    ``source`` is the object that a payload's field belongs to, or the event that a subscription tells.
    """

    viewer: Viewer
    limits: Settings
    variables: Mapping[str, Any]
    source: Any = None
    known: dict[Getter, Any] = field(default_factory=dict)

    def wanted(self, ids: Sequence[str], sources: Mapping[str, Source]) -> str:
        """Global ids taken apart, as JSON; null for one that does not exist for the viewer.

        Raises BadUserInput on an id that was not made here, and on more ids than a page may hold.
        """
        if len(ids) > self.limits.max_page_size:
            raise BadUserInput(f"At most {self.limits.max_page_size} ids are taken at once; got {len(ids)}.")
        return json.dumps([self.visible(*identity.parse(each, sources)) for each in ids])

    def visible(self, prefix: str, key: list[int | str]) -> list[int | str] | None:
        """A key with its prefix. Rows of another application do not exist, nor do keys for any but an ADMIN."""
        hidden = not self.viewer.sees(int(key[0])) or (prefix == "key" and not self.viewer.is_admin)
        return None if hidden else [prefix, *key]


@dataclass(frozen=True, slots=True)
class Plan:
    """One statement, the looks it was made for, and how its parameters are found.

    A query that asks for the schema has no statement. What a request gave and the statement has no use for, such as
    the cursor of a page of which only totalCount is read, is checked all the same.
    """

    statement: str | None
    looks: Sequence[tuple[Getter, Any]]
    parameters: Sequence[tuple[str, Getter, Callable[[Any], Any] | None]] = ()
    objects: int = 0
    paged_objects: Sequence[tuple[int, tuple[Getter, ...]]] = ()
    swept: bool = False
    unused: Sequence[Getter] = ()

    def fits(self, request: Request) -> bool:
        """Whether the statement is the one for this request."""
        return all(getter(request) == seen for getter, seen in self.looks)

    def cost(self, request: Request) -> int:
        """How many objects the statement can answer: pages count for as many as they may hold, other lists for one.

        Rows that are only gone through (a count, a sum, the search for a page) count as some more.

        Raises LimitExceeded above the limit, and BadUserInput on a page of a size that cannot be.
        """
        cost = self.objects + sum(count * prod(size(request) for size in sizes) for count, sizes in self.paged_objects)
        return within(cost, request.limits.max_cost)

    def bound(self, request: Request) -> dict[str, Any]:
        """The statement's parameters. Raises BadUserInput where one cannot be made from the request."""
        for check in self.unused:
            check(request)
        return {
            name: process(getter(request)) if process else getter(request) for name, getter, process in self.parameters
        }


@dataclass(frozen=True)
class Document:
    """A parsed and valid document with the plans of its fields. It lives as long as the document cache keeps it."""

    schema: GraphQLSchema
    ast: DocumentNode
    fragments: Mapping[str, FragmentDefinitionNode]
    operations: Sequence[OperationDefinitionNode]
    sha256: str
    plans: dict[tuple[int, ...], list[Plan]] = field(default_factory=dict)
    known_variables: dict[int, Variables] = field(default_factory=dict)
    fixed_costs: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, schema: GraphQLSchema, ast: DocumentNode) -> Document:
        """A document with nothing planned yet."""
        fragments = {each.name.value: each for each in ast.definitions if isinstance(each, FragmentDefinitionNode)}
        operations = [each for each in ast.definitions if isinstance(each, OperationDefinitionNode)]
        text = ast.loc.source.body if ast.loc else ""
        return cls(schema, ast, fragments, operations, sha256(text.encode()).hexdigest())

    def kept(self, nodes: Sequence[Node], request: Request) -> Plan | None:
        """A plan made before, of a field's nodes or of an operation, for a request of the same shape."""
        return next((plan for plan in self.plans.get(tuple(map(id, nodes)), ()) if plan.fits(request)), None)

    async def field(self, parent: GraphQLObjectType, nodes: Sequence[FieldNode], request: Request, on: Dialect) -> Plan:
        """The plan of a field that the executor has come to."""
        return await self._made(nodes, request, on, lambda compiler: compiler.root(parent, nodes))

    async def whole(self, operation: OperationDefinitionNode, request: Request, on: Dialect) -> Plan:
        """The plan of a whole query, or of each event of a subscription.

        What costs too much is not compiled, which is more work than to find that out.
        """
        self.cost(operation, request)
        return await self._made([operation], request, on, lambda compiler: compiler.whole(operation))

    def cost(self, operation: OperationDefinitionNode, request: Request) -> int:
        """What an operation costs for a request. Raises LimitExceeded, and BadUserInput on an impossible page.

        It is worked out once where no variable has a part in it.
        """
        cost = self.fixed_costs.get(id(operation))
        if cost is None:
            variables = Noticed(request.variables)
            noticing = replace(request, variables=variables, known={})
            cost = Costing(self.schema, self.fragments, noticing).of(operation)
            if not variables.noticed:
                self.fixed_costs[id(operation)] = cost
        return within(cost, request.limits.max_cost)

    def variables(self, operation: OperationDefinitionNode) -> Variables:
        """How the variables of an operation get their values."""
        known = self.known_variables.get(id(operation))
        if known is None:
            known = self.known_variables[id(operation)] = Variables.of(self.schema, operation)
        return known

    async def _made(
        self,
        nodes: Sequence[Node],
        request: Request,
        dialect: Dialect,
        compiled: Callable[[Compiler], Select[Any] | None],
    ) -> Plan:
        """A plan, kept for requests of the same shape; one of those that wait for it at once makes it."""

        def make() -> Plan:
            if plan := self.kept(nodes, request):
                return plan
            trace = Trace(request)
            statement = compiled(Compiler(self.schema, self.fragments, trace))
            looks = tuple(trace.looks.items())
            plan = written(statement, trace, dialect) if statement is not None else Plan(None, looks)
            of_nodes = self.plans.setdefault(tuple(map(id, nodes)), [])
            of_nodes.append(plan)
            del of_nodes[:-MAX_PLANS]
            return plan

        return await asyncio.get_running_loop().run_in_executor(COMPILER, make)


def written(statement: Select[Any], trace: Trace, dialect: Dialect) -> Plan:
    """A statement as text, with the ways in which its parameters are found."""
    compiled = statement.compile(dialect=dialect)
    parameters = []
    for name in compiled.positiontup or compiled.params:  # in the order in which the database numbers them
        bind = compiled.binds[name]
        getter = trace.binds[name] if name in trace.binds else constant(bind.value)
        parameters.append((name, getter, bind.type.dialect_impl(dialect).bind_processor(dialect)))
    paged = [(count, sizes) for sizes, count in trace.objects.items() if sizes]
    unused = [getter for name, getter in trace.binds.items() if name not in compiled.binds]
    return Plan(str(compiled), tuple(trace.looks.items()), parameters, trace.objects[()], paged, trace.swept, unused)


def constant(value: Any) -> Getter:
    """A parameter that is the same for all."""
    return lambda request: value


async def answer(info: Info, source: Any = None) -> Any:
    """What a field that is read resolves to: its JSON, made by the database, for the executor to let through."""
    context: Context = info.context
    raw = info._raw_info
    variables = cast(Mapping[str, Any], raw.variable_values)  # Strawberry puts the coerced values there
    request = Request(context.viewer, context.settings, variables, source)
    document, nodes = context.document, raw.field_nodes
    plan = document.kept(nodes, request)
    plan = plan or await document.field(raw.parent_type, nodes, request, context.database.dialect)
    return await read(context, plan, request)


async def answer_whole(
    context: Context, operation: OperationDefinitionNode, variables: Mapping[str, Any], source: Any = None
) -> orjson.Fragment | None:
    """The data of a whole query, or of one event of a subscription, by one statement.

    None where it asks for the schema, which is not in the database.
    """
    request = Request(context.viewer, context.settings, variables, source)
    document = context.document
    plan = document.kept([operation], request) or await document.whole(operation, request, context.database.dialect)
    return None if plan.statement is None else await read(context, plan, request)


async def hold_to_limits(context: Context, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> None:
    """Raises LimitExceeded and BadUserInput where a subscription could tell no event for what it asks of each."""
    request = Request(context.viewer, context.settings, variables)
    document = context.document
    plan = document.kept([operation], request) or await document.whole(operation, request, context.database.dialect)
    plan.cost(request)


async def read(context: Context, plan: Plan, request: Request) -> orjson.Fragment:
    """The JSON that a plan's statement answers. Raises LimitExceeded where the database cannot parse it."""
    assert plan.statement is not None
    try:
        cost = plan.cost(request)
        context.seen.cost += cost
        objects = None if plan.swept else cost
        return orjson.Fragment(await context.database.read(plan.statement, plan.bound(request), objects) or "null")
    except StatementTooDeep:
        raise LimitExceeded("The document nests more lists in each other than this database can read.") from None
    except AnswerTooLong as error:
        raise LimitExceeded(f"The answer is longer than {error} bytes; ask for less at once.") from None
