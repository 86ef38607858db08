"""A rule of a campaign: a condition, a filter of lines, and a reward."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from db.domain.content import MAX_LABEL
from db.domain.errors import InvalidInput, Refusal, quote
from db.domain.money import to_units
from db.domain.promotions.buy_get import buy_get
from db.domain.promotions.condition import Condition, compile_condition
from db.domain.promotions.input_reader import InputReader, Path
from db.domain.promotions.line_filter import LineFilter, compile_line_filter
from db.domain.promotions.reward import (
    Message,
    Offer,
    Reward,
    amount_off,
    amount_off_each,
    fixed_price,
    percent_off,
    read_message,
    read_offer,
)

MAX_RULES = 100
FIELDS = ("label", "when", "lines", "reward", "maxAmount")

DISCOUNTS: Mapping[str, Callable[[InputReader, Any, Path], Reward]] = {
    "percentOff": percent_off,
    "amountOff": amount_off,
    "amountOffEach": amount_off_each,
    "fixedPrice": fixed_price,
    "buyGet": buy_get,
}
INFORMATION: Mapping[str, Callable[[InputReader, Any, Path], Offer | Message]] = {
    "offer": read_offer,
    "message": read_message,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A compiled rule. ``reward`` takes amounts off lines, or makes an offer or a message.

    ``max_amount`` is in minor units; ``path`` is the rule's place in the campaign's input.
    """

    label: str
    path: Path
    when: Condition | None
    lines: LineFilter | None
    reward: Reward | Offer | Message
    max_amount: int | None


def compile_rules(reader: InputReader, value: Any, path: Path) -> tuple[Rule, ...]:
    """Compile a list of PromotionRuleInput. Labels are unique."""
    rules: list[Rule] = []
    labels: set[str] = set()
    for element, at in reader.items(value, path, MAX_RULES):
        rule = compile_rule(reader, element, at)
        if rule.label and rule.label in labels:
            reader.refuse((*at, "label"), f"The label {quote(rule.label)} is listed twice.")
        labels.add(rule.label)
        rules.append(rule)
    return tuple(rules)


def compile_rule(reader: InputReader, value: Any, path: Path) -> Rule:
    """Compile one PromotionRuleInput."""
    given = reader.fields(value, path, FIELDS, required=("label", "reward"))
    label = reader.text(given["label"], (*path, "label"), MAX_LABEL) if "label" in given else ""
    when, lines = None, None
    if "when" in given:
        with reader.count_leaves((*path, "when")):
            when = compile_condition(reader, given["when"], (*path, "when"))
    if "lines" in given:
        with reader.count_leaves((*path, "lines")):
            lines = compile_line_filter(reader, given["lines"], (*path, "lines"))
    reward = compile_reward(reader, given["reward"], (*path, "reward")) if "reward" in given else Message("")
    max_amount = None
    if "maxAmount" in given:
        digits = reader.minor_digits
        max_amount = to_units(reader.positive_amount(given["maxAmount"], (*path, "maxAmount"), digits), digits)
    return Rule(label=label, path=path, when=when, lines=lines, reward=reward, max_amount=max_amount)


def compile_reward(reader: InputReader, value: Any, path: Path) -> Reward | Offer | Message:
    """Compile a RewardInput, of which exactly one field is set."""
    chosen = reader.one_of(value, path, (*DISCOUNTS, *INFORMATION))
    if chosen is None:
        return Message("")
    name, reward = chosen
    return (DISCOUNTS.get(name) or INFORMATION[name])(reader, reward, (*path, name))


def label_problems(labels: Sequence[str], reserved: Mapping[str, str]) -> Sequence[Refusal]:
    """Return a refusal for each rule whose label another campaign has.

    ``reserved`` maps the labels of the application's other ACTIVE and PAUSED campaigns to the names of these.
    """
    return [
        InvalidInput(
            path=("rules", str(index), "label"),
            problem=f"The campaign {quote(reserved[label])} has a rule with the label {quote(label)}.",
        )
        for index, label in enumerate(labels)
        if label in reserved
    ]
