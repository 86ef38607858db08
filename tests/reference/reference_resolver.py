"""A simple reference implementation of queries, in Python over all rows, executed by graphql-core.

It uses ``schema.graphql`` and shares no code with the compiled reads that it is compared with.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from keyword import iskeyword
from pathlib import Path
from typing import Any

from dataset import Dataset, ReferenceObject, to_api_value
from entities import ApiKey, Application, AttributeDefinition, SessionReturn, Webhook
from graphql import ExecutionResult, GraphQLError, GraphQLScalarType, build_schema, execute_sync, parse
from ordered_list import OrderedList
from promotion_entities import Campaign, CampaignLimit, Code, Redemption, page_of_campaigns, page_of_coupons
from sessions import CustomerProfile, CustomerSession, SessionEvent, page_of_profiles, page_of_sessions
from table_rows import RowValues

SCHEMA = build_schema(Path(__file__).parents[2].joinpath("schema.graphql").read_text())
for name, value_of in (("Decimal", Decimal), ("DateTime", datetime.fromisoformat)):
    scalar = SCHEMA.type_map[name]
    assert isinstance(scalar, GraphQLScalarType)
    scalar.coerce_input_value = value_of
    scalar.coerce_input_literal = lambda node, of=value_of: of(node.value)

NODES: Sequence[tuple[str, Callable[[Dataset, RowValues], ReferenceObject]]] = (
    ("application", Application),
    ("api_key", ApiKey),
    ("attribute_definition", AttributeDefinition),
    ("customer_session", CustomerSession),
    ("customer_profile", CustomerProfile),
    ("session_return", SessionReturn),
    ("session_event", SessionEvent),
    ("campaign", Campaign),
    ("campaign_limit", CampaignLimit),
    ("code", Code),
    ("redemption", Redemption),
    ("webhook", Webhook),
)


def answer(
    dataset: Dataset, document: str, variables: Mapping[str, Any], operation_name: str | None, viewer: "Viewer"
) -> ExecutionResult:
    """Execute a document for the holder of a key."""
    return execute_sync(
        SCHEMA,
        parse(document),
        Query(dataset, viewer),
        variable_values=dict(variables),
        operation_name=operation_name,
        field_resolver=resolve,
        type_resolver=lambda source, info, type_: source.type_name,
    )


def resolve(source: Any, info: Any, **arguments: Any) -> Any:
    """Return the attribute with the field's name, called if it is a method."""
    found = source[info.field_name] if isinstance(source, dict) else getattr(source, snake(info.field_name))
    return found(**{snake(key): value for key, value in arguments.items()}) if callable(found) else found


def snake(name: str) -> str:
    """``netTotal`` as ``net_total``, and a word of Python as ``return_``."""
    snaked = re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)
    return f"{snaked}_" if iskeyword(snaked) else snaked


def refused(code: str) -> GraphQLError:
    """Return an error with a code."""
    return GraphQLError(code, extensions={"code": code})


@dataclass(frozen=True)
class Viewer:
    """The holder of a key; ``application_id`` is None for an ADMIN."""

    key_name: str
    role: str
    application_id: int | None

    def of(self, asked: int | None) -> int:
        """Return the application of a field, or raise."""
        if self.application_id is None and asked is None:
            raise refused("BAD_USER_INPUT")
        if self.application_id is not None and asked not in (None, self.application_id):
            raise refused("FORBIDDEN")
        found = asked if self.application_id is None else self.application_id
        assert found is not None
        return found


