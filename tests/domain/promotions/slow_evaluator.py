"""A second evaluator of promotions, written for reading alone: in fractions, one step after another.

It reads campaigns in the shape of their input and shares no code with the evaluator that it is compared with.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from fractions import Fraction
from math import floor
from typing import Any

from slow_conditions import Input, SlowConditions

CounterName = tuple[int, str, str, str, str | None, str | None]


@dataclass
class Slow(SlowConditions):
    """One evaluation. Amounts are fractions of the currency's main unit."""

    manual: Mapping[str, Fraction]
    codes: Mapping[str, Mapping[str, Any]]
    counters: Mapping[CounterName, Fraction]
    at: datetime
    zone: tzinfo
    digits: int
    rounding: str
    discounts: dict[str, list[Fraction]] = field(default_factory=dict)
    outcomes: list[tuple[int, str | None, str]] = field(default_factory=list)
    information: list[tuple[int, str]] = field(default_factory=list)

    @property
    def cent(self) -> Fraction:
        return Fraction(1, 10**self.digits)

    def line_net(self, i: int, discounts: Mapping[str, list[Fraction]]) -> Fraction:
        return max(Fraction(0), self.gross(i) - sum(shares[i] for shares in discounts.values()))

    def run(self, campaigns: Mapping[int, Input]) -> None:
        """Evaluate the caller's discounts, then the campaigns."""
        self.give_manual()
        waiting = sorted(campaigns, key=lambda number: (campaigns[number].get("rank", 100), number))
        stopped = False
        while waiting:
            group = campaigns[waiting[0]].get("bestOf")
            members = [number for number in waiting if group is not None and campaigns[number].get("bestOf") == group]
            members = members or waiting[:1]
            waiting = [number for number in waiting if number not in members]
            if stopped:
                self.outcomes += [(number, None, "STOPPED") for number in members]
                continue
            gifts = {number: self.try_campaign(number, campaigns[number]) for number in members}
            values = {number: sum(map(sum, gift[0].values()), Fraction(0)) for number, gift in gifts.items()}
            best = max(values.values())
            winner = next((number for number in members if values[number] == best and best > 0), None)
            for number in members:
                given, outcomes, information = gifts[number]
                if number != winner and values[number] > 0:
                    self.outcomes.append((number, None, "BETTER_OFFER"))
                    continue
                self.outcomes += [(number, label, outcome) for label, outcome in outcomes]
                self.information += [(number, label) for label in information]
                self.discounts |= given
            stopped = winner is not None and campaigns[winner].get("stacking") == "STOP"

    def give_manual(self) -> None:
        """Cut the caller's discounts to the total from the last on, spread their sum, and split the shares."""
        left = self.total // self.cent * self.cent
        amounts = {}
        for label in sorted(self.manual):
            amounts[label] = min(self.manual[label], left)
            left -= amounts[label]
        weights = [self.gross(i) for i in range(len(self.cart))]
        shares = self.spread(sum(amounts.values(), Fraction(0)), weights, None)
        for label, amount in amounts.items():
            self.discounts[label] = self.spread(amount, shares, None)
            shares = [share - part for share, part in zip(shares, self.discounts[label], strict=True)]

    def spread(
        self, amount: Fraction, weights: Sequence[Fraction], capacities: Sequence[Fraction] | None
    ) -> list[Fraction]:
        """Give whole cents by largest remainder, again and again until no line exceeds its capacity."""
        given = [Fraction(0)] * len(weights)
        while sum(given) < amount:
            left = amount - sum(given)
            open_ = [i for i in range(len(weights)) if weights[i] and (not capacities or given[i] < capacities[i])]
            whole = sum(weights[i] for i in open_)
            ideal = {i: left * weights[i] / whole for i in open_}
            parts = {i: ideal[i] // self.cent * self.cent for i in open_}
            while sum(parts.values()) < left:
                neediest = max(open_, key=lambda i: (ideal[i] - parts[i], -i))
                parts[neediest] += self.cent
            for i in open_:
                given[i] = min(given[i] + parts[i], capacities[i]) if capacities else given[i] + parts[i]
        return given

    def round(self, amount: Fraction) -> Fraction:
        """Round to whole cents."""
        cents = amount / self.cent
        half_up, half_even = floor(cents + Fraction(1, 2)), round(cents)
        return {"HALF_UP": half_up, "HALF_EVEN": half_even, "DOWN": floor(cents)}[self.rounding] * self.cent

    def try_campaign(
        self, number: int, campaign: Input
    ) -> tuple[dict[str, list[Fraction]], list[tuple[str | None, str]], list[str]]:
        """Return shares by label, outcomes by label, and the labels of offers and messages."""
        if reason := self.excluded(number, campaign):
            return {}, [(None, reason)], []
        given: dict[str, list[Fraction]] = {}
        details: dict[str, tuple[list[Fraction], list[Fraction]]] = {}
        outcomes: dict[str, str] = {}
        information = []
        for rule in campaign["rules"]:
            label, now = rule["label"], {**self.discounts, **given}
            lines = [i for i in range(len(self.cart)) if self.matches(i, rule.get("lines") or {})]
            if label in self.discounts:
                outcomes[label] = "LABEL_TAKEN"
            elif not self.holds(rule.get("when") or {}, now):
                outcomes[label] = "CONDITION_FAILED"
            elif "offer" in rule["reward"] or "message" in rule["reward"]:
                outcomes[label] = "APPLIED" if lines or "lines" not in rule else "NO_MATCHING_LINE"
                information += [label] if outcomes[label] == "APPLIED" else []
            elif not lines:
                outcomes[label] = "NO_MATCHING_LINE"
            else:
                nets = [self.line_net(i, now) for i in range(len(self.cart))]
                amount, weights = self.reward(rule["reward"], lines, nets)
                capacities = [
                    net // self.cent * self.cent if weight else Fraction(0)
                    for net, weight in zip(nets, weights, strict=True)
                ]
                room = self.total // self.cent * self.cent - sum(map(sum, now.values()), Fraction(0))
                amount = min(amount, sum(capacities, Fraction(0)), room, Fraction(rule.get("maxAmount") or amount))
                outcomes[label] = "APPLIED" if amount else "NO_EFFECT"
                if amount:
                    given[label], details[label] = self.spread(amount, weights, capacities), (weights, capacities)
        return self.limited(number, campaign, given, details, outcomes, information)

    def limited(
        self,
        number: int,
        campaign: Input,
        given: dict[str, list[Fraction]],
        details: Mapping[str, tuple[list[Fraction], list[Fraction]]],
        outcomes: dict[str, str],
        information: list[str],
    ) -> tuple[dict[str, list[Fraction]], list[tuple[str | None, str]], list[str]]:
        """Apply the limits of discounts: those that cut, then those that skip."""
        if not given:
            return {}, list(outcomes.items()), information
        remaining = [
            (limit.get("whenShort", "SKIP"), left)
            for limit in campaign.get("limits", [])
            if limit["measure"] == "DISCOUNT"
            for left in self.left(number, limit)
        ]
        least = min([left for mode, left in remaining if mode == "CUT"], default=None)
        if least is not None and least <= 0:
            return {}, [(None, "LIMIT_REACHED")], []
        for label in reversed(list(given)):
            excess = Fraction(0) if least is None else sum(map(sum, given.values()), Fraction(0)) - least
            if excess > 0:
                amount = max(Fraction(0), sum(given[label], Fraction(0)) - excess)
                given[label] = self.spread(amount, *details[label])
                outcomes[label] = "CUT" if amount else "LIMIT_REACHED"
        given = {label: shares for label, shares in given.items() if any(shares)}
        amount = sum((sum(shares, Fraction(0)) for shares in given.values()), Fraction(0))
        if any(mode == "SKIP" and left < amount for mode, left in remaining):
            return {}, [(None, "LIMIT_REACHED")], []
        return given, list(outcomes.items()), information

    def excluded(self, number: int, campaign: Input) -> str | None:
        """Return the reason for which a campaign's rules are not looked at."""
        if campaign.get("starts") and self.at < datetime.fromisoformat(campaign["starts"]):
            return "NOT_STARTED"
        if campaign.get("ends") and self.at >= datetime.fromisoformat(campaign["ends"]):
            return "ENDED"
        code = None
        if campaign.get("requires", "NOTHING") != "NOTHING":
            code = self.codes.get(campaign["requires"])
            if code is None or code["campaign"] != number:
                return "NO_CODE"
            me = self.profile["id"] if self.profile else None
            if code.get("advocate") and code["advocate"] == me:
                return "SELF_REFERRAL"
            if code.get("for") and code["for"] != me:
                return "OTHER_RECIPIENT"
        limits = campaign.get("limits", [])
        if any(not self.left(number, limit) for limit in limits):
            return "SUBJECT_MISSING"
        if code and code["limit"] is not None and code["used"] >= code["limit"]:
            return "LIMIT_REACHED"
        if any(left < 1 for limit in limits if limit["measure"] == "USES" for left in self.left(number, limit)):
            return "LIMIT_REACHED"
        return None

    def left(self, number: int, limit: Input) -> list[Fraction]:
        """Return what a limit has left for each subject of the session."""
        subjects: Mapping[str, Sequence[str | None]] = {
            "CAMPAIGN": [None],
            "PROFILE": [self.profile["id"]] if self.profile else [],
            "IDENTIFIER": self.identifiers,
        }
        day, period = self.at.astimezone(self.zone).date(), limit.get("period", "EVER")
        start = {
            "EVER": None,
            "DAY": day,
            "WEEK": next(day - timedelta(n) for n in range(7) if (day - timedelta(n)).isoweekday() == 1),
            "MONTH": day.replace(day=1),
            "YEAR": day.replace(month=1, day=1),
        }[period]
        names = [
            (number, limit["measure"], limit["per"], period, subject, str(start) if start else None)
            for subject in subjects[limit["per"]]
        ]
        return [Fraction(limit["max"]) - self.counters.get(name, 0) for name in names]

    def reward(self, reward: Input, lines: Sequence[int], nets: Sequence[Fraction]) -> tuple[Fraction, list[Fraction]]:
        """Return the rounded amount of a reward, and its amount or weight for each line of the cart."""
        ((kind, details),) = reward.items()
        weights = [Fraction(0)] * len(nets)
        for i in lines:
            quantity = self.cart[i].quantity
            match kind:
                case "percentOff" | "amountOff":
                    weights[i] = nets[i]
                case "amountOffEach":
                    weights[i] = min(Fraction(details["amount"]) * quantity, nets[i])
                case "fixedPrice":
                    weights[i] = max(Fraction(0), nets[i] - Fraction(details["price"]) * quantity)
        match kind:
            case "percentOff":
                return self.round(sum(weights) * Fraction(details["percent"]) / 100), weights
            case "amountOff":
                return Fraction(details["amount"]), weights
            case "buyGet":
                weights = self.buy_get(details, lines, nets)
        return self.round(sum(weights, Fraction(0))), weights

    def buy_get(self, details: Input, lines: Sequence[int], nets: Sequence[Fraction]) -> list[Fraction]:
        """Try numbers of sets from the largest down, unit by unit."""
        get_lines = details.get("getLines")
        free = [i for i in range(len(nets)) if self.matches(i, get_lines)] if get_lines is not None else list(lines)
        units = [i for i in sorted(free, key=lambda i: (self.cart[i].price, i)) for _ in range(self.cart[i].quantity)]
        buyable = sum(self.cart[i].quantity for i in lines)
        most = min(details.get("times") or buyable, buyable // details["buy"])
        for sets in range(most, 0, -1):
            spare, chosen = buyable - sets * details["buy"], list[int]()
            for i in units:
                if len(chosen) < sets * details["get"] and (i not in lines or spare):
                    chosen.append(i)
                    spare -= i in lines
            if len(chosen) == sets * details["get"]:
                value = Fraction(details.get("percentOff", 100)) / 100
                return [chosen.count(i) * net / self.cart[i].quantity * value for i, net in enumerate(nets)]
        return [Fraction(0)] * len(nets)
