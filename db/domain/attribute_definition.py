"""An attribute's definition: the entity it belongs to, its name, its type and the values it allows."""

from dataclasses import dataclass
from enum import StrEnum


class AttributeEntity(StrEnum):
    """The kind of entity that an attribute is defined for."""

    CUSTOMER_SESSION = "customer_session"
    CART_ITEM = "cart_item"
    CUSTOMER_PROFILE = "customer_profile"


class AttributeType(StrEnum):
    """The type of an attribute's value."""

    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TIME = "time"
    LOCATION = "location"
    STRING_LIST = "string_list"
    NUMBER_LIST = "number_list"
    TIME_LIST = "time_list"
    LOCATION_LIST = "location_list"

    @property
    def element(self) -> "AttributeType":
        """The type of one element of a list type; any other type is its own element."""
        return AttributeType(self.value.removesuffix("_list"))

    @property
    def is_list(self) -> bool:
        """Whether a value is a list."""
        return self.element is not self


class UnknownAttributes(StrEnum):
    """How an application treats attributes that are not defined: refuse the change, or drop them."""

    REJECT = "reject"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeDefinition:
    """One attribute of one kind of entity. ``allowed_values`` are texts; None allows every value of the type."""

    entity: AttributeEntity
    name: str
    type: AttributeType
    description: str = ""
    allowed_values: tuple[str, ...] | None = None
    editable: bool = True
