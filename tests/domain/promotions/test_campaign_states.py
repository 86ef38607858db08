"""The states of a campaign."""

import pytest

from db.domain.errors import InvalidInput
from db.domain.promotions.campaign_state import (
    INITIAL,
    TRANSITIONS,
    CampaignState,
    edit_problems,
    next_states,
    transition_problems,
)

DRAFT, ACTIVE, PAUSED, ARCHIVED = CampaignState


def test_every_state_can_be_reached_and_leads_to_known_states() -> None:
    assert TRANSITIONS.keys() == set(CampaignState)
    assert set(INITIAL).union(*TRANSITIONS.values()) == set(CampaignState)


def test_next_states() -> None:
    assert [next_states(state) for state in CampaignState] == [
        (ACTIVE, ARCHIVED),
        (PAUSED, ARCHIVED),
        (ACTIVE, ARCHIVED),
        (),
    ]


@pytest.mark.parametrize(
    ("state", "target", "problem"),
    [
        (ACTIVE, DRAFT, "A campaign that is ACTIVE cannot become DRAFT; it can become PAUSED or ARCHIVED."),
        (DRAFT, PAUSED, "A campaign that is DRAFT cannot become PAUSED; it can become ACTIVE or ARCHIVED."),
        (ARCHIVED, ACTIVE, "A campaign that is ARCHIVED cannot become ACTIVE; no other state is possible."),
    ],
)
def test_other_states_are_refused(state: CampaignState, target: CampaignState, problem: str) -> None:
    assert transition_problems(state, target) == [InvalidInput(path=("state",), problem=problem)]


def test_permitted_state_and_same_state_are_accepted() -> None:
    assert not transition_problems(PAUSED, ACTIVE)
    assert not transition_problems(ARCHIVED, ARCHIVED)


def test_only_an_archived_campaign_cannot_be_edited() -> None:
    assert [bool(edit_problems(state)) for state in CampaignState] == [False, False, False, True]
