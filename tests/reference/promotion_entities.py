"""Reference implementation of campaigns, codes, redemptions, discounts and evaluations."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from dataset import Dataset, ReferenceObject, format_amount, to_api_value
from ordered_list import OrderedList
from table_rows import RowValues

if TYPE_CHECKING:
    from sessions import CustomerSession

REWARDS = {
    "percentOff": "PercentOff",
    "amountOff": "AmountOff",
    "amountOffEach": "AmountOffEach",
    "fixedPrice": "FixedPrice",
    "buyGet": "BuyGet",
    "offer": "OfferReward",
    "message": "MessageReward",
}
AMOUNTS = ("amount", "discount_total", "discount_share")


class OfCampaign(ReferenceObject):
    """An object that names a campaign."""

    @property
    def campaign(self) -> "Campaign | None":
        """The campaign."""
        facts = {"application_id": self.row["application_id"], "id": self.row["campaign_id"]}
        row = self.dataset.rows.one("campaign", **facts)
        return Campaign(self.dataset, row) if row else None


class Document(OfCampaign):
    """An object that is stored as JSON. Amounts are ten-thousandths."""

    def __init__(self, dataset: Dataset, row: RowValues, application_id: int) -> None:
        super().__init__(dataset, {"application_id": application_id, **row})

    def __getattr__(self, name: str) -> Any:
        value = self.row[name]
        if name in AMOUNTS:
            return self.in_currency(Decimal(value).scaleb(-4))
        return value.upper() if name in ("status", "outcome") else value


class SessionEvaluation(Document):
    """An evaluation."""

    def parts_of(self, name: str) -> list[Document]:
        """Return the objects of a list."""
        return [Document(self.dataset, each, self.row["application_id"]) for each in self.row[name]]

    def __getattr__(self, name: str) -> Any:
        value = self.row[name]
        if isinstance(value, list):
            return self.parts_of(name)
        return Document(self.dataset, value, self.row["application_id"]) if isinstance(value, dict) else value


class Discount(OfCampaign):
    """A discount."""

    type_name = "Discount"

    @property
    def source(self) -> str:
        """The source."""
        return "MANUAL" if self.row["revision"] is None else "CAMPAIGN"

    @property
    def allocations(self) -> list[Mapping[str, Any]]:
        """The shares by line."""
        shares = self.row["shares"]
        if shares is None:
            lines = sorted(self.parts("cart_item"), key=lambda line: line["position"])
            shares = [(line["position"], line["discount_share"] * 10_000) for line in lines if line["discount_share"]]
        return [
            {"position": position, "amount": self.in_currency(Decimal(units).scaleb(-4))} for position, units in shares
        ]


class Redemption(OfCampaign):
    """A redemption."""

    type_name, id_prefix, id_key = "Redemption", "redemption", ("session_id", "campaign_id")

    @property
    def session(self) -> "CustomerSession | None":
        """The session."""
        from sessions import CustomerSession  # noqa: PLC0415 (it imports this module)

        facts = {"application_id": self.row["application_id"], "id": self.row["session_id"]}
        row = self.dataset.rows.one("customer_session", **facts)
        return CustomerSession(self.dataset, row) if row else None

    @property
    def used_code(self) -> str | None:
        """The code."""
        row = self.dataset.rows.one("code", application_id=self.row["application_id"], id=self.row["code_id"])
        return row["code"] if row else None


class Rule(ReferenceObject):
    """A rule; its row is that of the input."""

    def amount_of(self, name: str) -> str | None:
        """Format an amount of the input."""
        return None if self.row.get(name) is None else self.in_currency(Decimal(str(self.row[name])))

    def __getattr__(self, name: str) -> Any:
        return self.row.get(name)

    @property
    def max_amount(self) -> str | None:
        """The maximum."""
        return self.amount_of("maxAmount")

    @property
    def reward(self) -> "RuleReward":
        """The reward."""
        ((name, values),) = self.row["reward"].items()
        return RuleReward(self.dataset, {**values, "name": name, "application_id": self.row["application_id"]})


class RuleReward(Rule):
    """A reward."""

    @property
    def type_name(self) -> str:  # type: ignore[override]  # it depends on the row
        """The member of the union."""
        return REWARDS[self.row["name"]]

    @property
    def amount(self) -> str | None:
        """The amount."""
        return self.amount_of("amount")

    @property
    def price(self) -> str | None:
        """The price."""
        return self.amount_of("price")

    @property
    def percent(self) -> str:
        """The percentage."""
        return format_amount(Decimal(str(self.row["percent"])), 0)

    @property
    def percent_off(self) -> str:
        """The percentage of units that are got."""
        return format_amount(Decimal(str(self.row["percentOff"])), 0)

    @property
    def get_lines(self) -> Any:
        """The lines whose units are got."""
        return self.row.get("getLines")


class CampaignLimit(ReferenceObject):
    """A limit."""

    type_name, id_prefix, id_key = "CampaignLimit", "limit", ("id",)

    def money(self, name: str) -> str:
        """Format an amount, or a number of uses."""
        return self.quantity(self.row[name])

    def quantity(self, amount: Decimal) -> str:
        """Format an amount, or a number of uses."""
        digits = 0 if to_api_value(self.row["measure"]) == "USES" else self.owner["minor_digits"]
        return f"-{format_amount(-amount, digits)}" if amount < 0 else format_amount(amount, digits)

    def counters(self, subject: str | None = None, **page: Any) -> dict[str, Any]:
        """Return a page of counters."""
        facts = {"application_id": self.row["application_id"], "limit_id": self.row["id"]}
        rows = self.dataset.rows.where("limit_counter", **facts, **({} if subject is None else {"subject": subject}))
        listed = OrderedList(self.dataset, LimitCounter, "limit_counter", "counters", ("subject", "starts"))
        return listed.page(rows, **page)


class LimitCounter(ReferenceObject):
    """A counter. Its ID is known to the tests alone."""

    type_name, id_prefix, id_key = "LimitCounter", "counter", ("limit_id", "subject", "starts")

    @property
    def limit(self) -> CampaignLimit:
        """The limit."""
        facts = {"application_id": self.row["application_id"], "id": self.row["limit_id"]}
        row = self.dataset.rows.one("campaign_limit", **facts)
        assert row is not None
        return CampaignLimit(self.dataset, row)

    @property
    def subject(self) -> str | None:
        """The subject."""
        return self.row["subject"] or None

    @property
    def period(self) -> str | None:
        """The beginning of the period."""
        return self.row["starts"] or None

    @property
    def used(self) -> str:
        """The use."""
        return self.limit.quantity(self.row["used"])

    @property
    def remaining(self) -> str:
        """The rest of the limit."""
        return self.limit.quantity(self.limit.row["max"] - self.row["used"])


class Code(OfCampaign):
    """A coupon or a referral."""

    id_key = ("id",)

    @property
    def type_name(self) -> str:  # type: ignore[override]  # it depends on the row
        """The type."""
        return "Coupon" if self.row["kind"] == "coupon" else "Referral"

    @property
    def id_prefix(self) -> str:  # type: ignore[override]  # it depends on the row
        """The prefix of the ID."""
        return str(self.row["kind"].value)

    @property
    def recipient_profile_id(self) -> str | None:
        """The recipient."""
        return self.row["recipient_id"]

    @property
    def advocate_profile_id(self) -> str | None:
        """The advocate."""
        return self.row["advocate_id"]

    @property
    def friend_profile_id(self) -> str | None:
        """The friend."""
        return self.row["friend_id"]

    def redemption_history(self, **page: Any) -> dict[str, Any]:
        """Return a page of redemptions."""
        facts = {"application_id": self.row["application_id"], "code_id": self.row["id"]}
        return page_of_redemptions(self.dataset, self.dataset.rows.where("redemption", **facts), **page)


class Campaign(ReferenceObject):
    """A campaign."""

    type_name, id_prefix, id_key = "Campaign", "campaign", ("id",)

    def rows(self, table: str, **facts: Any) -> Sequence[RowValues]:
        """Return the campaign's rows in a table."""
        own = {"application_id": self.row["application_id"], "campaign_id": self.row["id"]}
        return self.dataset.rows.where(table, **own, **facts)

    @property
    def rules(self) -> list[Rule]:
        """The rules of the newest revision."""
        (made,) = self.rows("campaign_revision", revision=self.row["revision"])
        application_id = self.row["application_id"]
        return [Rule(self.dataset, {**each, "application_id": application_id}) for each in made["content"]["rules"]]

    @property
    def limits(self) -> list[CampaignLimit]:
        """The limits of the newest revision."""
        found = [row for row in self.rows("campaign_limit") if row["position"] is not None]
        return [CampaignLimit(self.dataset, row) for row in sorted(found, key=lambda row: row["position"])]

    def coupons(self, **arguments: Any) -> dict[str, Any]:
        """Return a page of coupons."""
        return page_of_coupons(self.dataset, self.rows("code"), **arguments)

    def referrals(self, **page: Any) -> dict[str, Any]:
        """Return a page of referrals."""
        return page_of_codes(self.dataset, self.rows("code"), "referral", **page)

    def redemption_history(self, **page: Any) -> dict[str, Any]:
        """Return a page of redemptions."""
        return page_of_redemptions(self.dataset, self.rows("redemption"), **page)


