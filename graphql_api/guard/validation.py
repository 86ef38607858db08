"""Validation: graphql-core's rules, on one walk through the document that asks each of them only where it looks.

Its own ``validate`` asks thirty rules about every node, names included, and walks a second time to find the variables:
four times the work. And it prints a wrong value as a whole into each of its errors.
"""

from collections.abc import Collection, Sequence
from typing import Any

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    OverlappingFieldsCanBeMergedRule,
    TypeInfo,
    TypeInfoVisitor,
    UniqueDirectivesPerLocationRule,
    ValidationContext,
    Visitor,
    VisitorAction,
    specified_rules,
    visit,
)
from graphql.language.ast import QUERY_DOCUMENT_KEYS
from graphql.language.visitor import SKIP, EnterLeaveVisitor
from graphql.pyutils import RefMap
from graphql.validation.validate import ValidationAbortedError
from graphql.validation.validation_context import VariableUsage, VariableUsageVisitor

MAX_ERRORS = 10
LONG = 1_000  # characters of an error: after one of so many no others are looked for
MERGING = 3_000  # graphql-core's units: two for each comparison of two fields of one name
TOO_MUCH_WORK = "Validation aborted."  # how a budget ends: comparisons, shared fragments
# What is walked: no rule looks at names or descriptions.
KEYS = {
    kind: tuple(key for key in keys if key not in ("alias", "name", "description"))
    for kind, keys in QUERY_DOCUMENT_KEYS.items()
}
NOBODY = EnterLeaveVisitor(None, None)


def validate(
    schema: GraphQLSchema, document: DocumentNode, rules: Collection[type[ASTValidationRule]], hide_suggestions: bool
) -> Sequence[GraphQLError]:
    """What is wrong with a document, up to a number of errors; nothing where it is valid."""
    errors: list[GraphQLError] = []

    def found(error: GraphQLError) -> None:
        if len(errors) >= MAX_ERRORS or (errors and len(errors[-1].message) > LONG):
            raise ValidationAbortedError("Too many validation errors, error limit reached. Validation aborted.")
        errors.append(error)

    info = TypeInfo(schema)
    context = Context(schema, document, info, found, hide_suggestions, False)
    try:
        visit(document, TypeInfoVisitor(info, Together([rule(context) for rule in rules])), KEYS)
    except ValidationAbortedError as error:
        error.__context__ = None  # nor its traceback: the frames of the walk hold the whole document
        errors.append(error.with_traceback(None))
    except RecursionError:
        errors.append(ValidationAbortedError(TOO_MUCH_WORK))
    return errors


class Together(Visitor):
    """Several rules on one walk. One that skips a node hears of nothing within."""

    def __init__(self, rules: Sequence[Visitor]) -> None:
        super().__init__()
        self._rules = rules
        self._skipping: set[Visitor] = set()
        self._skipped: dict[int, list[Visitor]] = {}

    def get_enter_leave_for_kind(self, kind: str) -> EnterLeaveVisitor:
        """Who is to hear of nodes of a kind."""
        if kind not in self.enter_leave_map:
            self.enter_leave_map[kind] = self._made(kind)
        return self.enter_leave_map[kind]

    def _made(self, kind: str) -> EnterLeaveVisitor:
        asked = [(rule, *rule.get_enter_leave_for_kind(kind)) for rule in self._rules]
        entering = [(rule, enter) for rule, enter, _ in asked if enter]
        leaving = [(rule, leave) for rule, _, leave in asked if leave]
        skipping, skipped = self._skipping, self._skipped

        def enter(node: Node, *place: Any) -> None:
            for rule, told in entering:
                if rule not in skipping and told(node, *place) in (SKIP, False):
                    skipping.add(rule)
                    skipped.setdefault(id(node), []).append(rule)

        def leave(node: Node, *place: Any) -> None:
            for rule, told in leaving:
                if rule not in skipping:
                    told(node, *place)
            if skipped:
                skipping.difference_update(skipped.pop(id(node), ()))

        return EnterLeaveVisitor(enter, leave) if asked else NOBODY


class Context(ValidationContext):
    """What the rules know, by the nodes that it is known of; a node's hash would be made of all that is within it."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._fragment_spreads = RefMap()  # type: ignore[assignment]  # all that graphql-core does to a dict can be done
        self._variable_usages = RefMap()  # type: ignore[assignment]  # the same
        self._recursive_variable_usages = RefMap()  # type: ignore[assignment]  # the same

    def get_variable_usages(self, node: OperationDefinitionNode | FragmentDefinitionNode) -> list[VariableUsage]:
        """Where an operation or a fragment uses variables, but not where it uses one a second time in the same way."""
        usages = self._variable_usages.get(node)
        if usages is None:
            visitor = Usages(self._type_info)
            if has_variables(node):
                visit(node, TypeInfoVisitor(self._type_info, visitor), KEYS)
            different = {
                (each.node.name.value, id(each.type), id(each.parent_type), id(each.default_value)): each
                for each in reversed(visitor.usages)
            }
            usages = self._variable_usages[node] = list(reversed(different.values()))
        return usages


class Usages(VariableUsageVisitor):
    """Finds variables; fields without any are passed by."""

    def enter_field(self, node: FieldNode, *_: Any) -> VisitorAction:
        """A field with all that it has within."""
        return None if has_variables(node) else SKIP


def has_variables(node: Node) -> bool:
    """Whether a node may have variables within: whether its text has what their names begin with."""
    assert node.loc is not None, "documents are parsed with locations"
    return node.loc.source.body.find("$", node.loc.start, node.loc.end) >= 0


class Merging(OverlappingFieldsCanBeMergedRule):
    """Whether fields of one name can be merged: the one rule whose work grows as the square, and so has a budget."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = MERGING


class Directives(UniqueDirectivesPerLocationRule):
    """Whether a directive stands twice in one place; only some kinds of nodes have any."""

    def get_enter_leave_for_kind(self, kind: str) -> EnterLeaveVisitor:
        """Who is to hear of nodes of a kind."""
        return super().get_enter_leave_for_kind(kind) if "directives" in KEYS.get(kind, ()) else NOBODY


OURS: dict[type[ASTValidationRule], type[ASTValidationRule]] = {
    OverlappingFieldsCanBeMergedRule: Merging,
    UniqueDirectivesPerLocationRule: Directives,
}
RULES = [OURS.get(each, each) for each in specified_rules]
