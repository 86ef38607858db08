"""Reference implementation of sessions, events and profiles, and of their filters."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from dataset import Dataset, ReferenceObject, to_api_value
from entities import Application, CartItem, SessionReturn
from ordered_list import OrderedList
from promotion_entities import Discount, Redemption, SessionEvaluation, page_of_codes
from table_rows import RowValues

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


class SessionEvent(ReferenceObject):
    """An event of a session."""

    id_prefix, id_key = "event", ("session_id", "version")

    @property
    def type_name(self) -> str:  # type: ignore[override]  # it depends on the row
        """The GraphQL type of the event."""
        return EVENTS[self.row["type"]]

    @property
    def from_(self) -> str | None:
        """The state before the event."""
        return to_api_value(self.row["from_state"])

    from_state = from_

    @property
    def session(self) -> "CustomerSession":
        """The session in its current state."""
        facts = {"application_id": self.row["application_id"], "id": self.row["session_id"]}
        row = self.dataset.rows.one("customer_session", **facts)
        assert row is not None
        return CustomerSession(self.dataset, row)

    @property
    def return_(self) -> SessionReturn:
        """The return."""
        made = next(made for made in self.parts("session_return") if made["version"] == self.row["version"])
        return SessionReturn(self.dataset, made)


class CustomerSession(ReferenceObject):
    """A session."""

    type_name, id_prefix, id_key = "CustomerSession", "session", ("id",)

    @property
    def application(self) -> Application:
        """The session's application."""
        return Application(self.dataset, self.owner)

    @property
    def currency(self) -> str:
        """The currency of the application."""
        return str(self.owner["currency"])

    @property
    def profile(self) -> "CustomerProfile | None":
        """The customer."""
        facts = {"application_id": self.row["application_id"], "integration_id": self.row["profile_id"]}
        row = self.dataset.rows.one("customer_profile", **facts)
        return CustomerProfile(self.dataset, row) if row else None

    @property
    def next_states(self) -> list[str]:
        """The states that the session can change to."""
        return NEXT[self.row["state"]]

    @property
    def net_total(self) -> str:
        """The total without discounts and returns."""
        return self.in_currency(self.row["total"] - self.row["discount_total"] - self.row["returned_total"])

    @property
    def cart_items(self) -> list[CartItem]:
        """By position."""
        lines = sorted(self.parts("cart_item"), key=lambda line: line["position"])
        return [CartItem(self.dataset, line) for line in lines]

    @property
    def identifiers(self) -> list[str]:
        """By position."""
        found = sorted(self.parts("session_identifier"), key=lambda each: each["position"])
        return [each["identifier"] for each in found]

    @property
    def discounts(self) -> list[Discount]:
        """By label."""
        found = sorted(self.parts("session_discount"), key=lambda each: each["label"])
        return [Discount(self.dataset, each) for each in found]

    @property
    def evaluation(self) -> SessionEvaluation | None:
        """The stored evaluation."""
        stored = self.row["evaluation"]
        return SessionEvaluation(self.dataset, stored, self.row["application_id"]) if stored else None

    @property
    def redemptions(self) -> list[Redemption]:
        """By campaign."""
        found = sorted(self.parts("redemption"), key=lambda each: each["campaign_id"])
        return [Redemption(self.dataset, each) for each in found]

    @property
    def returns(self) -> list[SessionReturn]:
        """The oldest first."""
        made = sorted(self.parts("session_return"), key=lambda each: each["version"])
        return [SessionReturn(self.dataset, each) for each in made]

    def events(self, **page: Any) -> dict[str, Any]:
        """The oldest first."""
        return OrderedList(self.dataset, SessionEvent, "session_event", "events", ("version",)).page(
            self.parts("session_event"), **page
        )