def page_of_redemptions(dataset: Dataset, rows: Sequence[RowValues], **page: Any) -> dict[str, Any]:
    """Return a page of redemptions, the newest first."""
    columns = ("created", "session_id")
    return OrderedList(dataset, Redemption, "redemption", "redemptionHistory", columns, True).page(rows, **page)


def page_of_codes(dataset: Dataset, rows: Sequence[RowValues], kind: str, **page: Any) -> dict[str, Any]:
    """Return a page of the codes of a kind, in their order."""
    found = [row for row in rows if row["kind"] == kind]
    return OrderedList(dataset, Code, "code", f"{kind}s", ("normalized",)).page(found, **page)


def page_of_coupons(
    dataset: Dataset, rows: Sequence[RowValues], filter: Mapping[str, Any] | None = None, **page: Any
) -> dict[str, Any]:
    """Return a page of the coupons that match a filter."""
    wanted = {name: value for name, value in (filter or {}).items() if value is not None}
    found = [row for row in rows if all(holds(row, name, value) for name, value in wanted.items())]
    return page_of_codes(dataset, found, "coupon", **page)


def page_of_campaigns(dataset: Dataset, rows: Sequence[RowValues], **page: Any) -> dict[str, Any]:
    """Return a page of campaigns."""
    return OrderedList(dataset, Campaign, "campaign", "campaigns", ("rank", "id")).page(rows, **page)


def holds(row: RowValues, name: str, wanted: Any) -> bool:
    """Return whether a coupon matches one field of a filter."""
    match name:
        case "codePrefix":
            return bool(wanted.isascii() and row["normalized"].startswith(wanted.lstrip().upper()))
        case "batch":
            return bool(row["batch"] == wanted)
        case "recipientProfileIds":
            return row["recipient_id"] in wanted
    return bool((row["used"] > 0) == wanted)
