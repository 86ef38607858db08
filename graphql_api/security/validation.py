"""Validation: graphql-core's rules, on one walk through the document that asks each of them only where it looks.

Its own ``validate`` asks thirty rules about every node, names included, and walks a second time to find the variables:
four times the work. And it prints a wrong value as a whole into each of its errors.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    OverlappingFieldsCanBeMergedRule,
    TypeInfo,
    UniqueDirectivesPerLocationRule,
    ValidationContext,
    Visitor,
    VisitorAction,
    specified_rules,
)
from graphql.language.ast import QUERY_DOCUMENT_KEYS
from graphql.language.visitor import SKIP, EnterLeaveVisitor
from graphql.pyutils import RefMap
from graphql.validation.validate import ValidationAbortedError
from graphql.validation.validation_context import VariableUsage, VariableUsageVisitor

MAX_ERRORS = 5
LONG = 1_000  # characters of an error: after one of so many no others are looked for
MERGING = 3_000  # graphql-core's units: two for each comparison of two fields of one name
ENOUGH = "No more errors are looked for. Validation aborted."
TOO_MUCH_WORK = "Validation aborted."  # how a budget ends: comparisons, shared fragments
# What is walked: no rule looks at names or descriptions.
KEYS = {
    kind: tuple(key for key in keys if key not in ("alias", "name", "description"))
    for kind, keys in QUERY_DOCUMENT_KEYS.items()
}
NOTHING = EnterLeaveVisitor(None, None)
Rules = frozenset[Visitor]
Above = tuple[Any, ...]


def validate(
    schema: GraphQLSchema, document: DocumentNode, rules: Collection[type[ASTValidationRule]], hide_suggestions: bool
) -> Sequence[GraphQLError]:
    """What is wrong with a document, up to a number of errors; nothing where it is valid."""
    errors: list[GraphQLError] = []

    def found(error: GraphQLError) -> None:
        errors.append(error)
        if len(errors) >= MAX_ERRORS or len(error.message) > LONG:
            raise ValidationAbortedError(ENOUGH)

    info = TypeInfo(schema)
    context = Context(schema, document, info, found, hide_suggestions, False)
    try:
        Walk(info, [rule(context) for rule in rules], errors).through(document)
    except ValidationAbortedError as error:
        error.__context__ = None  # nor its traceback: the frames of the walk hold the whole document
        errors.append(error.with_traceback(None))
    except RecursionError:
        errors.append(ValidationAbortedError(TOO_MUCH_WORK))
    return errors


class Kind(NamedTuple):
    """Who hears of nodes of a kind, first and last the types; and what of theirs is walked."""

    begin: Callable[[Any], None] | None
    entering: Sequence[tuple[Visitor, Callable[..., VisitorAction]]]
    leaving: Sequence[tuple[Visitor, Callable[..., VisitorAction]]]
    end: Callable[[], None] | None
    keys: Sequence[str]


class Walk:
    """Several rules on one walk. One that skips a node hears of nothing within.

    A field or spread with nothing but a name is passed by where another of that name and parent has been found right.
    """

    def __init__(self, info: TypeInfo, rules: Sequence[Visitor], errors: Sequence[GraphQLError] = ()) -> None:
        self._info = info
        self._rules = rules
        self._errors = errors
        self._kinds: dict[str, Kind] = {}
        self._right: set[tuple[object, ...]] = set()

    def through(
        self, node: Node, key: Any = None, parent: Any = None, above: Above = (), skipping: Rules = frozenset()
    ) -> None:
        """Through a node and all within it. What is above its parent is told, as graphql-core does; the path is not."""
        bare = self._bare(node) if isinstance(node, (FieldNode, FragmentSpreadNode)) else None
        if bare in self._right:
            return
        found = len(self._errors)
        kind = self._kinds.get(node.kind) or self._kind(node.kind)
        if kind.begin:
            kind.begin(node)
        for rule, told in kind.entering:
            if rule not in skipping and told(node, key, parent, None, above) in (SKIP, False):
                skipping |= {rule}
        for name in kind.keys if len(skipping) < len(self._rules) else ():
            within = getattr(node, name)
            if isinstance(within, tuple):
                for index, each in enumerate(within):
                    self.through(each, index, within, (*above, parent, node), skipping)
            elif within:
                self.through(within, name, node, (*above, parent), skipping)
        for rule, told in kind.leaving:
            if rule not in skipping:
                told(node, key, parent, None, above)
        if kind.end:
            kind.end()
        if bare and len(self._errors) == found:
            self._right.add(bare)

    def _bare(self, node: FieldNode | FragmentSpreadNode) -> tuple[object, ...] | None:
        if node.arguments or node.directives or getattr(node, "selection_set", None):
            return None
        return self._info.get_parent_type(), node.kind, node.name.value

    def _kind(self, kind: str) -> Kind:
        asked = [(rule, *rule.get_enter_leave_for_kind(kind)) for rule in self._rules]
        self._kinds[kind] = found = Kind(
            begin=getattr(self._info, f"enter_{kind}", None),
            entering=[(rule, enter) for rule, enter, _ in asked if enter],
            leaving=[(rule, leave) for rule, _, leave in asked if leave],
            end=getattr(self._info, f"leave_{kind}", None),
            keys=KEYS.get(kind, ()),
        )
        return found


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
                Walk(self._type_info, [visitor]).through(node)
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
    """Whether fields of one name can be merged: the one rule whose work grows as the square, and so has a budget.

    It is asked last, so that it has nothing to do where enough is wrong already.
    """

    leave_selection_set = OverlappingFieldsCanBeMergedRule.enter_selection_set
    enter_selection_set = None  # type: ignore[assignment]  # for it is called no more

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = MERGING


class Directives(UniqueDirectivesPerLocationRule):
    """Whether a directive stands twice in one place; only some kinds of nodes have any."""

    def get_enter_leave_for_kind(self, kind: str) -> EnterLeaveVisitor:
        """Who is to hear of nodes of a kind."""
        return super().get_enter_leave_for_kind(kind) if "directives" in KEYS.get(kind, ()) else NOTHING


OURS: dict[type[ASTValidationRule], type[ASTValidationRule]] = {
    OverlappingFieldsCanBeMergedRule: Merging,
    UniqueDirectivesPerLocationRule: Directives,
}
RULES = [OURS.get(each, each) for each in specified_rules]
