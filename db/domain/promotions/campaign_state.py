"""The states of a campaign, and the transitions between them."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType

from db.domain.errors import InvalidInput, Refusal


class CampaignState(StrEnum):
    """The state of a campaign. The values are stored in the database. Only an ACTIVE campaign gives discounts."""

    DRAFT = "draft"
    ACTIVE = "active"
    PAUSED = "paused"
    ARCHIVED = "archived"


INITIAL = frozenset({CampaignState.DRAFT, CampaignState.ACTIVE})

# The states that each state can change to. An archived campaign cannot be changed at all, nor can its content.
TRANSITIONS: Mapping[CampaignState, frozenset[CampaignState]] = MappingProxyType(
    {
        CampaignState.DRAFT: frozenset({CampaignState.ACTIVE, CampaignState.ARCHIVED}),
        CampaignState.ACTIVE: frozenset({CampaignState.PAUSED, CampaignState.ARCHIVED}),
        CampaignState.PAUSED: frozenset({CampaignState.ACTIVE, CampaignState.ARCHIVED}),
        CampaignState.ARCHIVED: frozenset(),
    }
)

# The labels of rules in these states are unique within an application.
LABELS_RESERVED = frozenset({CampaignState.ACTIVE, CampaignState.PAUSED})


def next_states(state: CampaignState) -> tuple[CampaignState, ...]:
    """Return the states that a campaign in ``state`` can change to, in the order of the enum."""
    return tuple(target for target in CampaignState if target in TRANSITIONS[state])


def transition_problems(state: CampaignState, target: CampaignState) -> Sequence[Refusal]:
    """Return the refusal of a change of state, unless the table permits it. The same state is no change."""
    if target is state or target in TRANSITIONS[state]:
        return ()
    possible = " or ".join(each.name for each in next_states(state))
    advice = f"it can become {possible}" if possible else "no other state is possible"
    problem = f"A campaign that is {state.name} cannot become {target.name}; {advice}."
    return [InvalidInput(path=("state",), problem=problem)]


def edit_problems(state: CampaignState) -> Sequence[Refusal]:
    """Return the refusal of a change of the content of an archived campaign."""
    if state is CampaignState.ARCHIVED:
        return [InvalidInput(path=("id",), problem="A campaign that is ARCHIVED cannot be changed.")]
    return ()
