"""TLS of connections to PostgreSQL, in every mode of the settings."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from stores import Server, name_of
from tls_proxy import TLSProxy, server_context, tls_proxy

from db.engine import postgresql
from graphql_api.cli import main

Migrate = Callable[..., int]
Printed = pytest.CaptureFixture[str]


@pytest.fixture
def printed(capsys: Printed) -> Printed:
    """The output of the command."""
    return capsys


@pytest.fixture(scope="module")
def database(server: Server) -> Iterator[str]:
    """The name of a database without tables."""
    url = server.empty()
    yield name_of(url)
    server.drop(url)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """The authority that signs the server's certificate."""
    return trustme.CA()


@pytest.fixture(scope="module")
def encrypted(server: Server, authority: trustme.CA) -> Iterator[TLSProxy]:
    """A proxy that accepts TLS, with a certificate for localhost."""
    with tls_proxy(server.data, server_context("localhost", authority)) as encrypted:
        yield encrypted


@pytest.fixture(scope="module")
def plain(server: Server) -> Iterator[TLSProxy]:
    """A proxy that refuses TLS."""
    with tls_proxy(server.data, None) as plain:
        yield plain


@pytest.fixture(autouse=True)
def settings(own_directory: Path, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory with the certificates of two ca_file, and no settings."""
    monkeypatch.setenv("HOME", str(own_directory))  # libpq looks there
    authority.cert_pem.write_to_path(own_directory / "right.pem")
    trustme.CA().cert_pem.write_to_path(own_directory / "another.pem")
    (own_directory / "none.pem").write_text("no certificate\n", encoding="utf-8")


@pytest.fixture
def migrate(database: str, monkeypatch: pytest.MonkeyPatch) -> Migrate:
    """``cartograph migrate`` through a proxy with an sslmode. Returns the exit code."""

    def run(proxy: TLSProxy, mode: str, ca_file: str = "", host: str = "localhost") -> int:
        monkeypatch.setenv("CARTOGRAPH_DATABASE_URL", f"postgresql+asyncpg://postgres@{host}:{proxy.port}/{database}")
        monkeypatch.setenv("CARTOGRAPH_DATABASE_TLS", mode)
        if ca_file:
            monkeypatch.setenv("CARTOGRAPH_DATABASE_TLS_CA", ca_file)
        proxy.encrypted.clear()
        return main(["migrate"])

    return run


@pytest.mark.parametrize(
    ("mode", "ca_file", "host", "is_encrypted"),
    [
        ("disable", "", "localhost", False),
        ("prefer", "", "localhost", True),
        ("require", "", "localhost", True),
        ("verify-ca", "right.pem", "localhost", True),
        ("verify-ca", "right.pem", "127.0.0.1", True),
        ("verify-full", "right.pem", "localhost", True),
    ],
)
def test_connections_are_encrypted_as_the_mode_demands(
    migrate: Migrate, encrypted: TLSProxy, mode: str, ca_file: str, host: str, is_encrypted: bool
) -> None:
    assert migrate(encrypted, mode, ca_file, host) == 0
    assert set(encrypted.encrypted) == {is_encrypted}


@pytest.mark.parametrize("mode", ["disable", "prefer"])
def test_a_server_without_tls_is_accepted_unless_tls_is_required(migrate: Migrate, plain: TLSProxy, mode: str) -> None:
    assert migrate(plain, mode) == 0
    assert set(plain.encrypted) == {False}


@pytest.mark.parametrize(
    ("mode", "ca_file", "host", "problem"),
    [
        ("verify-ca", "another.pem", "localhost", "unable to get local issuer certificate"),
        ("verify-full", "another.pem", "localhost", "unable to get local issuer certificate"),
        ("verify-full", "right.pem", "127.0.0.1", "certificate is not valid for '127.0.0.1'"),
        ("verify-full", "none.pem", "localhost", "none.pem has no certificates to verify a server's"),
        ("verify-ca", "no.pem", "localhost", "no.pem has no certificates to verify a server's: No such file"),
        ("verify-full", "", "localhost", 'root.crt" does not exist or cannot be accessed'),
    ],
)
def test_an_unverified_server_is_refused_and_the_setting_is_named(
    migrate: Migrate, encrypted: TLSProxy, printed: Printed, mode: str, ca_file: str, host: str, problem: str
) -> None:
    assert migrate(encrypted, mode, ca_file, host) == 1

    message = printed.readouterr().err
    assert message.startswith(f"CARTOGRAPH_DATABASE_TLS is {mode}. ")
    assert problem in message
    assert message.count("\n") == 1
    assert encrypted.encrypted == []


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_a_server_without_tls_is_refused_if_tls_is_required(
    migrate: Migrate, plain: TLSProxy, printed: Printed, mode: str
) -> None:
    assert migrate(plain, mode, "right.pem" if mode != "require" else "") == 1

    message = printed.readouterr().err
    assert message.startswith(f"CARTOGRAPH_DATABASE_TLS is {mode}. ")
    assert "rejected SSL upgrade" in message
    assert plain.encrypted == []


@pytest.mark.parametrize("mode", ["disable", "prefer", "require"])
def test_a_ca_file_needs_a_mode_that_verifies(
    migrate: Migrate, encrypted: TLSProxy, printed: Printed, mode: str
) -> None:
    assert migrate(encrypted, mode, "right.pem") == 1
    assert printed.readouterr().err == (
        "CARTOGRAPH_DATABASE_TLS has to be verify-ca or verify-full if CARTOGRAPH_DATABASE_TLS_CA names a file.\n"
    )


def test_a_server_that_is_too_old_is_refused(
    migrate: Migrate, plain: TLSProxy, printed: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "MIN_VERSION", 99)

    assert migrate(plain, "disable") == 1
    assert printed.readouterr().err.endswith("is too old; 99 or newer is needed.\n")
