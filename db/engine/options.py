"""Options of the connections to a database server. A module of its own, since SQLAlchemy is slow to import."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """Options of the connections to PostgreSQL. Times are in seconds.

    ``tls`` is a value of libpq's sslmode. ``tls_ca`` is a file of trusted CA certificates for the modes that verify the
    server; by default libpq's own locations are searched. ``pooled`` is for a transaction pooler, such as PgBouncer,
    between this process and the server.
    """

    pool_size: int = 10
    statement_timeout: float = 30
    connect_timeout: float = 5
    tls: str = "prefer"
    tls_ca: Path | None = None
    pooled: bool = False
