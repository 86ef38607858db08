"""Settings from environment variables named CARTOGRAPH_*, or from a file ``.env`` with the same names."""

import os
from collections.abc import Iterator
from difflib import get_close_matches
from io import StringIO
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Annotated, Literal, Self

from dotenv.parser import parse_stream
from pydantic import BeforeValidator, Field, PositiveInt, StringConstraints, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from db.domain.size import MAX_BYTES
from db.engine.options import ServerOptions

PREFIX = "CARTOGRAPH_"
DOTENV = ".env"


def split_commas(value: object) -> object:
    """Return the members of ``a, b`` as a tuple. pydantic-settings would expect JSON."""
    return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value


def lower(value: object) -> object:
    """Return text in lower case, so that ``INFO`` can be written for ``info``."""
    return value.lower() if isinstance(value, str) else value


# The value of a browser's Origin header, or * for any.
Origin = Annotated[str, StringConstraints(pattern=r"^(\*|https?://[^/\s]+)$")]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class InvalidSetting(Exception):
    """A setting with an invalid name or value. The message names the variable and the expected value."""


class Settings(BaseSettings):
    """All settings, each with its default and a description for the manual."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=DOTENV, extra="ignore", frozen=True)

    # The database
    database_url: str = Field(
        default="sqlite+aiosqlite:///cartograph.db",
        repr=False,
        description="URL of the database: sqlite+aiosqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE.",
    )
    database_pool_size: PositiveInt = Field(
        default=10, description="Maximum number of PostgreSQL connections of each server process."
    )
    database_statement_timeout_seconds: Seconds = Field(
        default=30, description="Seconds after which PostgreSQL cancels a statement."
    )
    database_tls: Literal["disable", "prefer", "require", "verify-ca", "verify-full"] = Field(
        default="prefer",
        description="TLS mode of connections to PostgreSQL, as libpq's sslmode; use verify-full over a network.",
    )
    database_tls_ca: Path | None = Field(
        default=None, description="PEM file of the certificate authorities that verify-ca and verify-full trust."
    )
    database_pooler: bool = Field(
        default=False, description="Whether PostgreSQL is behind a transaction pooler such as PgBouncer."
    )

    # The server
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=0, le=65_535, description="TCP port to listen on; 0 picks a free one.")
    dev: bool = Field(
        default=False,
        description="Whether to fill an empty database with a demo and to print a key, on loopback addresses only.",
    )
    dev_key: str | None = Field(
        default=None,
        repr=False,
        description="API key that GraphiQL sends in development. By default serve --dev creates one at each start.",
    )
    graphiql: bool = Field(default=True, description="Whether browsers get GraphiQL at /graphql.")
    introspection: bool = Field(default=True, description="Whether documents may introspect the schema.")
    token_introspection: bool = Field(
        default=False, description="Whether documents sent with a session token may introspect the schema."
    )
    cors_origins: Annotated[tuple[Origin, ...], NoDecode, BeforeValidator(split_commas)] = Field(
        default=(),
        description="Comma-separated origins whose pages may use the API, such as https://shop.example; * is any.",
    )
    trusted_documents: Path | None = Field(
        default=None, description="JSON manifest of documents that requests can name by documentId."
    )
    trusted_documents_mode: Annotated[Literal["allow", "only"], BeforeValidator(lower)] = Field(
        default="allow", description="Whether other documents are executed, too (allow), or refused (only)."
    )
    metrics_host: str = Field(default="127.0.0.1", description="Address of the Prometheus endpoint.")
    metrics_port: int | None = Field(
        default=None, ge=1, le=65_535, description="TCP port of the Prometheus endpoint; without it there is none."
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(lower)] = Field(
        default="info", description="Lowest level that is logged; the line of each operation has level info."
    )

    # Limits of a page and of a document
    max_page_size: PositiveInt = Field(default=100, description="Maximum number of items in a page of a list.")
    default_page_size: PositiveInt = Field(
        default=20, description="Number of items in a page when first and last are omitted."
    )
    max_depth: PositiveInt = Field(
        default=10, description="Maximum nesting of fields in a document, except introspection."
    )
    max_aliases: PositiveInt = Field(default=100, description="Maximum number of aliases in a document.")
    max_root_fields: PositiveInt = Field(default=100, description="Maximum number of root fields in a document.")
    max_directives: PositiveInt = Field(default=50, description="Maximum number of directives in a document.")
    max_operations: PositiveInt = Field(default=10, description="Maximum number of operations in a document.")
    max_fields: PositiveInt = Field(
        default=2_000, description="Maximum number of fields in a document, with fragments spread."
    )
    max_tokens: PositiveInt = Field(default=2_000, description="Maximum number of lexical tokens in a document.")
    max_document_length: PositiveInt = Field(default=20_000, description="Maximum length of a document in characters.")
    max_cost: PositiveInt = Field(
        default=10_000, description="Maximum cost of an operation, as extensions.cost reports it."
    )

    # Limits of a key, a request and a connection
    max_cost_per_minute: PositiveInt | None = Field(
        default=None,
        description="Cost that each key or session token can spend per minute; without it there is no limit.",
    )
    max_failed_codes_per_minute: PositiveInt = Field(
        default=20,
        description="Coupons and referrals that each session token can set per minute and that are not accepted, since"
        " they are unknown or another customer's.",
    )
    max_operations_under_way: PositiveInt = Field(
        default=1_000, description="Maximum number of operations that a process executes at once."
    )
    max_request_bytes: PositiveInt = Field(
        default=1_048_576, description="Maximum length of a request body or a WebSocket message in bytes."
    )
    max_session_bytes: PositiveInt = Field(
        default=MAX_BYTES,
        description="Maximum bytes that a session, or the attributes of a profile, can hold as JSON.",
    )
    deadline_seconds: Seconds = Field(default=10, description="Seconds after which an operation is cancelled.")
    max_connections_per_key: PositiveInt = Field(
        default=1_000, description="Maximum number of WebSockets and event streams of a key in each process."
    )
    max_operations_per_socket: PositiveInt = Field(
        default=100, description="Maximum number of operations that run at once on a WebSocket."
    )
    max_queued_events: PositiveInt = Field(
        default=1_000, description="Events queued for a subscription before it reads from the database again."
    )
    max_lag_seconds: Seconds = Field(
        default=30, description="Seconds after which a subscription that does not keep up with its events is ended."
    )
    key_cache_seconds: float = Field(
        default=2,
        ge=0,
        allow_inf_nan=False,
        description="Seconds for which a key is cached, and a revoked key may still work.",
    )
    webhooks: bool = Field(
        default=True, description="Whether the server sends events to webhooks; cartograph webhooks deliver does, too."
    )
    webhook_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(split_commas)] = Field(
        default=(),
        description="Comma-separated networks, such as 10.0.0.0/8, to which webhooks may send besides public addresses,"
        " also over http.",
    )
    max_token_seconds: int = Field(
        default=86_400, gt=0, le=31_536_000, description="Maximum lifetime of a session token in seconds."
    )

    @model_validator(mode="after")
    def check_combinations(self) -> Self:
        """Raise ValueError if two settings contradict each other."""
        if self.default_page_size > self.max_page_size:
            raise ValueError(f"{PREFIX}DEFAULT_PAGE_SIZE has to be at most {PREFIX}MAX_PAGE_SIZE")
        if self.dev and not is_loopback(self.host):
            raise ValueError(
                f"{PREFIX}HOST has to be a loopback address such as 127.0.0.1 in development, "
                "as GraphiQL gives its key to every visitor"
            )
        if self.only_trusted and self.trusted_documents is None:
            raise ValueError(
                f"{PREFIX}TRUSTED_DOCUMENTS has to name a manifest if {PREFIX}TRUSTED_DOCUMENTS_MODE is only"
            )
        if self.database_tls_ca is not None and not self.database_tls.startswith("verify-"):
            raise ValueError(
                f"{PREFIX}DATABASE_TLS has to be verify-ca or verify-full if {PREFIX}DATABASE_TLS_CA names a file"
            )
        return self

    @property
    def only_trusted(self) -> bool:
        """Whether documents outside the manifest are refused."""
        return self.trusted_documents_mode == "only"

    @property
    def shows_schema(self) -> bool:
        """Whether a document may introspect the schema."""
        return self.introspection and not self.only_trusted

    @property
    def suggests_names(self) -> bool:
        """Whether errors suggest names of the schema: 194 characters of a document can make that 80 ms of work."""
        return self.dev and self.shows_schema

    @property
    def shows_graphiql(self) -> bool:
        """Whether browsers get GraphiQL, which is of no use if only trusted documents are executed."""
        return self.graphiql and not self.only_trusted


def server_options(settings: Settings) -> ServerOptions:
    """Return the options for a database that is a server of its own."""
    return ServerOptions(
        pool_size=settings.database_pool_size,
        statement_timeout=settings.database_statement_timeout_seconds,
        tls=settings.database_tls,
        tls_ca=settings.database_tls_ca,
        pooled=settings.database_pooler,
    )


def is_loopback(host: str) -> bool:
    """Return whether ``host`` is an address that only this machine can reach."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def load_settings() -> Settings:
    """Return the settings of this process. Raises InvalidSetting, also for an unknown name with the prefix."""
    for variable in {*names_in_dotenv(), *os.environ}:
        name = variable.upper().removeprefix(PREFIX).lower()
        if variable.upper().startswith(PREFIX) and name not in Settings.model_fields:
            likely = [PREFIX + each.upper() for each in get_close_matches(name, Settings.model_fields, n=1)]
            raise InvalidSetting(f"{variable} is not a setting" + (f"; did you mean {likely[0]}?" if likely else "."))
    try:
        return Settings()
    except ValidationError as wrong:
        error = wrong.errors(include_url=False)[0]
        raise InvalidSetting(message(error["loc"], error["msg"], error["input"])) from None


def names_in_dotenv() -> Iterator[str]:
    """Yield the names in ``.env``. Raises InvalidSetting for a line that python-dotenv would skip with a warning."""
    if not Path(DOTENV).is_file():
        return
    try:
        content = Path(DOTENV).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InvalidSetting(f"{DOTENV} is not UTF-8.") from None
    for binding in parse_stream(StringIO(content)):
        if binding.error:
            raise InvalidSetting(f"{DOTENV}, line {binding.original.line}: expected NAME=value with matching quotes.")
        if binding.key is not None:
            yield binding.key


def message(location: tuple[int | str, ...], problem: str, value: object) -> str:
    """Return one sentence for an error of pydantic."""
    if not location:  # from check_combinations, which names both settings
        return problem.removeprefix("Value error, ") + "."
    expected = problem.replace("Input should be", "expected")
    return f"{PREFIX}{str(location[0]).upper()}: {expected}, got {value!r}."
