"""A parsed document, with the plans of its statements.

A thread compiles statements: a large one takes hundreds of milliseconds, during which others are served.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

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

from graphql_api.execution.compile_queue import run_in_compile_queue
from graphql_api.execution.variables import Noticed
from graphql_api.sql.compiler import Compiler
from graphql_api.sql.cost import Costing, within
from graphql_api.sql.plan import Plan, written
from graphql_api.sql.request import Request
from graphql_api.sql.scope import Trace

MAX_PLANS = 64  # of one field: requests that differ in shape have different statements
BYTES_PER_CHARACTER = 150  # of a document's text, as a syntax tree
BYTES_PER_PARAMETER = 3_000  # of a statement, with the code that computes its value


@dataclass(frozen=True)
class Document:
    """A valid document with the plans of its operations and fields.

    ``on_growth`` is called when a plan has been added.
    """

    schema: GraphQLSchema
    ast: DocumentNode
    fragments: Mapping[str, FragmentDefinitionNode]
    operations: Sequence[OperationDefinitionNode]
    text: str
    sha256: str
    on_growth: Callable[[Document], None] | None = None
    plans: dict[tuple[int, ...], list[Plan]] = field(default_factory=dict)
    fixed_costs: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls, schema: GraphQLSchema, ast: DocumentNode, on_growth: Callable[[Document], None] | None = None
    ) -> Document:
        """Return a document without plans."""
        fragments = {each.name.value: each for each in ast.definitions if isinstance(each, FragmentDefinitionNode)}
        operations = [each for each in ast.definitions if isinstance(each, OperationDefinitionNode)]
        text = ast.loc.source.body if ast.loc else ""
        return cls(schema, ast, fragments, operations, text, sha256(text.encode()).hexdigest(), on_growth)

    @property
    def size(self) -> int:
        """Estimated memory in bytes."""
        plans = [plan for of_nodes in list(self.plans.values()) for plan in of_nodes]
        statements = sum(len(plan.statement or "") + BYTES_PER_PARAMETER * len(plan.parameters) for plan in plans)
        return BYTES_PER_CHARACTER * len(self.text) + statements

    def cached_plan(self, nodes: Sequence[Node], request: Request) -> Plan | None:
        """Return the plan of a field's nodes, or of an operation, made for a request of the same shape, or None."""
        return next((plan for plan in self.plans.get(tuple(map(id, nodes)), ()) if plan.fits(request)), None)

    async def plan_field(
        self, parent: GraphQLObjectType, nodes: Sequence[FieldNode], request: Request, dialect: Dialect
    ) -> Plan:
        """Return the plan of a field that the executor resolves."""
        if plan := self.cached_plan(nodes, request):
            return plan
        return await self._compile(nodes, request, dialect, lambda compiler: compiler.root(parent, nodes))

    async def plan_operation(self, operation: OperationDefinitionNode, request: Request, dialect: Dialect) -> Plan:
        """Return the plan of a whole query, or of each event of a subscription.

        The cost is checked first, since compiling takes longer. Raises LimitExceeded and BadUserInput.
        """
        if plan := self.cached_plan([operation], request):
            return plan
        self.cost(operation, request)
        return await self._compile([operation], request, dialect, lambda compiler: compiler.whole(operation))

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

    async def _compile(
        self,
        nodes: Sequence[Node],
        request: Request,
        dialect: Dialect,
        compiled: Callable[[Compiler], Select[Any] | None],
    ) -> Plan:
        """Return a plan for requests of this shape, compiled once by the first of those that wait for it."""

        def make() -> Plan:
            if plan := self.cached_plan(nodes, request):
                return plan
            trace = Trace(request)
            statement = compiled(Compiler(self.schema, self.fragments, trace))
            looks = tuple(trace.looks.items())
            plan = written(statement, trace, dialect) if statement is not None else Plan(None, looks)
            of_nodes = self.plans.setdefault(tuple(map(id, nodes)), [])
            of_nodes.append(plan)
            del of_nodes[:-MAX_PLANS]
            return plan

        plan = await run_in_compile_queue(request.viewer.key_prefix, make)
        if self.on_growth:
            self.on_growth(self)
        return plan
