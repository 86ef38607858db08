"""Lists of customer profiles: their filter and their orders."""

from enum import Enum
from typing import Annotated

import strawberry

from graphql_api.sql.filter_conditions import Prefix
from graphql_api.sql.lists import ListDeclaration, filter_field
from graphql_api.types.list_inputs import DateTimeRange, OrderDirection, time_range
from graphql_api.types.sources import PROFILES


@strawberry.enum(description="A field by which a list of customer profiles can be ordered.")
class CustomerProfileOrderField(Enum):
    INTEGRATION_ID = strawberry.enum_value(
        "integration_id", description="The integration ID, in the order of Unicode code points."
    )
    CREATED = strawberry.enum_value("created", description="The time of creation.")


@strawberry.input(
    description="The order of a list of customer profiles. Profiles created at the same time are ordered"
    " by integration ID, in the same direction."
)
class CustomerProfileOrder:
    field: CustomerProfileOrderField = strawberry.field(
        description="The field to order by.", default=CustomerProfileOrderField.INTEGRATION_ID
    )
    direction: OrderDirection = strawberry.field(description="The direction of the order.", default=OrderDirection.ASC)


@strawberry.input(
    description="Conditions on customer profiles. A profile has to meet all that are given. A condition"
    " that is null or left out is not checked."
)
class CustomerProfileFilter:
    integration_id_prefix: str | None = filter_field(
        "The integration ID begins with this text. Upper and lower case are different.", Prefix("integration_id")
    )
    created: DateTimeRange | None = filter_field("The profile was created in this range.", time_range("created"))


PROFILE_LIST = ListDeclaration(PROFILES, CustomerProfileFilter, CustomerProfileOrder)

ProfileFilter = Annotated[
    CustomerProfileFilter | None,
    strawberry.argument(description="Conditions that the profiles meet. Null or left out: all profiles."),
]
ProfileOrder = Annotated[
    CustomerProfileOrder | None,
    strawberry.argument(description="The order of the profiles. Null or left out: by integration ID, ascending."),
]
