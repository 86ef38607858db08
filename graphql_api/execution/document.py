"""Documents, with the plans of their statements.

A statement is compiled by a thread: a large one takes hundreds of milliseconds, once, and others need not wait for it.
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

from graphql_api.execution.compile_queue import in_turn
from graphql_api.execution.variables import Noticed, Variables
from graphql_api.sql.compiler import Compiler
from graphql_api.sql.cost import Costing, within
from graphql_api.sql.plan import Plan, written
from graphql_api.sql.request import Request
from graphql_api.sql.scope import Trace

MAX_PLANS = 64  # of one field: a statement for each way in which requests differ in shape
PARSED = 150  # bytes of memory that a character comes to when it is parsed
PARAMETER = 3_000  # and a parameter of a statement, with the way in which it is found


@dataclass(frozen=True)
class Document:
    """A parsed and valid document with the plans of its fields. It lives as long as the document cache keeps it.

    Whoever keeps it is told when it has ``grown`` by a plan.
    """

    schema: GraphQLSchema
    ast: DocumentNode
    fragments: Mapping[str, FragmentDefinitionNode]
    operations: Sequence[OperationDefinitionNode]
    text: str
    sha256: str
    grown: Callable[[Document], None] | None = None
    plans: dict[tuple[int, ...], list[Plan]] = field(default_factory=dict)
    known_variables: dict[int, Variables] = field(default_factory=dict)
    fixed_costs: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, schema: GraphQLSchema, ast: DocumentNode, grown: Callable[[Document], None] | None = None) -> Document:
        """A document with nothing planned yet."""
        fragments = {each.name.value: each for each in ast.definitions if isinstance(each, FragmentDefinitionNode)}
        operations = [each for each in ast.definitions if isinstance(each, OperationDefinitionNode)]
        text = ast.loc.source.body if ast.loc else ""
        return cls(schema, ast, fragments, operations, text, sha256(text.encode()).hexdigest(), grown)

    @property
    def weight(self) -> int:
        """Bytes of memory that it takes, about."""
        plans = [plan for of_nodes in list(self.plans.values()) for plan in of_nodes]
        statements = sum(len(plan.statement or "") + PARAMETER * len(plan.parameters) for plan in plans)
        return PARSED * len(self.text) + statements

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

        plan = await in_turn(request.viewer.key_prefix, make)
        if self.grown:
            self.grown(self)
        return plan
