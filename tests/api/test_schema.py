"""The schema: its contract with clients, its descriptions, and the declarations of what fields read."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from api_server import Api
from graphql import (
    DirectiveNode,
    DocumentNode,
    EnumTypeDefinitionNode,
    EnumTypeExtensionNode,
    FieldDefinitionNode,
    GraphQLAbstractType,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLUnionType,
    InputObjectTypeDefinitionNode,
    InputObjectTypeExtensionNode,
    InputValueDefinitionNode,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    ObjectTypeExtensionNode,
    TypeDefinitionNode,
    TypeExtensionNode,
    UnionTypeDefinitionNode,
    get_named_type,
    is_abstract_type,
    is_introspection_type,
    is_specified_scalar_type,
    parse,
    print_ast,
)

from graphql_api.cli import main
from graphql_api.schema import schema
from graphql_api.sql.fields import reads_of, source_of

ROOT = Path(__file__).parents[2]
CONTRACT = Path(__file__).parent / "data" / "contract.graphql"
PROMOTIONS = CONTRACT.with_name("promotions.graphql")
CARTS = CONTRACT.with_name("carts.graphql")
WEBHOOKS = CONTRACT.with_name("webhooks.graphql")
TYPES = {
    name: type_
    for name, type_ in schema._schema.type_map.items()
    if not (is_introspection_type(type_) or is_specified_scalar_type(type_))
}
COMPOSITE = GraphQLObjectType | GraphQLInterfaceType

# graphql_api.sql.connections writes the fields of a connection by these names.
PAGING = {
    "Connection": {"edges", "nodes", "pageInfo", "totalCount"},
    "Edge": {"cursor", "node"},
    "PageInfo": {"hasNextPage", "hasPreviousPage", "startCursor", "endCursor"},
}


def described(type_: GraphQLNamedType) -> Iterator[tuple[str, str | None]]:
    """Everything in a type that a client reads about, with its description."""
    yield type_.name, type_.description
    if isinstance(type_, GraphQLEnumType):
        yield from ((f"{type_.name}.{name}", value.description) for name, value in type_.values.items())
    if isinstance(type_, GraphQLInputObjectType):
        yield from ((f"{type_.name}.{name}", field.description) for name, field in type_.fields.items())
    if isinstance(type_, COMPOSITE):
        for name, field in type_.fields.items():
            yield f"{type_.name}.{name}", field.description
            yield from ((f"{type_.name}.{name}({key})", each.description) for key, each in field.args.items())


def reachable(start: COMPOSITE) -> set[str]:
    """The names of the objects and interfaces that a selection can come to."""
    found: set[str] = set()
    waiting: list[GraphQLNamedType] = [start]
    while waiting:
        type_ = waiting.pop()
        if type_.name.endswith("Payload"):
            continue
        if isinstance(type_, GraphQLUnionType):
            waiting += type_.types
        elif isinstance(type_, COMPOSITE) and type_.name not in found:
            found.add(type_.name)
            waiting += [get_named_type(field.type) for field in type_.fields.values()]
            if isinstance(type_, GraphQLAbstractType):
                waiting += schema._schema.get_possible_types(type_)
    return found


# A preview has a payload, as a mutation has; the tests of payloads hold for it.
ROOTS = ("Query", "Subscription", "SessionPreview")
READ = set().union(*(reachable(TYPES[name]) for name in ROOTS))  # type: ignore[arg-type]  # they are objects


def facts(document: DocumentNode) -> set[str]:
    """Return what a schema promises, as a line for each name: its type, nullability and default."""
    types = TypeDefinitionNode | TypeExtensionNode
    return {fact for each in document.definitions if isinstance(each, types) for fact in promised(each)}


def promised(node: TypeDefinitionNode | TypeExtensionNode) -> Iterator[str]:
    """The lines of one type."""
    name = node.name.value
    if isinstance(node, TypeDefinitionNode):
        yield " ".join([node.kind, name, *map(directive, node.directives or ())])
    if isinstance(node, UnionTypeDefinitionNode):
        yield from (f"{name} = {each.name.value}" for each in node.types or ())
    if isinstance(node, ObjectTypeDefinitionNode | ObjectTypeExtensionNode | InterfaceTypeDefinitionNode):
        yield from (f"{name} implements {each.name.value}" for each in node.interfaces or ())
        for field in node.fields or ():
            yield f"{name}.{typed(field)}"
            yield from (f"{name}.{field.name.value}({typed(each)})" for each in field.arguments or ())
    if isinstance(node, InputObjectTypeDefinitionNode | InputObjectTypeExtensionNode):
        yield from (f"{name}.{typed(each)}" for each in node.fields or ())
    if isinstance(node, EnumTypeDefinitionNode | EnumTypeExtensionNode):
        yield from (f"{name}.{each.name.value}" for each in node.values or ())


def directive(node: DirectiveNode) -> str:
    """A directive as it is written."""
    return print_ast(node)


def typed(node: FieldDefinitionNode | InputValueDefinitionNode) -> str:
    """A name with its type, and its default where it has one."""
    default = getattr(node, "default_value", None)
    return f"{node.name.value}: {print_ast(node.type)}" + (f" = {print_ast(default)}" if default else "")


def test_schema_has_a_description(shared_api: Api) -> None:
    description = shared_api.data("{ __schema { description } }")["__schema"]["description"]
    assert description.startswith("Customer sessions")
    assert description in (ROOT / "schema.graphql").read_text(encoding="utf-8")


def test_schema_graphql_is_the_schema() -> None:
    assert main(["export-schema", "--check", str(ROOT / "schema.graphql")]) == 0


@pytest.mark.parametrize("type_", TYPES.values(), ids=str)
def test_types_fields_arguments_and_enum_values_have_descriptions(type_: GraphQLNamedType) -> None:
    assert not [name for name, description in described(type_) if not description]


@pytest.mark.parametrize("name", sorted(READ))
def test_every_readable_field_declares_what_it_reads(name: str) -> None:
    type_ = TYPES[name]
    assert isinstance(type_, COMPOSITE)
    paged = next((fields for suffix, fields in PAGING.items() if name.endswith(suffix)), None)
    if paged is not None:
        assert set(type_.fields) == paged
    else:
        assert all(reads_of(field) for field in type_.fields.values())


@pytest.mark.parametrize("name", sorted(name for name, type_ in TYPES.items() if isinstance(type_, GraphQLObjectType)))
def test_object_in_a_payload_or_a_user_error_declares_what_it_reads(name: str) -> None:
    type_ = TYPES[name]
    assert isinstance(type_, GraphQLObjectType)
    if name not in READ:
        assert all(reads_of(field) for field in type_.fields.values() if get_named_type(field.type).name in READ)


@pytest.mark.parametrize(
    "name", ["CustomerSession", "CustomerProfile", "Application", "SessionReturn", "ApiKey", "Coupon"]
)
def test_node_type_declares_its_table(name: str) -> None:
    assert source_of(TYPES[name]).prefix


def test_schema_has_everything_in_the_contract() -> None:
    assert facts(parse(CONTRACT.read_text(encoding="utf-8"))) - facts(parse(schema.as_str())) == set()


def test_schema_has_everything_in_the_contract_of_carts() -> None:
    added = re.sub(r"^extend ", "", CARTS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    # @oneOf is on the definition of CartLineInput, which is in the main contract
    assert facts(parse(added)) - facts(parse(schema.as_str())) == {"input_object_type_definition CartLineInput"}


def test_schema_has_everything_in_the_contract_of_webhooks() -> None:
    added = re.sub(r"^extend ", "", WEBHOOKS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert facts(parse(added)) - facts(parse(schema.as_str())) == set()


def test_schema_has_everything_in_the_contract_of_promotions() -> None:
    assert facts(parse(PROMOTIONS.read_text(encoding="utf-8"))) - facts(parse(schema.as_str())) == set()


@pytest.mark.parametrize(
    "name", sorted(name for name, type_ in TYPES.items() if is_abstract_type(type_) and name != "Node")
)
def test_members_have_a_field_of_one_name_with_one_type(name: str) -> None:
    """Otherwise no document could select both without an alias (OverlappingFieldsCanBeMerged)."""
    types: dict[str, set[str]] = {}
    for member in schema._schema.get_possible_types(TYPES[name]):  # type: ignore[arg-type]  # it is abstract
        for field, definition in member.fields.items():
            types.setdefault(field, set()).add(str(definition.type))
    assert {field: each for field, each in types.items() if len(each) > 1} == {}
