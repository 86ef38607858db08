"""A parsed document, with the plans of its statements.

A thread compiles statements: a large one takes hundreds of milliseconds, during which others are served.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from sqlalchemy import Dialect, Select

from graphql_api.errors import LimitExceeded
from graphql_api.execution.compile_queue import run_in_compile_queue
from graphql_api.execution.inputs import Coerce, coercer
from graphql_api.sql.answer_size import limit_answer
from graphql_api.sql.arguments import DocumentArguments
from graphql_api.sql.compilation import CompilationContext
from graphql_api.sql.compiler import Compiler
from graphql_api.sql.cost import CostWalk
from graphql_api.sql.plan import CostFormula, Plan, build_plan
from graphql_api.sql.request import PlanKey, Request, matches

MAX_PLANS = 64  # of one operation or field: each serves the requests of one plan cache key
BYTES_PER_CHARACTER = 150  # of memory, for the parsed document
BYTES_PER_PARAMETER = 3_000  # of memory, for a parameter of a statement with its getter


@dataclass(frozen=True)
class Document:
    """A valid document with the plans of its operations and fields, and the formulas of their costs.

    Both are cached by the nodes that they are for, each with the plan cache key of the requests that it serves.
    ``variables`` has the declared variables of each operation, with their coercers, by the ``id`` of its node.
    ``on_growth`` is called when a plan has been added.
    """

    schema: GraphQLSchema
    ast: DocumentNode
    fragments: Mapping[str, FragmentDefinitionNode]
    operations: Sequence[OperationDefinitionNode]
    variables: Mapping[int, Sequence[tuple[GraphQLVariableSignature, Coerce]]]
    text: str
    sha256: str
    on_growth: Callable[[Document], None] | None = None
    arguments: DocumentArguments = field(default_factory=DocumentArguments)
    plans: dict[tuple[int, ...], list[Plan]] = field(default_factory=dict)
    formulas: dict[tuple[int, ...], list[CostFormula]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, schema: GraphQLSchema, ast: DocumentNode, on_growth: Callable[[Document], None] | None = None
    ) -> Document:
        """Return a document without plans."""
        fragments = {each.name.value: each for each in ast.definitions if isinstance(each, FragmentDefinitionNode)}
        operations = [each for each in ast.definitions if isinstance(each, OperationDefinitionNode)]
        variables = {id(each): variables_of(schema, each) for each in operations}
        text = ast.loc.source.body if ast.loc else ""
        return cls(schema, ast, fragments, operations, variables, text, sha256(text.encode()).hexdigest(), on_growth)

    @property
    def size(self) -> int:
        """Estimated memory in bytes."""
        plans = [plan for of_nodes in list(self.plans.values()) for plan in of_nodes]
        statements = sum(len(plan.statement or "") + BYTES_PER_PARAMETER * len(plan.parameters) for plan in plans)
        return BYTES_PER_CHARACTER * len(self.text) + statements

    def cached_plan(self, nodes: Sequence[Node], request: Request) -> Plan | None:
        """Return the cached plan of a field's nodes, or of an operation, that serves a request."""
        return next((plan for plan in self.plans.get(key_of(nodes), ()) if plan.serves(request)), None)

    async def plan_field(
        self, parent: GraphQLObjectType, nodes: Sequence[FieldNode], request: Request, dialect: Dialect
    ) -> Plan:
        """Return the plan of a field that the executor resolves. Raises LimitExceeded and BadUserInput."""
        if plan := self.cached_plan(nodes, request):
            return plan
        formula = self._formula(nodes, request, lambda walk: walk.field(parent, nodes))
        return await self._compile(
            nodes, request, dialect, formula, lambda compiler: compiler.root_field(parent, nodes)
        )

    async def plan_operation(self, operation: OperationDefinitionNode, request: Request, dialect: Dialect) -> Plan:
        """Return the plan of a whole query, or of each event of a subscription.

        Raises LimitExceeded and BadUserInput.
        """
        if plan := self.cached_plan([operation], request):
            return plan
        formula = self._operation_formula(operation, request)
        return await self._compile(
            [operation], request, dialect, formula, lambda compiler: compiler.operation(operation)
        )

    def cost(self, operation: OperationDefinitionNode, request: Request) -> int:
        """Return the cost of an operation. Raises LimitExceeded, and BadUserInput on a page size out of range."""
        return self._operation_formula(operation, request).evaluate(request)

    def field_cost(self, parent: GraphQLObjectType, nodes: Sequence[FieldNode], request: Request) -> int:
        """Return the cost of one field. Raises as ``cost`` does."""
        return self._formula(nodes, request, lambda walk: walk.field(parent, nodes)).evaluate(request)

    def _operation_formula(self, operation: OperationDefinitionNode, request: Request) -> CostFormula:
        return self._formula([operation], request, lambda walk: walk.operation(operation))

    def _formula(
        self, nodes: Sequence[Node], request: Request, walked: Callable[[CostWalk], CostFormula]
    ) -> CostFormula:
        known = self.formulas.setdefault(key_of(nodes), [])
        for formula in known:
            if matches(formula.key, request):
                return formula
        formula = walked(CostWalk(self.schema, self.fragments, PlanKey(request), self.arguments))
        known.append(formula)
        del known[:-MAX_PLANS]
        return formula

    async def _compile(
        self,
        nodes: Sequence[Node],
        request: Request,
        dialect: Dialect,
        formula: CostFormula,
        compiled: Callable[[Compiler], Select[Any] | None],
    ) -> Plan:
        """Return a plan, compiled once by the first of the requests that wait for it."""
        formula.evaluate(request)  # a document over the limit is not compiled: that takes longer

        def make() -> Plan:
            if plan := self.cached_plan(nodes, request):
                return plan
            context = CompilationContext(PlanKey(request, formula.key), self.arguments)
            statement = compiled(Compiler(self.schema, self.fragments, context))
            limited = None if statement is None else limit_answer(statement, context, dialect.name)
            plan = build_plan(limited, context, formula, dialect)
            of_nodes = self.plans.setdefault(key_of(nodes), [])
            of_nodes.append(plan)
            del of_nodes[:-MAX_PLANS]
            return plan

        try:
            plan = await run_in_compile_queue(request.viewer, make)
        except RecursionError:  # only where maxDepth is set far above its default
            raise LimitExceeded("The document nests more objects in each other than can be compiled.") from None
        if self.on_growth:
            self.on_growth(self)
        return plan


def key_of(nodes: Sequence[Node]) -> tuple[int, ...]:
    """Return what identifies nodes of the document; they live as long as the document."""
    return tuple(map(id, nodes))


def variables_of(
    schema: GraphQLSchema, operation: OperationDefinitionNode
) -> list[tuple[GraphQLVariableSignature, Coerce]]:
    """Return the declared variables of a valid operation, with the coercers of their types."""
    found = [get_variable_signature(schema, each) for each in operation.variable_definitions or ()]
    return [(each, coercer(each.type)) for each in found if not isinstance(each, GraphQLError)]
