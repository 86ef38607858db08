"""The command ``cartograph``: its output, its errors, and the life of a server process."""

import json
import re
import signal
import socket
import subprocess
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from process import Process, address, serving
from stores import execute

from db.migrations import scripts
from graphql_api.cli import main
from graphql_api.demo.promotions import CAMPAIGNS

Serve = Callable[..., Process]
pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("own_directory")]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return a function that starts ``cartograph serve``. The processes are killed after the test."""
    with ExitStack() as started:
        yield lambda *options: started.enter_context(serving(*options))


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"cartograph {project['version']}\n"


@pytest.mark.usefixtures("own_database")
def test_an_application_and_a_key_are_created_in_an_empty_database(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["create-application", "Shop", "--currency", "EUR", "--rounding-mode", "HALF_EVEN"]) == 0
    assert json.loads(capsys.readouterr().out) == {"applicationId": 1, "name": "Shop", "currency": "EUR"}

    assert (
        main(["create-key", "till", "--role", "WRITER", "--application", "1", "--expires", "2999-01-01T00:00:00Z"]) == 0
    )
    made = capsys.readouterr().out
    assert made.count("\n") == 1
    key = json.loads(made)
    assert key["key"].startswith(f"ck_1_{key['prefix']}_")
    assert key["id"] == f"key-1-{key['prefix'].encode().hex()}"
    del key["key"], key["prefix"], key["id"]
    assert key == {"name": "till", "role": "WRITER", "applicationId": 1, "expires": "2999-01-01T00:00:00.000Z"}


@pytest.mark.usefixtures("own_database")
def test_keys_are_listed_without_secrets_and_revoked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["create-application", "Shop", "--currency", "EUR"]) == 0
    capsys.readouterr()
    made = []
    for arguments in (["till", "--role", "WRITER", "--application", "1"], ["root", "--role", "ADMIN"]):
        assert main(["create-key", *arguments]) == 0
        made.append(json.loads(capsys.readouterr().out))

    assert main(["revoke-key", made[0]["id"]]) == 0
    capsys.readouterr()
    assert main(["keys"]) == 0

    printed = capsys.readouterr().out
    assert not any(key["key"] in printed for key in made)
    root, till = map(json.loads, printed.splitlines())
    facts = ("id", "prefix", "name", "role", "applicationId")
    assert [{name: key[name] for name in facts} for key in (till, root)] == [
        {name: key[name] for name in facts} for key in made
    ]
    assert till["revoked"] is not None
    assert (root["revoked"], root["expires"], root["lastUsed"]) == (None, None, None)


def test_a_failed_statement_is_reported_with_the_message_of_the_database(
    own_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["migrate"]) == 0
    execute(own_database, "ALTER TABLE application RENAME TO another")

    assert main(["create-key", "till", "--role", "WRITER", "--application", "1"]) == 1
    missing = r'(no such table: application|relation "application" does not exist)'
    assert re.search(rf"\nThe database failed: {missing}\.\n\Z", "\n" + capsys.readouterr().err)


@pytest.mark.usefixtures("own_database")
def test_migrate_is_idempotent(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate"]) == 0
    first = capsys.readouterr().out
    assert re.fullmatch(rf"The database is at revision {scripts().get_current_head()}\.\n", first)

    assert main(["migrate"]) == 0
    assert capsys.readouterr().out == first


def test_export_schema_writes_and_checks_the_file(own_directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export-schema"]) == 0
    written = (own_directory / "schema.graphql").read_text(encoding="utf-8")
    assert "type CustomerSession implements Node" in written
    assert main(["export-schema", "--check"]) == 0
    assert capsys.readouterr().out == ""

    assert main(["export-schema", "-"]) == 0
    assert capsys.readouterr().out == written

    (own_directory / "schema.graphql").write_text("type Query", encoding="utf-8")
    assert main(["export-schema", "--check"]) == 1
    assert capsys.readouterr().err == (
        "schema.graphql is not the schema of this release; run cartograph export-schema.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["sell"], "No such command 'sell'."),
        (["serve", "--prot", "1"], "No such option: --prot"),
        (["serve", "--port", "65536"], "Invalid value for '--port'"),
        (["create-key", "till"], "Missing option '--role'"),
        (["revoke-key", "session-1-1"], "Invalid value: 'session-1-1' is not the ID of a key"),
        (["create-key", "till", "--role", "OWNER"], "Invalid value for '--role'"),
        (["create-key", "till", "--role", "ADMIN", "--expires", "tomorrow"], "Invalid value for '--expires'"),
    ],
)
def test_an_invalid_argument_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith(sentence)
    assert printed.err.count("\n") == 1
    assert printed.out == ""


@pytest.mark.usefixtures("own_database")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["create-application", "Shop", "--currency", "XYZ"], "XYZ"),
        (["create-key", "till", "--role", "READER", "--application", "7"], "There is no application 7."),
        (["create-key", "root", "--role", "ADMIN", "--application", "1"], "An ADMIN key belongs to no application."),
        (["revoke-key", "key-1-6162"], 'There is no key "ab".'),
        (["export-schema", "no/such/directory"], "no/such/directory: No such file or directory."),
    ],
)
def test_a_failure_is_reported_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert main(arguments) == 1
    printed = capsys.readouterr()
    assert sentence in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""


def test_an_invalid_setting_stops_a_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARTOGRAPH_PORT", "abc")
    assert main(["migrate"]) == 1
    assert capsys.readouterr().err.startswith("CARTOGRAPH_PORT: expected a valid integer")


@pytest.mark.parametrize("url", ["nonsense", "mysql://db/shop", "sqlite+aiosqlite:///no/such/directory/file.db"])
def test_a_database_that_cannot_be_opened_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("CARTOGRAPH_DATABASE_URL", url)
    assert main(["migrate"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_uri_of_a_file_is_refused_in_one_line(
    own_directory: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARTOGRAPH_DATABASE_URL", f"sqlite+aiosqlite:///file:{own_directory}/named.db?uri=true")
    assert main(["migrate"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_file_in_another_format_is_refused_in_one_line(
    own_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (own_directory / "cartograph.db").write_bytes(b"a diary, and no database" * 100)
    assert main(["migrate"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["migrate"]])
def test_a_database_of_a_newer_release_is_refused(
    own_database: str, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    main(["migrate"])
    execute(own_database, "UPDATE alembic_version SET version_num = '9999'")
    capsys.readouterr()

    assert main(command) == 1
    refusal = capsys.readouterr().err
    assert refusal.startswith("The database is at revision 9999")
    assert refusal.count("\n") == 1


def test_serve_creates_the_database_and_exits_cleanly_on_sigterm(own_directory: Path, serve: Serve) -> None:
    process = serve("--port", "0")
    assert httpx.get(f"{address(process)}/readyz").status_code == 200

    process.send_signal(signal.SIGTERM)

    said, _ = process.communicate(timeout=10)
    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert not (own_directory / "cartograph.db-wal").exists()


def test_a_request_in_progress_at_sigterm_gets_its_response(serve: Serve) -> None:
    process = serve("--port", "0")
    url = httpx.URL(address(process))
    body = b'{"query": "{ __typename }"}'
    with socket.create_connection((url.host, url.port or 0), timeout=10) as client:
        head = f"POST /graphql HTTP/1.1\r\nHost: {url.host}\r\nContent-Type: application/json\r\n"
        client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:5])
        time.sleep(0.3)  # the server has the head by now
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        client.sendall(body[5:])
        assert client.recv(65_536).startswith(b"HTTP/1.1 ")

    said, _ = process.communicate(timeout=10)
    assert process.returncode == 0, said


def test_workers_share_a_new_database(serve: Serve) -> None:
    process = serve("--port", "0", "--workers", "2")
    url = address(process)  # which is said before a worker listens
    with httpx.Client(transport=httpx.HTTPTransport(retries=7)) as client:
        assert client.get(f"{url}/readyz", timeout=10).status_code == 200

    process.send_signal(signal.SIGTERM)

    said, _ = process.communicate(timeout=20)
    assert process.returncode == 0, said
    assert "Traceback" not in said


@pytest.mark.parametrize("workers", ["1", "2"])
def test_all_output_of_serve_is_json_and_includes_the_last_request(serve: Serve, workers: str) -> None:
    process = serve("--port", "0", "--workers", workers)
    url = address(process)
    with httpx.Client(transport=httpx.HTTPTransport(retries=7)) as client:
        client.post(f"{url}/graphql", headers={"X-Request-Id": "the-last-one"}, timeout=10)

    process.send_signal(signal.SIGTERM)

    said = [json.loads(line) for line in process.communicate(timeout=20)[0].splitlines()]
    operations = [line for line in said if line["logger"] == "cartograph.operations"]
    assert [(line["request"], line["outcome"]) for line in operations] == [("the-last-one", "UNAUTHENTICATED")]
    assert {line["level"] for line in said} == {"info"}


def test_development_logs_text(serve: Serve) -> None:
    process = serve("--port", "0", "--dev")
    httpx.post(f"{address(process)}/graphql", headers={"X-Request-Id": "mine"})

    process.send_signal(signal.SIGTERM)

    said = process.communicate(timeout=10)[0]
    assert "INFO:     request=mine" in said
    assert "outcome=UNAUTHENTICATED" in said
    assert '{"' not in said


def test_a_port_in_use_is_refused_before_anything_is_created(
    own_directory: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("CARTOGRAPH_PORT", str(port))
        assert main(["serve"]) == 1

    assert capsys.readouterr().err == f"127.0.0.1 port {port} is not available: Address already in use.\n"
    assert not list(own_directory.iterdir())


def test_development_prints_a_curl_command_that_works(serve: Serve) -> None:
    process = serve("--port", "0", "--dev")
    assert process.stdout
    line = next(line for line in process.stdout if " curl " in line)
    endpoint = address(process)
    assert f"{endpoint}/graphql" in line

    command = ["/bin/sh", "-c", line.split("Try")[1]]
    answer = subprocess.run(command, capture_output=True, check=True, timeout=10)  # noqa: S603  # as a person does

    assert json.loads(answer.stdout)["data"]["customerSession"]["total"] == "29.33"


def test_the_demo_fills_an_empty_database_once(own_database: str, serve: Serve) -> None:
    for _ in range(2):
        process = serve("--port", "0", "--dev")
        address(process)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)

    states = dict(execute(own_database, "SELECT state, count(*) FROM customer_session GROUP BY state"))
    assert states == {"open": 30, "closed": 210, "partially_returned": 30, "cancelled": 30}
    assert execute(own_database, "SELECT name, currency FROM application") == [("Demo shop", "EUR")]
    given = dict(
        execute(
            own_database,
            "SELECT name, count(session_id) FROM campaign LEFT JOIN redemption ON campaign_id = campaign.id"
            " GROUP BY name",
        )
    )
    assert given.keys() == {each["name"] for each in CAMPAIGNS}
    assert all(given[name] for name in ("10 % from 50.00", "Hello", "Invite a friend"))
