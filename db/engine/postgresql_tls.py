"""TLS of the connections to a PostgreSQL server."""

import ssl

import asyncpg

from db.engine.errors import TlsError
from db.engine.options import ServerOptions


def ssl_argument(options: ServerOptions) -> ssl.SSLContext | str:
    """Return asyncpg's ``ssl`` argument. Raises TlsError if the CA file cannot be loaded."""
    if options.tls_ca is None:
        return options.tls
    try:
        context = ssl.create_default_context(cafile=options.tls_ca)
    except OSError as error:
        raise TlsError(f"{options.tls_ca} has no certificates to verify a server's: {error.strerror}.") from error
    context.check_hostname = options.tls == "verify-full"
    return context


def is_tls_error(error: Exception) -> bool:
    """Return whether a connection failed because of TLS; asyncpg has no exception class of its own for that."""
    return isinstance(error, ssl.SSLError | asyncpg.ClientConfigurationError) or type(error) is ConnectionError
