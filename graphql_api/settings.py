"""Settings: environment variables named CARTOGRAPH_*, and the same names in a file ``.env``."""

import os
from collections.abc import Iterator
from difflib import get_close_matches
from io import StringIO
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self

from dotenv.parser import parse_stream
from pydantic import BeforeValidator, Field, PositiveInt, StringConstraints, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from db.engine.options import ServerOptions

PREFIX = "CARTOGRAPH_"
DOTENV = ".env"


def words(value: object) -> object:
    """``a, b`` as ("a", "b"), which an operator types more gladly than JSON."""
    return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value


def lower(value: object) -> object:
    """``INFO`` as ``info``."""
    return value.lower() if isinstance(value, str) else value


# What a browser sends as the origin of a page, or * for any.
Origin = Annotated[str, StringConstraints(pattern=r"^(\*|https?://[^/\s]+)$")]


class WrongSetting(Exception):
    """A setting that cannot be used; the message names the variable and what was expected."""


class Settings(BaseSettings):
    """All that can be set, with what holds where nothing is. Times are in seconds, sizes in bytes."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=DOTENV, extra="ignore", frozen=True)

    database_url: Annotated[str, Field(repr=False)] = "sqlite+aiosqlite:///cartograph.db"
    database_pool_size: PositiveInt = 10
    database_statement_timeout_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 30
    database_tls: Literal["disable", "prefer", "require", "verify-ca", "verify-full"] = "prefer"
    database_tls_ca: Path | None = None
    database_pooler: bool = False
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8000
    dev: bool = False
    dev_key: Annotated[str | None, Field(repr=False)] = None
    graphiql: bool = True
    introspection: bool = True
    cors_origins: Annotated[tuple[Origin, ...], NoDecode, BeforeValidator(words)] = ()
    trusted_documents: Path | None = None
    trusted_documents_mode: Annotated[Literal["allow", "only"], BeforeValidator(lower)] = "allow"
    metrics_host: str = "127.0.0.1"
    metrics_port: Annotated[int | None, Field(ge=1, le=65_535)] = None
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(lower)] = "info"

    max_page_size: PositiveInt = 100
    default_page_size: PositiveInt = 20
    max_depth: PositiveInt = 10
    max_aliases: PositiveInt = 100
    max_root_fields: PositiveInt = 100
    max_directives: PositiveInt = 50
    max_operations: PositiveInt = 10
    max_fields: PositiveInt = 2_000
    max_tokens: PositiveInt = 2_000
    max_document_length: PositiveInt = 20_000
    max_cost: PositiveInt = 10_000
    max_cost_per_minute: PositiveInt | None = None
    max_operations_under_way: PositiveInt = 1_000
    max_request_bytes: PositiveInt = 1_048_576
    deadline_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 10
    max_connections_per_key: PositiveInt = 1_000
    max_operations_per_socket: PositiveInt = 100
    max_queued_events: PositiveInt = 1_000
    max_lag_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 30
    key_cache_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 2
    max_token_seconds: Annotated[int, Field(gt=0, le=31_536_000)] = 86_400

    @model_validator(mode="after")
    def agree(self) -> Self:
        """Raises ValueError where one setting makes no sense beside another."""
        if self.default_page_size > self.max_page_size:
            raise ValueError(f"{PREFIX}DEFAULT_PAGE_SIZE should be at most {PREFIX}MAX_PAGE_SIZE")
        if self.dev and not is_loopback(self.host):
            raise ValueError(
                f"{PREFIX}HOST should be a loopback address such as 127.0.0.1 in development, "
                "where GraphiQL hands its key to every visitor"
            )
        if self.only_trusted and self.trusted_documents is None:
            raise ValueError(
                f"{PREFIX}TRUSTED_DOCUMENTS should name a manifest where {PREFIX}TRUSTED_DOCUMENTS_MODE is only"
            )
        if self.database_tls_ca is not None and not self.database_tls.startswith("verify-"):
            raise ValueError(
                f"{PREFIX}DATABASE_TLS should be verify-ca or verify-full where {PREFIX}DATABASE_TLS_CA names a file"
            )
        return self

    @property
    def only_trusted(self) -> bool:
        """Whether no other documents than those of the manifest are run, whoever asks."""
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
        """Whether a browser gets GraphiQL, which has nothing to send where only trusted documents are run."""
        return self.graphiql and not self.only_trusted


def server_options(settings: Settings) -> ServerOptions:
    """The way to the database server, where the database has one."""
    return ServerOptions(
        pool_size=settings.database_pool_size,
        statement_timeout=settings.database_statement_timeout_seconds,
        tls=settings.database_tls,
        tls_ca=settings.database_tls_ca,
        pooled=settings.database_pooler,
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on ``host``."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def load_settings() -> Settings:
    """The settings of this process. Raises WrongSetting, also for a CARTOGRAPH_ name that means nothing."""
    for variable in {*names_in_file(), *os.environ}:
        name = variable.upper().removeprefix(PREFIX).lower()
        if variable.upper().startswith(PREFIX) and name not in Settings.model_fields:
            likely = [PREFIX + each.upper() for each in get_close_matches(name, Settings.model_fields, n=1)]
            raise WrongSetting(f"{variable} is no setting" + (f"; did you mean {likely[0]}?" if likely else "."))
    try:
        return Settings()
    except ValidationError as wrong:
        error = wrong.errors(include_url=False)[0]
        raise WrongSetting(sentence(error["loc"], error["msg"], error["input"])) from None


def names_in_file() -> Iterator[str]:
    """The names that ``.env`` sets. Raises WrongSetting for a line that dotenv would pass over with a warning."""
    if not Path(DOTENV).is_file():
        return
    try:
        content = Path(DOTENV).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise WrongSetting(f"{DOTENV} is not UTF-8.") from None
    for binding in parse_stream(StringIO(content)):
        if binding.error:
            raise WrongSetting(f"{DOTENV}, line {binding.original.line}: expected NAME=value, with quotes in pairs.")
        if binding.key is not None:
            yield binding.key


def sentence(location: tuple[int | str, ...], problem: str, value: object) -> str:
    """What pydantic found, in a sentence of ours."""
    if not location:  # a rule about two settings, which names them
        return problem.removeprefix("Value error, ") + "."
    expected = problem.replace("Input should be", "expected")
    return f"{PREFIX}{str(location[0]).upper()}: {expected}, got {value!r}."
