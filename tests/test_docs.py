"""Run every request and every shell command that README.md and docs/ show, page by page, on a demo server.

The blocks of a page run in order:

- ``graphql`` is sent with the variables of a ``json`` block titled "Variables" behind it; the data is compared with a
  ``json`` block titled "Answer" behind that, and has to be free of errors where there is none. The title "ADMIN" or
  "READER" names the role of the key; it is WRITER otherwise. A variable such as "<createCampaign.campaign.id>" is the
  value at this path in the answers before.
- ``sh`` runs in an empty directory; variables it exports stay for the rest of the page, and ``KEY`` is set to a WRITER
  key. Output is compared with a ``json`` block titled "Output" behind it. Calls of make are left out: CI makes them.
- ``<!-- not run: reason -->`` before a block leaves it out.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from process import serving
from stores import Server

from db.domain.lifecycle import INITIAL, TARGET, TRANSITIONS
from graphql_api.settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent
PAGES = [*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(
    r"(?:<!-- not run: (?P<reason>[^>]+?) -->\s*)?"
    r'^(?P<indent> *)```(?P<language>\w+)(?: title="(?P<title>[^"]*)")?\n(?P<text>.*?)^ *```$',
    re.MULTILINE | re.DOTALL,
)
SHOWN_ADDRESS = "http://127.0.0.1:8000"
SHOWN_POSTGRESQL = "postgresql://cartograph:secret@db.example/cartograph"
STREAM_SECONDS = 3  # how long a command that follows a stream may run
OURS = ("make ",)


class Block(NamedTuple):
    """One fenced block of a page."""

    language: str
    title: str | None
    text: str
    reason: str | None


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found = BLOCK.finditer(page.read_text(encoding="utf-8"))
    return [
        Block(
            each["language"],
            each["title"],
            re.sub(rf"^{each['indent']}", "", each["text"], flags=re.MULTILINE),
            each["reason"],
        )
        for each in found
    ]


class Shell:
    """Runs blocks of shell commands in one directory, each with the variables that earlier ones exported."""

    def __init__(self, directory: Path, **variables: str) -> None:
        self._directory = directory
        self._state = directory / ".exported"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        self._environment = {**inherited, **variables}
        self._environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self._state.touch()

    def run(self, commands: str) -> str:
        """Answer the standard output. Fails where a command fails, unless it follows a stream, which has no end."""
        script = f". {self._state}\nset -e\n{commands}\nexport -p > {self._state}\n"
        try:
            done = subprocess.run(  # noqa: S603  # the commands are those of our own pages
                ["/bin/bash", "-c", script],
                cwd=self._directory,
                env=self._environment,
                capture_output=True,
                text=True,
                timeout=STREAM_SECONDS if "curl -N" in commands else 60,
                check=False,
            )
        except subprocess.TimeoutExpired as stream:
            output = (stream.stdout or b"").decode()
            assert "event: next" in output, f"{commands}\n{output}"
            return output
        assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
        return done.stdout


class Demo(NamedTuple):
    """A server with sample data: its address, its database, and a key of each role."""

    address: str
    database: str
    keys: dict[str, str]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Serve the demo shop, as ``make run`` does. All pages share it: each names its sessions differently."""
    directory = tmp_path_factory.mktemp("server")
    url = f"sqlite+aiosqlite:///{directory}/cartograph.db"
    shell = Shell(directory, **{f"{PREFIX}DATABASE_URL": url, "PYTHONPATH": str(ROOT)})
    with serving("--dev", "--port", "0", environment={f"{PREFIX}DATABASE_URL": url}) as process:
        key, found = "", None
        for line in process.stdout or ():
            key = key or (match[0] if (match := re.search(r"\bck_\w+", line)) else "")
            if found := re.search(r"running on (http://\S+?)[\s\"]", line):
                break
        assert found, "the server did not start"
        made = {
            role: json.loads(shell.run(f"cartograph create-key docs-{role} --role {role} {application}"))["key"]
            for role, application in (("ADMIN", ""), ("READER", "--application 1"))
        }
        yield Demo(found[1], url, {"WRITER": key, **made})


@pytest.fixture
def postgresql_url(request: pytest.FixtureRequest) -> Callable[[], str]:
    """Make an empty database on PostgreSQL, for pages that show how to use one."""

    def made() -> str:
        server: Server = request.getfixturevalue("server")
        return server.empty()

    return made


