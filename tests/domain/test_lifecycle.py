"""The life cycle: every state with every operation, and properties of the graph."""

from datetime import UTC, datetime
from itertools import product

import pytest

from db.domain.errors import InvalidTransition, Refusal, Refused, SessionNotEditable
from db.domain.lifecycle import INITIAL, TARGET, TRANSITIONS, Operation, SessionState, next_states
from db.domain.session import CustomerSession, check_transition

OPEN, CLOSED, PARTIALLY_RETURNED, CANCELLED = SessionState
UPDATE, CLOSE, RETURN_ITEMS, CANCEL = Operation

ACCEPTED = [
    (OPEN, UPDATE, OPEN),
    (OPEN, CLOSE, CLOSED),
    (OPEN, CANCEL, CANCELLED),
    (CLOSED, RETURN_ITEMS, PARTIALLY_RETURNED),
    (CLOSED, CANCEL, CANCELLED),
    (PARTIALLY_RETURNED, RETURN_ITEMS, PARTIALLY_RETURNED),
    (PARTIALLY_RETURNED, CANCEL, CANCELLED),
]
FROM_OPEN = (CLOSED, CANCELLED)
FROM_CLOSED = (PARTIALLY_RETURNED, CANCELLED)
REFUSED = [
    (OPEN, RETURN_ITEMS, InvalidTransition(from_=OPEN, to=PARTIALLY_RETURNED, next_states=FROM_OPEN)),
    (CLOSED, UPDATE, SessionNotEditable(state=CLOSED)),
    (CLOSED, CLOSE, InvalidTransition(from_=CLOSED, to=CLOSED, next_states=FROM_CLOSED)),
    (PARTIALLY_RETURNED, UPDATE, SessionNotEditable(state=PARTIALLY_RETURNED)),
    (PARTIALLY_RETURNED, CLOSE, InvalidTransition(from_=PARTIALLY_RETURNED, to=CLOSED, next_states=(CANCELLED,))),
    (CANCELLED, UPDATE, SessionNotEditable(state=CANCELLED)),
    (CANCELLED, CLOSE, InvalidTransition(from_=CANCELLED, to=CLOSED, next_states=())),
    (CANCELLED, RETURN_ITEMS, InvalidTransition(from_=CANCELLED, to=PARTIALLY_RETURNED, next_states=())),
    (CANCELLED, CANCEL, InvalidTransition(from_=CANCELLED, to=CANCELLED, next_states=())),
]


NOW = datetime(2026, 3, 1, tzinfo=UTC)


def session_in(state: SessionState) -> CustomerSession:
    return CustomerSession(application_id=1, integration_id="s1", created=NOW, updated=NOW, minor_digits=2, state=state)


def test_every_state_is_tested_with_every_operation() -> None:
    rows = [(state, operation) for state, operation, _ in (*ACCEPTED, *REFUSED)]
    assert sorted(rows) == sorted(product(SessionState, Operation))


@pytest.mark.parametrize(("state", "operation", "target"), ACCEPTED)
def test_permitted_operation_leads_to_its_target(
    state: SessionState, operation: Operation, target: SessionState
) -> None:
    assert check_transition(session_in(state), operation) is target


@pytest.mark.parametrize(("state", "operation", "refusal"), REFUSED)
def test_refusal_names_the_states(state: SessionState, operation: Operation, refusal: Refusal) -> None:
    with pytest.raises(Refused) as refused:
        check_transition(session_in(state), operation)
    assert refused.value.refusals == (refusal,)


@pytest.mark.parametrize(
    ("state", "states"),
    [(OPEN, FROM_OPEN), (CLOSED, FROM_CLOSED), (PARTIALLY_RETURNED, (CANCELLED,)), (CANCELLED, ())],
)
def test_next_states_are_the_others_in_the_order_of_the_enum(
    state: SessionState, states: tuple[SessionState, ...]
) -> None:
    assert next_states(state) == states


def test_a_session_is_created_open_or_closed() -> None:
    assert {OPEN, CLOSED} == INITIAL


def test_every_state_has_transitions_and_every_operation_a_target() -> None:
    assert set(TRANSITIONS) == set(SessionState)
    assert set(TARGET) == set(Operation)
    assert set().union(*TRANSITIONS.values()) == set(Operation)


def test_every_state_can_be_reached() -> None:
    reached: set[SessionState] = set()
    ahead = set(INITIAL)
    while ahead:
        reached |= ahead
        ahead = {target for state in ahead for target in next_states(state)} - reached
    assert reached == set(SessionState)


@pytest.mark.parametrize("state", SessionState)
def test_no_state_leads_back_to_open(state: SessionState) -> None:
    assert OPEN not in next_states(state)


def test_cancelled_permits_no_operation() -> None:
    assert not TRANSITIONS[CANCELLED]


def test_states_are_stored_in_lower_case() -> None:
    assert [state.value for state in SessionState] == ["open", "closed", "partially_returned", "cancelled"]
