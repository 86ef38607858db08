"""The declaration of a mutation: its description, and the errors that it can return."""

import warnings
from collections.abc import Callable, Collection, Mapping
from typing import Any

import strawberry
from strawberry.utils.str_converters import to_camel_case

from db.domain.errors import (
    DiscountExceedsTotal,
    IdempotencyKeyReused,
    InvalidAttributeValue,
    InvalidInput,
    NotFound,
    Refusal,
    Refused,
    UnknownAttribute,
)

# Every mutation that takes an idempotency key can return these; NotFound is about the application of an ADMIN key.
REPEATABLE_ERRORS = (InvalidInput, NotFound, IdempotencyKeyReused)
ATTRIBUTE_ERRORS = (UnknownAttribute, InvalidAttributeValue)
CONTENT_ERRORS = (*REPEATABLE_ERRORS, *ATTRIBUTE_ERRORS, DiscountExceedsTotal)  # of a session

ERRORS: dict[str, frozenset[type[Refusal]]] = {}  # by the name of the mutation in the schema


def mutation(
    *, description: str, errors: Collection[type[Refusal]], metadata: Mapping[str, Any] | None = None
) -> Callable[[Callable[..., Any]], Any]:
    """Make a function the resolver of a mutation. Its description gets a list of the errors."""
    names = [error.__name__ for error in errors]
    listed = " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    declare = strawberry.mutation(description=f"{description}\n\nCan be refused with {listed}.", metadata=metadata)

    def decorate(resolver: Callable[..., Any]) -> Any:
        ERRORS[to_camel_case(resolver.__name__)] = frozenset(errors)
        return declare(resolver)

    return decorate


def check_declared(name: str, refused: Refused) -> None:
    """Warn if a mutation returns an error that it does not declare.

    The tests make an error of a warning. In production the caller gets the refusal all the same.
    """
    for error in {type(refusal) for refusal in refused.refusals} - ERRORS[name]:
        warnings.warn(f"{name} does not declare {error.__name__} in its errors.", stacklevel=2)