def sent(demo: Demo, document: str, variables: Any, role: str) -> Any:
    """The answer to a document."""
    with httpx.Client(trust_env=False, timeout=30) as client:
        body = {"query": document, "variables": variables}
        answer = client.post(
            f"{demo.address}/graphql", json=body, headers={"Authorization": f"Bearer {demo.keys[role]}"}
        )
    return answer.json()


def filled_in(value: Any, answered: Any) -> Any:
    """A variable, or what stands at its path in the answers."""
    path = re.fullmatch(r"<([\w.]+)>", value) if isinstance(value, str) else None
    return reduce(lambda found, name: found[name], path[1].split("."), answered) if path else value


def refusals(data: Any) -> Iterator[Any]:
    """The refusals in the payloads of mutations."""
    if isinstance(data, dict):
        yield from data.get("errors") or ()
        for each in data.values():
            yield from refusals(each)


def run_page(page: Path, demo: Demo, directory: Path, postgresql_url: Callable[[], str]) -> None:
    """Run the blocks of a page in order."""
    shell = Shell(directory, KEY=demo.keys["WRITER"], ADMIN_KEY=demo.keys["ADMIN"], PYTHONPATH=str(ROOT))
    shown, answered = blocks(page), dict[str, Any]()
    for index, block in enumerate(shown):
        behind = shown[index + 1 :]
        if block.reason is not None:
            continue
        if block.language == "graphql":
            variables = None
            if behind and behind[0].title == "Variables":
                variables = {name: filled_in(each, answered) for name, each in json.loads(behind.pop(0).text).items()}
            answer = sent(demo, block.text, variables, block.title if block.title in demo.keys else "WRITER")
            answered |= answer.get("data") or {}
            if behind and behind[0].title == "Answer":
                assert {name: answer[name] for name in ("data", "errors") if name in answer} == json.loads(
                    behind[0].text
                )
            else:
                assert "errors" not in answer, f"{block.text}\n{answer}"
                assert not [*refusals(answer["data"])], f"{block.text}\n{answer}"
        elif block.language == "sh":
            commands = "\n".join(line for line in block.text.splitlines() if not line.startswith(OURS))
            if SHOWN_POSTGRESQL in commands:
                commands = commands.replace(SHOWN_POSTGRESQL, postgresql_url())
            output = shell.run(commands.replace(SHOWN_ADDRESS, demo.address))
            if behind and behind[0].title == "Output":
                answer = json.loads(output)
                answer.pop("extensions", None)
                assert answer == json.loads(behind[0].text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_everything_that_a_page_shows_runs(
    page: Path, tmp_path: Path, request: pytest.FixtureRequest, postgresql_url: Callable[[], str]
) -> None:
    if not any(block.language in ("graphql", "sh") and block.reason is None for block in blocks(page)):
        return
    directory = tmp_path / "shell"
    directory.mkdir()
    run_page(page, request.getfixturevalue("demo"), directory, postgresql_url)


README, LIFE_CYCLE = ROOT / "README.md", ROOT / "docs" / "concepts" / "life-cycle.md"


def test_readme_shows_five_requests_with_their_answers_in_at_most_200_lines() -> None:
    assert sum("curl" in block.text for block in blocks(README)) == 5
    assert sum(block.title == "Output" for block in blocks(README)) == 5
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 200


@pytest.mark.parametrize("page", [README, LIFE_CYCLE], ids=lambda page: page.name)
def test_state_diagram_is_the_transition_graph(page: Path) -> None:
    drawn = set(re.findall(r"^    (\S+) --> (\S+): (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE))
    moves = {
        (state.name, TARGET[operation].name, operation.value.replace("_", " "))
        for state, operations in TRANSITIONS.items()
        for operation in operations
    }
    assert drawn == moves | {("[*]", state.name, "create") for state in INITIAL}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_linked_files_exist_and_named_settings_are_settings(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    linked = [target.partition("#")[0] for target in re.findall(r"\]\(([^)]+)\)", text) if "://" not in target]
    assert [target for target in linked if target and not (page.parent / target).exists()] == []
    named = {name.lower() for name in re.findall(rf"{PREFIX}([A-Z_]+[A-Z])", text)}
    assert named <= set(Settings.model_fields)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_named_files_exist(page: Path) -> None:
    named = re.findall(r"`([\w./]+/\w+\.(?:py|md|graphql))`", page.read_text(encoding="utf-8"))
    places = (ROOT, ROOT / "graphql_api")
    assert [name for name in named if not any((place / name).exists() for place in places)] == []


def test_settings_page_lists_every_setting_as_the_command_prints_it(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert page[page.index("| Setting") :] == Shell(tmp_path, PYTHONPATH=str(ROOT)).run("cartograph settings")
