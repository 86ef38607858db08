"""How a database server is spoken to; apart from the engine, which takes long to import."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """The way to a database server, where there is one. Times are in seconds.

    ``tls`` is one of libpq's modes. ``tls_ca`` is a file of the certificates that a server's may be signed by, in modes
    that verify it; without it they are where libpq looks for them. ``pooled`` says that a pooler such as PgBouncer
    stands between, which gives a connection for a transaction only.
    """

    pool_size: int = 10
    statement_timeout: float = 30
    connect_timeout: float = 5
    tls: str = "prefer"
    tls_ca: Path | None = None
    pooled: bool = False
