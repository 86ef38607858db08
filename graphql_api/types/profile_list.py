"""Lists of customer profiles: their filter and their orders."""

from enum import Enum
from typing import Annotated

import strawberry

from graphql_api.sql.filter_conditions import Prefix
from graphql_api.sql.lists import ListDeclaration, filter_field
from graphql_api.types.list_inputs import DateTimeRange, OrderDirection, time_range
from graphql_api.types.sources import PROFILES


@strawberry.enum(description="The fields that a list of customer profiles can be ordered by.")
class CustomerProfileOrderField(Enum):
    """Each is a column with an index."""

    INTEGRATION_ID = strawberry.enum_value("integration_id", description="The integration ID, by code point.")
    CREATED = strawberry.enum_value("created", description="When the profile was created.")


@strawberry.input(
    description="An order of customer profiles. Profiles created at the same time are in the order of IDs."
)
class CustomerProfileOrder:
    """The argument orderBy."""

    field: CustomerProfileOrderField = strawberry.field(
        description="The field to order by.", default=CustomerProfileOrderField.INTEGRATION_ID
    )
    direction: OrderDirection = strawberry.field(description="The direction of the order.", default=OrderDirection.ASC)


@strawberry.input(description="A filter of customer profiles. Every field that is set must hold.")
class CustomerProfileFilter:
    """The argument filter."""

    integration_id_prefix: str | None = filter_field(
        "Profiles whose integration ID begins with this text.", Prefix("integration_id")
    )
    created: DateTimeRange | None = filter_field("Profiles created in this range.", time_range("created"))


PROFILE_LIST = ListDeclaration(PROFILES, CustomerProfileFilter, CustomerProfileOrder)

ProfileFilter = Annotated[
    CustomerProfileFilter | None,
    strawberry.argument(description="Filters the profiles; null or left out, all of them."),
]
ProfileOrder = Annotated[
    CustomerProfileOrder | None,
    strawberry.argument(description="Orders the profiles; null or left out, by integration ID."),
]
