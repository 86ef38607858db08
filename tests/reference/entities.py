"""What the small types mean: applications, keys, definitions, lines, discounts, returns."""

from collections.abc import Mapping

from world import Thing, printed


class Application(Thing):
    """An application."""

    type_name, id_prefix = "Application", "application"


class ApiKey(Thing):
    """A key."""

    type_name, id_prefix, id_key = "ApiKey", "key", ("prefix",)


class AttributeDefinition(Thing):
    """An attribute."""

    type_name, id_prefix, id_key = "AttributeDefinition", "attribute", ("entity", "name")


class Discount(Thing):
    """A discount."""

    type_name = "Discount"


class CartItem(Thing):
    """A line."""

    type_name = "CartItem"

    def money(self, name: str) -> str:
        """Measures are amounts of no currency."""
        measure = name in ("weight", "height", "width", "length")
        return printed(self.row[name], 0) if measure else super().money(name)

    @property
    def remaining_quantity(self) -> int:
        """What has not come back."""
        return int(self.row["quantity"] - self.row["returned_quantity"])

    @property
    def total(self) -> str:
        """Price times quantity."""
        return self.in_currency(self.row["price"] * self.row["quantity"])

    @property
    def product(self) -> Mapping[str, str] | None:
        """Kept in the line."""
        return {"name": self.row["product_name"]} if self.row["product_name"] is not None else None


class ReturnedItem(Thing):
    """A line of a return."""

    type_name = "ReturnedItem"

    @property
    def sku(self) -> str:
        """That of the line."""
        return next(line["sku"] for line in self.parts("cart_item") if line["position"] == self.row["position"])


class SessionReturn(Thing):
    """A return."""

    type_name, id_prefix, id_key = "SessionReturn", "return", ("session_id", "version")

    @property
    def items(self) -> list[ReturnedItem]:
        """What came back."""
        items = (item for item in self.parts("returned_item") if item["version"] == self.row["version"])
        return [ReturnedItem(self.world, item) for item in sorted(items, key=lambda item: item["position"])]
