"""The distribution: imports are declared as dependencies, and the wheel serves without the checkout."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterable, Iterator
from importlib.metadata import distribution, distributions
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from process import address

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DATA_ONLY = {"tzdata"}  # read as a resource


def imported_modules() -> Iterator[str]:
    """The modules of other distributions that the code imports."""
    for package in ("db", "graphql_api"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom):
                    names = [str(node.module)]
                own = {*sys.stdlib_module_names, "db", "graphql_api"}
                yield from (name for name in names if name.split(".")[0] not in own)


def imported_distributions() -> set[str]:
    """The distributions that these modules come from."""
    owners = {
        str(each.locate_file(file)): canonicalize_name(each.metadata["Name"])
        for each in distributions()
        for file in each.files or ()
        if file.suffix in {".py", ".so"}
    }
    specs = [find_spec(module) for module in set(imported_modules())]
    return {owners[spec.origin] for spec in specs if spec and spec.origin}


def names(requirements: Iterable[str]) -> set[str]:
    return {canonicalize_name(Requirement(each).name) for each in requirements}


def test_dependencies_are_exactly_the_imported_distributions() -> None:
    extras = PROJECT["optional-dependencies"]
    declared = names(PROJECT["dependencies"]) | names(extras["postgres"]) | names(extras["otel"])

    assert imported_distributions() | DATA_ONLY == declared


def test_constraints_pin_every_declared_dependency() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {canonicalize_name(line.split("==")[0]) for line in lines if not line.startswith("#")}
    declared = names(
        [*PROJECT["dependencies"], *(each for extra in PROJECT["optional-dependencies"].values() for each in extra)]
    )

    assert declared <= pinned


def test_advice_to_install_names_this_distribution() -> None:
    paths = [path for directory in ("db", "graphql_api") for path in (ROOT / directory).rglob("*.py")]
    paths += [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    advice = [re.findall(r"\b(cartograph[\w-]*)\[", path.read_text(encoding="utf-8")) for path in paths]

    assert set().union(*advice) == {PROJECT["name"]}


def required_distributions(requirements: list[str]) -> set[str]:
    """The names of the requirements and of everything that they require in turn, with the extras that they name."""
    found: set[str] = set()
    pending = [Requirement(each) for each in requirements]
    seen: set[tuple[str, str]] = set()
    while pending:
        requirement = pending.pop()
        found.add(canonicalize_name(requirement.name))
        for extra in ("", *requirement.extras):
            if (requirement.name, extra) not in seen:
                seen.add((requirement.name, extra))
                inner = [Requirement(each) for each in distribution(requirement.name).requires or ()]
                pending.extend(each for each in inner if each.marker is None or each.marker.evaluate({"extra": extra}))
    return found


def link_distribution(name: str, site_packages: Path) -> None:
    """Make an installed distribution importable from another environment."""
    installed = distribution(name)
    for file in installed.files or ():
        target = site_packages / file
        if ".." not in file.parts and "__pycache__" not in file.parts and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(str(installed.locate_file(file)))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the sources."""
    source = tmp_path_factory.mktemp("source")
    for name in ("db", "graphql_api"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = "from setuptools import build_meta; build_meta.build_wheel('.')"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)  # noqa: S603  # this Python
    return next(source.glob("*.whl"))


@pytest.fixture(scope="module")
def installed_command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command, installed from the wheel into an environment with its required distributions alone."""
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment, symlinks=True)
    site_packages = next(environment.glob("lib/python*/site-packages"))
    for name in required_distributions(PROJECT["dependencies"]):
        link_distribution(name, site_packages)
    python = environment / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*install, str(wheel)], check=True)  # noqa: S603  # as above
    return environment / "bin" / "cartograph"


def test_wheel_contains_package_data(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    sources = {
        path.relative_to(ROOT).as_posix()
        for package in ("db", "graphql_api")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert packed == sources


def test_wheel_serves_from_an_empty_directory(installed_command: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(  # noqa: S603  # the command that was just installed
        [installed_command, "serve", "--dev", "--port", "0"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        with httpx.Client(base_url=address(process), timeout=60) as client:
            page = client.get("/graphql", headers={"Accept": "text/html"}).text
            assets = re.findall(r'(?:src|href)="(\S+?)"', page)
            statuses = {client.get(asset).status_code for asset in assets}
            key = re.findall(r'data-dev-key="(\S+?)"', page)[0]
            query = {"query": "{ customerSessions(first: 1) { nodes { total } } }"}
            answer = client.post("/graphql", json=query, headers={"Authorization": f"Bearer {key}"}).json()
    finally:
        process.terminate()
        process.communicate()

    assert statuses == {200}
    assert answer["data"]["customerSessions"]["nodes"]
