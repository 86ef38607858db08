"""The life cycle of a customer session: its states, and the transitions between them."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class SessionState(StrEnum):
    """The state of a session. The values are stored in the database and exported."""

    OPEN = "open"
    CLOSED = "closed"
    PARTIALLY_RETURNED = "partially_returned"
    CANCELLED = "cancelled"


class Operation(StrEnum):
    """A change that can be requested of an existing session."""

    UPDATE = "update"
    CLOSE = "close"
    RETURN_ITEMS = "return_items"
    CANCEL = "cancel"


INITIAL = frozenset({SessionState.OPEN, SessionState.CLOSED})
SALES = frozenset({SessionState.CLOSED, SessionState.PARTIALLY_RETURNED})  # counted in the sums of a profile

TARGET: Mapping[Operation, SessionState] = MappingProxyType(
    {
        Operation.UPDATE: SessionState.OPEN,
        Operation.CLOSE: SessionState.CLOSED,
        Operation.RETURN_ITEMS: SessionState.PARTIALLY_RETURNED,
        Operation.CANCEL: SessionState.CANCELLED,
    }
)

# The operations that each state permits; session.check_transition refuses every other. No state leads back to OPEN,
# and CANCELLED permits nothing. A session whose items have all been returned stays PARTIALLY_RETURNED: it can still
# be cancelled.
TRANSITIONS: Mapping[SessionState, frozenset[Operation]] = MappingProxyType(
    {
        SessionState.OPEN: frozenset({Operation.UPDATE, Operation.CLOSE, Operation.CANCEL}),
        SessionState.CLOSED: frozenset({Operation.RETURN_ITEMS, Operation.CANCEL}),
        SessionState.PARTIALLY_RETURNED: frozenset({Operation.RETURN_ITEMS, Operation.CANCEL}),
        SessionState.CANCELLED: frozenset(),
    }
)


def next_states(state: SessionState) -> tuple[SessionState, ...]:
    """Return the other states that a session in ``state`` can change to, in the order of the enum."""
    targets = {TARGET[operation] for operation in TRANSITIONS[state]} - {state}
    return tuple(target for target in SessionState if target in targets)
