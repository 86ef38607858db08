"""TLS on the way to a PostgreSQL server."""

import ssl

import asyncpg

from db.engine.errors import TlsError
from db.engine.options import ServerOptions


def secured(options: ServerOptions) -> ssl.SSLContext | str:
    """How connections are secured, as asyncpg takes it. Raises TlsError where the file of certificates has none."""
    if options.tls_ca is None:
        return options.tls
    try:
        context = ssl.create_default_context(cafile=options.tls_ca)
    except OSError as error:
        raise TlsError(f"{options.tls_ca} has no certificates to verify a server's: {error.strerror}.") from error
    context.check_hostname = options.tls == "verify-full"
    return context


def is_about_tls(error: Exception) -> bool:
    """Whether a connection failed because it could not be secured; asyncpg raises no class of its own for that."""
    return isinstance(error, ssl.SSLError | asyncpg.ClientConfigurationError) or type(error) is ConnectionError
