"""The variables of an operation: what graphql-core does for one that is run once, kept for one that is run again."""

from collections.abc import Iterator, Mapping
from typing import Any, Self

from graphql import GraphQLError, GraphQLSchema, OperationDefinitionNode, Undefined, is_non_null_type
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource
from graphql.utilities.coerce_input_value import coerce_default_value

from graphql_api.execution.coercion import Coerce, coercion


class Variables:
    """How the values that came with a request become those of the operation's variables."""

    def __init__(self, signatures: Mapping[str, tuple[GraphQLVariableSignature, Coerce]]) -> None:
        self._signatures = signatures

    @classmethod
    def of(cls, schema: GraphQLSchema, operation: OperationDefinitionNode) -> Self:
        """Those of an operation that is valid."""
        found = [get_variable_signature(schema, each) for each in operation.variable_definitions or ()]
        signatures = [each for each in found if not isinstance(each, GraphQLError)]  # validation has found those
        return cls({each.name: (each, coercion(each.type)) for each in signatures})

    def coerced(self, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """The values; None where one is wrong, which graphql-core then tells."""
        values: dict[str, Any] = {}
        for name, (signature, coerce) in self._signatures.items():
            if name in given:
                value = values[name] = coerce(given[name])
                if value is Undefined:
                    return None
            elif signature.default is not None:
                values[name] = coerce_default_value(signature)
            elif is_non_null_type(signature.type):
                return None
        return values

    def sources(self, given: Mapping[str, Any]) -> dict[str, VariableValueSource]:
        """Where each value is from: a scalar that holds variables is made of what was given for them."""
        return {
            name: VariableValueSource(signature, given.get(name, Undefined))
            for name, (signature, _) in self._signatures.items()
        }

    def for_executor(self, given: Mapping[str, Any]) -> VariableValues | None:
        """The values as graphql-core's executor has them; None where one is wrong."""
        values = self.coerced(given)
        return None if values is None else VariableValues(self.sources(given), values)


class Noticed(Mapping[str, Any]):
    """The values of variables; ``noticed`` tells whether anybody has asked for one, or for which there are."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.noticed = False
        self._values = values

    def __getitem__(self, name: str) -> Any:
        self.noticed = True
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        self.noticed = True
        return iter(self._values)

    def __len__(self) -> int:
        self.noticed = True
        return len(self._values)
