"""What sessions, their events and their customers mean, and which sessions a filter lets through."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from entities import Application, CartItem, Discount, SessionReturn
from kept_rows import Kept
from listing import Listed
from world import Thing, World, said

NEXT = {
    "open": ["CLOSED", "CANCELLED"],
    "closed": ["PARTIALLY_RETURNED", "CANCELLED"],
    "partially_returned": ["CANCELLED"],
    "cancelled": [],
}
SOLD = ("closed", "partially_returned")
COLUMNS = {"profileIds": "profile_id", "coupons": "coupon", "referrals": "referral"}
EVENTS = {
    "created": "SessionCreated",
    "updated": "SessionUpdated",
    "closed": "SessionClosed",
    "items_returned": "ItemsReturned",
    "cancelled": "SessionCancelled",
}


class SessionEvent(Thing):
    """What happened to a session."""

    id_prefix, id_key = "event", ("session_id", "version")

    @property
    def type_name(self) -> str:  # type: ignore[override]  # it depends on the row
        """One of five."""
        return EVENTS[self.row["type"]]

    @property
    def from_(self) -> str | None:
        """Its state before."""
        return said(self.row["from_state"])

    from_state = from_

    @property
    def session(self) -> "CustomerSession":
        """As it is now."""
        facts = {"application_id": self.row["application_id"], "id": self.row["session_id"]}
        row = self.world.rows.one("customer_session", **facts)
        assert row is not None
        return CustomerSession(self.world, row)

    @property
    def return_(self) -> SessionReturn:
        """What came back."""
        made = next(made for made in self.parts("session_return") if made["version"] == self.row["version"])
        return SessionReturn(self.world, made)


class CustomerSession(Thing):
    """A session."""

    type_name, id_prefix, id_key = "CustomerSession", "session", ("id",)

    @property
    def application(self) -> Application:
        """Whose it is."""
        return Application(self.world, self.owner)

    @property
    def currency(self) -> str:
        """That of its application."""
        return str(self.owner["currency"])

    @property
    def profile(self) -> "CustomerProfile | None":
        """The customer."""
        facts = {"application_id": self.row["application_id"], "integration_id": self.row["profile_id"]}
        row = self.world.rows.one("customer_profile", **facts)
        return CustomerProfile(self.world, row) if row else None

    @property
    def next_states(self) -> list[str]:
        """Where it can go."""
        return NEXT[self.row["state"]]

    @property
    def net_total(self) -> str:
        """What is left."""
        return self.in_currency(self.row["total"] - self.row["discount_total"] - self.row["returned_total"])

    @property
    def cart_items(self) -> list[CartItem]:
        """By position."""
        lines = sorted(self.parts("cart_item"), key=lambda line: line["position"])
        return [CartItem(self.world, line) for line in lines]

    @property
    def identifiers(self) -> list[str]:
        """By position."""
        found = sorted(self.parts("session_identifier"), key=lambda each: each["position"])
        return [each["identifier"] for each in found]

    @property
    def discounts(self) -> list[Discount]:
        """By label."""
        found = sorted(self.parts("session_discount"), key=lambda each: each["label"])
        return [Discount(self.world, each) for each in found]

    @property
    def returns(self) -> list[SessionReturn]:
        """The oldest first."""
        made = sorted(self.parts("session_return"), key=lambda each: each["version"])
        return [SessionReturn(self.world, each) for each in made]

    def events(self, **page: Any) -> dict[str, Any]:
        """The oldest first."""
        return Listed(self.world, SessionEvent, "session_event", "events", ("version",)).page(
            self.parts("session_event"), **page
        )


class CustomerProfile(Thing):
    """A customer."""

    type_name, id_prefix, id_key = "CustomerProfile", "profile", ("integration_id",)

    @property
    def its_sessions(self) -> Sequence[Kept]:
        """All of them."""
        facts = {"application_id": self.row["application_id"], "profile_id": self.row["integration_id"]}
        return self.world.rows.where("customer_session", **facts)

    @property
    def closed_sessions(self) -> int:
        """How many were bought."""
        return sum(session["state"] in SOLD for session in self.its_sessions)

    @property
    def total_sales(self) -> str:
        """What they sum to."""
        sold = (session["total"] for session in self.its_sessions if session["state"] in SOLD)
        return self.in_currency(sum(sold, Decimal(0)))

    @property
    def last_activity(self) -> str:
        """Its own, or that of its sessions."""
        return str(said(max([self.row["updated"], *(session["updated"] for session in self.its_sessions)])))

    def sessions(self, **arguments: Any) -> dict[str, Any]:
        """A page of them."""
        return page_of_sessions(self.world, self.its_sessions, **arguments)


def page_of_sessions(
    world: World,
    rows: Sequence[Kept],
    filter: Mapping[str, Any] | None = None,
    order_by: Mapping[str, str] | None = None,
    **page: Any,
) -> dict[str, Any]:
    """A page of the sessions that a filter lets through."""
    asked = {"field": "CREATED", "direction": "DESC", **(order_by or {})}
    name = f"CustomerSessionOrder {asked['field']} {asked['direction']}"
    columns = (asked["field"].lower(), "id")
    found = [row for row in rows if fits(CustomerSession(world, row), filter or {})]
    listed = Listed(world, CustomerSession, "customer_session", name, columns, asked["direction"] == "DESC")
    return listed.page(found, **page)


def page_of_profiles(
    world: World,
    rows: Sequence[Kept],
    filter: Mapping[str, Any] | None = None,
    order_by: Mapping[str, str] | None = None,
    **page: Any,
) -> dict[str, Any]:
    """A page of the customers that a filter lets through."""
    asked = {"field": "INTEGRATION_ID", "direction": "ASC", **(order_by or {})}
    name = f"CustomerProfileOrder {asked['field']} {asked['direction']}"
    columns = (asked["field"].lower(), "integration_id")
    found = [row for row in rows if fits(CustomerProfile(world, row), filter or {})]
    listed = Listed(world, CustomerProfile, "customer_profile", name, columns, asked["direction"] == "DESC")
    return listed.page(found, **page)


def fits(row: Thing, filter: Mapping[str, Any]) -> bool:
    """Whether every field that is set holds."""
    return all(holds(row, name, wanted) for name, wanted in filter.items() if wanted is not None)


def holds(thing: Thing, name: str, wanted: Any) -> bool:
    """Whether one field of a filter holds."""
    row = thing.row
    match name:
        case "states":
            return thing.state in wanted
        case "profileIds" | "coupons" | "referrals":
            return row[COLUMNS[name]] in wanted
        case "identifiers":
            return not set(wanted).isdisjoint(thing.identifiers)
        case "skus":
            return not set(wanted).isdisjoint(line.sku for line in thing.cart_items)
        case "integrationIdPrefix":
            return bool(row["integration_id"].startswith(wanted))
        case "firstSession":
            return bool(row["first_session"] == wanted)
        case "total":
            low, high = wanted.get("min"), wanted.get("max")
            return (low is None or row["total"] >= low) and (high is None or row["total"] <= high)
    low, high, moment = wanted.get("from"), wanted.get("to"), row[name]
    return moment is not None and (low is None or moment >= low) and (high is None or moment < high)