@dataclass(frozen=True)
class Query:
    """The query type."""

    dataset: Dataset
    asker: Viewer

    def rows(self, table: str, application_id: int | None = None, **facts: Any) -> Sequence[RowValues]:
        """Return rows of the field's application."""
        return self.dataset.rows.where(table, application_id=self.asker.of(application_id), **facts)

    def one(
        self, type_: Callable[[Dataset, RowValues], ReferenceObject], found: Sequence[RowValues]
    ) -> ReferenceObject | None:
        """Return the first row as an object, or None."""
        return type_(self.dataset, found[0]) if found else None

    def node(self, id: str) -> ReferenceObject | None:
        """Return the object with this ID, or None if the viewer may not see it."""
        for table, type_ in NODES:
            for row in self.dataset.rows.all(table):
                object_ = type_(self.dataset, row)
                if object_.id == id:
                    seen = self.asker.application_id in (None, row["application_id"])
                    return object_ if seen and (table != "api_key" or self.asker.role == "ADMIN") else None
        return None

    def nodes(self, ids: Sequence[str]) -> list[ReferenceObject | None]:
        """Return the objects with these IDs."""
        return [self.node(each) for each in ids]

    @property
    def viewer(self) -> dict[str, Any]:
        """The viewer."""
        own = self.dataset.rows.where("application", application_id=self.asker.application_id)
        limits = self.dataset.limits
        return {
            "keyName": self.asker.key_name,
            "role": self.asker.role,
            "application": self.one(Application, own),
            "limits": {
                "maxPageSize": limits.max_page_size,
                "maxDepth": limits.max_depth,
                "maxAliases": limits.max_aliases,
                "maxDirectives": limits.max_directives,
                "maxRootFields": limits.max_root_fields,
                "maxFields": limits.max_fields,
                "maxOperations": limits.max_operations,
                "maxTokens": limits.max_tokens,
                "maxDocumentLength": limits.max_document_length,
                "maxCost": limits.max_cost,
                "maxRequestBytes": limits.max_request_bytes,
                "maxSessionBytes": limits.max_session_bytes,
                "maxTokenSeconds": limits.max_token_seconds,
                "maxCartItems": 1_000,
                "maxCartUnits": 10_000,
                "maxIdentifiers": 5,
            },
        }

    def application(self, application_id: int | None = None) -> ReferenceObject | None:
        """One application."""
        return self.one(Application, self.rows("application", application_id))

    def applications(self, **page: Any) -> dict[str, Any]:
        """Return the applications that the viewer may see."""
        own = self.asker.application_id
        rows = [row for row in self.dataset.rows.all("application") if own in (None, row["application_id"])]
        listed = OrderedList(self.dataset, Application, "application", "applications", ("application_id",))
        return listed.page(rows, **page)

    def customer_session(self, integration_id: str, application_id: int | None = None) -> ReferenceObject | None:
        """One session."""
        return self.one(CustomerSession, self.rows("customer_session", application_id, integration_id=integration_id))

    def customer_profile(self, integration_id: str, application_id: int | None = None) -> ReferenceObject | None:
        """One customer."""
        return self.one(CustomerProfile, self.rows("customer_profile", application_id, integration_id=integration_id))

    def customer_sessions(self, application_id: int | None = None, **arguments: Any) -> dict[str, Any]:
        """A page of sessions."""
        return page_of_sessions(self.dataset, self.rows("customer_session", application_id), **arguments)

    def customer_profiles(self, application_id: int | None = None, **arguments: Any) -> dict[str, Any]:
        """A page of customers."""
        return page_of_profiles(self.dataset, self.rows("customer_profile", application_id), **arguments)

    def campaign(self, name: str, application_id: int | None = None) -> ReferenceObject | None:
        """One campaign."""
        return self.one(Campaign, self.rows("campaign", application_id, name=name))

    def campaigns(
        self, application_id: int | None = None, states: Sequence[str] | None = None, **page: Any
    ) -> dict[str, Any]:
        """A page of campaigns."""
        rows = self.rows("campaign", application_id)
        found = [row for row in rows if states is None or to_api_value(row["state"]) in states]
        return page_of_campaigns(self.dataset, found, **page)

    def code(self, kind: str, code: str, application_id: int | None = None) -> ReferenceObject | None:
        """One code."""
        wanted = code.strip().upper() if code.isascii() else None
        return self.one(Code, self.rows("code", application_id, kind=kind, normalized=wanted))

    def coupon(self, **arguments: Any) -> ReferenceObject | None:
        """One coupon."""
        return self.code("coupon", **arguments)

    def referral(self, **arguments: Any) -> ReferenceObject | None:
        """One referral."""
        return self.code("referral", **arguments)

    def coupons(self, application_id: int | None = None, **arguments: Any) -> dict[str, Any]:
        """A page of coupons."""
        return page_of_coupons(self.dataset, self.rows("code", application_id), **arguments)

    def attribute_definitions(
        self, application_id: int | None = None, entity: str | None = None
    ) -> list[AttributeDefinition]:
        """By entity and name."""
        found = (
            AttributeDefinition(self.dataset, row)
            for row in self.rows("attribute_definition", application_id)
            if entity is None or to_api_value(row["entity"]) == entity
        )
        return sorted(found, key=lambda each: (each.row["entity"].value, each.row["name"]))

    def webhooks(self, application_id: int | None = None) -> list[Webhook]:
        """By number."""
        return [Webhook(self.dataset, row) for row in self.rows("webhook", application_id)]