class CustomerProfile(ReferenceObject):
    """A customer."""

    type_name, id_prefix, id_key = "CustomerProfile", "profile", ("integration_id",)

    @property
    def its_sessions(self) -> Sequence[RowValues]:
        """The sessions of the customer."""
        facts = {"application_id": self.row["application_id"], "profile_id": self.row["integration_id"]}
        return self.dataset.rows.where("customer_session", **facts)

    @property
    def closed_sessions(self) -> int:
        """The number of closed sessions."""
        return sum(session["state"] in SOLD for session in self.its_sessions)

    @property
    def total_sales(self) -> str:
        """The sum of the totals of closed sessions."""
        sold = (session["total"] for session in self.its_sessions if session["state"] in SOLD)
        return self.in_currency(sum(sold, Decimal(0)))

    @property
    def last_activity(self) -> str:
        """The last update of the profile or its sessions."""
        return str(to_api_value(max([self.row["updated"], *(session["updated"] for session in self.its_sessions)])))

    def coupons(self, **page: Any) -> dict[str, Any]:
        """Return a page of the coupons for the customer."""
        facts = {"application_id": self.row["application_id"], "recipient_id": self.row["integration_id"]}
        return page_of_codes(self.dataset, self.dataset.rows.where("code", **facts), "coupon", **page)

    def sessions(self, **arguments: Any) -> dict[str, Any]:
        """Return a page of the customer's sessions."""
        return page_of_sessions(self.dataset, self.its_sessions, **arguments)


def page_of_sessions(
    dataset: Dataset,
    rows: Sequence[RowValues],
    filter: Mapping[str, Any] | None = None,
    order_by: Mapping[str, str] | None = None,
    **page: Any,
) -> dict[str, Any]:
    """Return a page of the sessions that match a filter."""
    asked = {"field": "CREATED", "direction": "DESC", **(order_by or {})}
    name = f"CustomerSessionOrder {asked['field']} {asked['direction']}"
    columns = (asked["field"].lower(), "id")
    found = [row for row in rows if fits(CustomerSession(dataset, row), filter or {})]
    listed = OrderedList(dataset, CustomerSession, "customer_session", name, columns, asked["direction"] == "DESC")
    return listed.page(found, **page)


def page_of_profiles(
    dataset: Dataset,
    rows: Sequence[RowValues],
    filter: Mapping[str, Any] | None = None,
    order_by: Mapping[str, str] | None = None,
    **page: Any,
) -> dict[str, Any]:
    """Return a page of the customers that match a filter."""
    asked = {"field": "INTEGRATION_ID", "direction": "ASC", **(order_by or {})}
    name = f"CustomerProfileOrder {asked['field']} {asked['direction']}"
    columns = (asked["field"].lower(), "integration_id")
    found = [row for row in rows if fits(CustomerProfile(dataset, row), filter or {})]
    listed = OrderedList(dataset, CustomerProfile, "customer_profile", name, columns, asked["direction"] == "DESC")
    return listed.page(found, **page)


def fits(row: ReferenceObject, filter: Mapping[str, Any]) -> bool:
    """Return whether a row matches all fields of a filter."""
    return all(holds(row, name, wanted) for name, wanted in filter.items() if wanted is not None)


def holds(object_: ReferenceObject, name: str, wanted: Any) -> bool:
    """Return whether a row matches one field of a filter."""
    row = object_.row
    match name:
        case "states":
            return object_.state in wanted
        case "profileIds" | "coupons" | "referrals":
            return row[COLUMNS[name]] in wanted
        case "identifiers":
            return not set(wanted).isdisjoint(object_.identifiers)
        case "skus":
            return not set(wanted).isdisjoint(line.sku for line in object_.cart_items)
        case "integrationIdPrefix":
            return bool(row["integration_id"].startswith(wanted))
        case "firstSession":
            return bool(row["first_session"] == wanted)
        case "total":
            low, high = wanted.get("min"), wanted.get("max")
            return (low is None or row["total"] >= low) and (high is None or row["total"] <= high)
    low, high, moment = wanted.get("from"), wanted.get("to"), row[name]
    return moment is not None and (low is None or moment >= low) and (high is None or moment < high)
