"""GraphQL types, one file for each noun: their fields, descriptions, and the SQL that each field reads."""

from graphql_api.types import enums as enums  # described before a type uses them
from graphql_api.types import promotion_enums as promotion_enums
