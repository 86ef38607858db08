"""The types, one file a noun: fields, what they mean, and what each one reads."""

from graphql_api.types import enums as enums  # described before any type speaks of them
