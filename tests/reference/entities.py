"""Reference implementation of applications, keys, attribute definitions, cart lines and returns."""

from collections.abc import Mapping

from dataset import ReferenceObject, format_amount


class Application(ReferenceObject):
    """An application."""

    type_name, id_prefix = "Application", "application"


class ApiKey(ReferenceObject):
    """A key."""

    type_name, id_prefix, id_key = "ApiKey", "key", ("prefix",)


class AttributeDefinition(ReferenceObject):
    """An attribute."""

    type_name, id_prefix, id_key = "AttributeDefinition", "attribute", ("entity", "name")


class Webhook(ReferenceObject):
    """A webhook."""

    type_name, id_prefix, id_key = "Webhook", "webhook", ("id",)

    @property
    def after(self) -> str:
        """The cursor of the place."""
        return f'["feed",{self.row["application_id"]},{self.row["after_id"]}]'.encode().hex()

    @property
    def lag(self) -> int:
        """The number of events after the place that have one of the types."""
        events = self.dataset.rows.where("session_event", application_id=self.row["application_id"])
        newer = [event for event in events if event["id"] > self.row["after_id"]]
        return sum(self.row["types"] is None or event["type"].name in self.row["types"] for event in newer)


class CartItem(ReferenceObject):
    """A line."""

    type_name = "CartItem"

    @property
    def id(self) -> str:
        """The id of the line, which is not global."""
        return str(self.row["id"])

    def money(self, name: str) -> str:
        """Format an amount; measures have no currency."""
        measure = name in ("weight", "height", "width", "length")
        return format_amount(self.row[name], 0) if measure else super().money(name)

    @property
    def remaining_quantity(self) -> int:
        """Quantity that was not returned."""
        return int(self.row["quantity"] - self.row["returned_quantity"])

    @property
    def total(self) -> str:
        """Price times quantity."""
        return self.in_currency(self.row["price"] * self.row["quantity"])

    @property
    def product(self) -> Mapping[str, str] | None:
        """The product, which is stored in the line."""
        return {"name": self.row["product_name"]} if self.row["product_name"] is not None else None


class ReturnedItem(ReferenceObject):
    """A line of a return."""

    type_name = "ReturnedItem"

    @property
    def sku(self) -> str:
        """The SKU of the line."""
        return next(line["sku"] for line in self.parts("cart_item") if line["position"] == self.row["position"])


class SessionReturn(ReferenceObject):
    """A return."""

    type_name, id_prefix, id_key = "SessionReturn", "return", ("session_id", "version")

    @property
    def items(self) -> list[ReturnedItem]:
        """The returned items."""
        items = (item for item in self.parts("returned_item") if item["version"] == self.row["version"])
        return [ReturnedItem(self.dataset, item) for item in sorted(items, key=lambda item: item["position"])]
