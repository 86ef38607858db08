"""The conditions and line filters of the second evaluator, read from the shape of their input."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from db.domain.cart import CartLine

Input = Mapping[str, Any]


@dataclass
class SlowConditions:
    """The facts that conditions see."""

    cart: Sequence[CartLine]
    profile: Mapping[str, Any] | None
    identifiers: Sequence[str]
    first_session: bool

    @property
    def total(self) -> Fraction:
        return sum((self.gross(i) for i in range(len(self.cart))), Fraction(0))

    def gross(self, i: int) -> Fraction:
        return Fraction(self.cart[i].price) * self.cart[i].quantity

    def matches(self, i: int, lines: Input) -> bool:
        """Whether a line matches a filter."""
        line = self.cart[i]
        return (
            ("skus" not in lines or line.sku in lines["skus"])
            and line.sku.startswith(lines.get("skuPrefix", ""))
            and ("categories" not in lines or line.category in lines["categories"])
            and within(Fraction(line.price), lines.get("price", {}))
            and all(passes(line.attributes, test) for test in lines.get("attributes", []))
            and ("not" not in lines or not self.matches(i, lines["not"]))
        )

    def holds(self, when: Input, discounts: Mapping[str, list[Fraction]]) -> bool:
        """Whether a condition holds."""
        given = sum(map(sum, discounts.values()), Fraction(0))
        profile = when.get("profile")
        return (
            within(self.total, when.get("total", {}))
            and within(self.total - given, when.get("net", {}))
            and all(self.cart_holds(condition) for condition in when.get("cart", []))
            and ("firstSession" not in when or when["firstSession"] == self.first_session)
            and (
                profile is None
                or (
                    self.profile is not None
                    and within(Fraction(self.profile["closed"]), profile.get("closedSessions", {}))
                )
            )
            and ("identifiers" not in when or any(each in when["identifiers"] for each in self.identifiers))
            and ("anyOf" not in when or any(self.holds(each, discounts) for each in when["anyOf"]))
            and ("not" not in when or not self.holds(when["not"], discounts))
        )

    def cart_holds(self, condition: Input) -> bool:
        """Whether the lines that match a filter are enough."""
        lines = [i for i in range(len(self.cart)) if self.matches(i, condition.get("lines", {}))]
        if "units" not in condition and "amount" not in condition:
            return bool(lines)
        units = Fraction(sum(self.cart[i].quantity for i in lines))
        amount = sum(map(self.gross, lines), Fraction(0))
        return within(units, condition.get("units", {})) and within(amount, condition.get("amount", {}))


def within(value: Fraction, bounds: Input) -> bool:
    """Whether a closed range contains a value."""
    return ("min" not in bounds or Fraction(bounds["min"]) <= value) and (
        "max" not in bounds or value <= Fraction(bounds["max"])
    )


def passes(attributes: Mapping[str, Any], condition: Input) -> bool:
    """Whether an attribute that is a string passes a test of its values, or whether it is set."""
    value, test = attributes.get(condition["name"]), condition["test"]
    return (value is not None) == test["isSet"] if "isSet" in test else value in test["values"]
