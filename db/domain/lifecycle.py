"""The life cycle of a customer session: one table, and what follows from it."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from db.domain.errors import InvalidTransition, Refused, SessionNotEditable


class SessionState(StrEnum):
    """Where a session stands in its life; the values are the stored and exported form."""

    OPEN = "open"
    CLOSED = "closed"
    PARTIALLY_RETURNED = "partially_returned"
    CANCELLED = "cancelled"


class Operation(StrEnum):
    """What can be asked of a session that exists."""

    UPDATE = "update"
    CLOSE = "close"
    RETURN_ITEMS = "return_items"
    CANCEL = "cancel"


INITIAL = frozenset({SessionState.OPEN, SessionState.CLOSED})

TARGET: Mapping[Operation, SessionState] = MappingProxyType(
    {
        Operation.UPDATE: SessionState.OPEN,
        Operation.CLOSE: SessionState.CLOSED,
        Operation.RETURN_ITEMS: SessionState.PARTIALLY_RETURNED,
        Operation.CANCEL: SessionState.CANCELLED,
    }
)

# The graph. There is no way back to OPEN, and nothing leaves CANCELLED. A session whose items have all been returned
# stays PARTIALLY_RETURNED: it can still be cancelled.
TRANSITIONS: Mapping[SessionState, frozenset[Operation]] = MappingProxyType(
    {
        SessionState.OPEN: frozenset({Operation.UPDATE, Operation.CLOSE, Operation.CANCEL}),
        SessionState.CLOSED: frozenset({Operation.RETURN_ITEMS, Operation.CANCEL}),
        SessionState.PARTIALLY_RETURNED: frozenset({Operation.RETURN_ITEMS, Operation.CANCEL}),
        SessionState.CANCELLED: frozenset(),
    }
)


def next_states(state: SessionState) -> tuple[SessionState, ...]:
    """The other states that a session in ``state`` can go to, in the order of the enum."""
    targets = {TARGET[operation] for operation in TRANSITIONS[state]} - {state}
    return tuple(target for target in SessionState if target in targets)


def after(state: SessionState, operation: Operation) -> SessionState:
    """The state that ``operation`` leads to from ``state``.

    Raises Refused with SessionNotEditable for an update, with InvalidTransition for any other move the graph lacks.
    """
    if operation in TRANSITIONS[state]:
        return TARGET[operation]
    if operation is Operation.UPDATE:
        raise Refused(SessionNotEditable(state=state))
    raise Refused(InvalidTransition(from_=state, to=TARGET[operation], next_states=next_states(state)))
