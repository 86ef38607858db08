"""A campaign: its content, validated and compiled. Each change of the content makes a new revision."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from db.domain.attributes import AttributeRules
from db.domain.errors import Refused
from db.domain.promotions.code import CampaignRequirement, window_problems
from db.domain.promotions.input_reader import LARGEST_INT, InputReader
from db.domain.promotions.limit import Limit, read_limits
from db.domain.promotions.rule import Rule, compile_rules

MAX_NAME = 100
MAX_NOTES = 10_000
DEFAULT_RANK = 100
FIELDS = ("name", "notes", "starts", "ends", "rank", "stacking", "bestOf", "requires", "rules", "limits")


class Stacking(StrEnum):
    """Whether campaigns that come later still apply after this one gave a discount. The values are stored."""

    STACK = "stack"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One revision of a campaign, compiled. Campaigns apply in the order of their rank, then of their ID."""

    id: int
    revision: int
    name: str
    starts: datetime | None
    ends: datetime | None
    rank: int
    stacking: Stacking
    best_of: str | None
    requires: CampaignRequirement
    rules: tuple[Rule, ...]
    limits: tuple[Limit, ...]


def compile_campaign(
    content: Mapping[str, Any],
    attributes: AttributeRules,
    minor_digits: int,
    *,
    campaign_id: int = 0,
    revision: int = 1,
) -> Campaign:
    """Compile a campaign's content, which has the shape of CreateCampaignInput.

    Raises Refused with every rule that the content breaks; the paths begin at the input.
    """
    reader = InputReader(attributes, minor_digits)
    given = reader.fields(content, (), FIELDS, required=("name", "rules"))
    if "notes" in given:
        reader.text(given["notes"], ("notes",), MAX_NOTES, min_length=0)
    starts, ends = (reader.time(given[name], (name,)) if name in given else None for name in ("starts", "ends"))
    reader.found.extend(window_problems(starts, ends))
    rank = reader.integer(given.get("rank", DEFAULT_RANK), ("rank",), -LARGEST_INT - 1)
    campaign = Campaign(
        id=campaign_id,
        revision=revision,
        name=reader.text(given["name"], ("name",), MAX_NAME) if "name" in given else "",
        starts=starts,
        ends=ends,
        rank=DEFAULT_RANK if rank is None else rank,
        stacking=reader.choice(given.get("stacking", "STACK"), ("stacking",), Stacking),
        best_of=reader.text(given["bestOf"], ("bestOf",), MAX_NAME) if "bestOf" in given else None,
        requires=reader.choice(given.get("requires", "NOTHING"), ("requires",), CampaignRequirement),
        rules=compile_rules(reader, given.get("rules", []), ("rules",)),
        limits=read_limits(reader, given.get("limits", []), ("limits",)),
    )
    if reader.found:
        raise Refused(*reader.found)
    return campaign
