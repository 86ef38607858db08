"""Settings are read from the environment and from .env; an invalid one is refused in one sentence."""

import os
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from graphql_api.settings import PREFIX, InvalidSetting, Settings, load_settings


@pytest.fixture(autouse=True)
def clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove all CARTOGRAPH_ variables, and run in an empty directory."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)


def test_every_setting_has_a_default() -> None:
    settings = load_settings()

    assert settings.database_url == "sqlite+aiosqlite:///cartograph.db"
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert not settings.dev
    assert settings.cors_origins == ()


def test_every_setting_is_described_in_one_sentence() -> None:
    for name, field in Settings.model_fields.items():
        description = field.description or ""
        assert re.fullmatch(r"[A-Z][^\n]*[^.]\.", description), name
        unit = re.search(r"_(seconds|bytes)$", name)
        assert unit is None or unit[1] in description.lower(), name


def test_the_environment_overrides_dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("CARTOGRAPH_PORT=1\nCARTOGRAPH_MAX_DEPTH=5\nOTHER=1\n", encoding="utf-8")
    monkeypatch.setenv("CARTOGRAPH_PORT", "2")

    settings = load_settings()

    assert (settings.port, settings.max_depth) == (2, 5)


def test_origins_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARTOGRAPH_CORS_ORIGINS", "https://a.example, https://b.example,")

    assert load_settings().cors_origins == ("https://a.example", "https://b.example")


def test_the_log_level_ignores_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARTOGRAPH_LOG_LEVEL", "WARNING")

    assert load_settings().log_level == "warning"


def test_settings_are_immutable() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_settings().port = 1


def test_repr_hides_secrets() -> None:
    settings = Settings(database_url="postgresql+asyncpg://me:hidden@db/shop", dev_key="hidden")

    assert "hidden" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PORT", "abc", "CARTOGRAPH_PORT: expected a valid integer, unable to parse string as an integer, got 'abc'."),
        ("PORT", "65536", "CARTOGRAPH_PORT: expected less than or equal to 65535, got '65536'."),
        ("DEV", "maybe", "CARTOGRAPH_DEV: expected a valid boolean, unable to interpret input, got 'maybe'."),
        ("MAX_COST", "0", "CARTOGRAPH_MAX_COST: expected greater than 0, got '0'."),
        ("DEADLINE_SECONDS", "inf", "CARTOGRAPH_DEADLINE_SECONDS: expected a finite number, got 'inf'."),
        ("DEADLINE_SECONDS", "nan", "CARTOGRAPH_DEADLINE_SECONDS: expected a finite number, got 'nan'."),
        ("LOG_LEVEL", "warn", "CARTOGRAPH_LOG_LEVEL: expected 'debug', 'info', 'warning' or 'error', got 'warn'."),
        ("DEFAULT_PAGE_SIZE", "101", "CARTOGRAPH_DEFAULT_PAGE_SIZE has to be at most CARTOGRAPH_MAX_PAGE_SIZE."),
        (
            "TRUSTED_DOCUMENTS_MODE",
            "only",
            "CARTOGRAPH_TRUSTED_DOCUMENTS has to name a manifest if CARTOGRAPH_TRUSTED_DOCUMENTS_MODE is only.",
        ),
        ("MAX_DEPHT", "9", "CARTOGRAPH_MAX_DEPHT is not a setting; did you mean CARTOGRAPH_MAX_DEPTH?"),
        ("XYZZY", "1", "CARTOGRAPH_XYZZY is not a setting."),
    ],
)
def test_an_invalid_setting_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(PREFIX + name, value)

    with pytest.raises(InvalidSetting) as refused:
        load_settings()

    assert str(refused.value) == sentence


def test_an_unknown_name_in_dotenv_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("CARTOGRAPH_PROT=1\n", encoding="utf-8")

    with pytest.raises(InvalidSetting, match=r"CARTOGRAPH_PROT is not a setting; did you mean CARTOGRAPH_PORT\?"):
        load_settings()


@pytest.mark.parametrize("line", ['CARTOGRAPH_HOST="127.0.0.1', "CARTOGRAPH HOST=127.0.0.1", "= 1"])
def test_an_invalid_line_of_dotenv_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / ".env").write_text(f"# ours\nOTHER='a\nb'\nCARTOGRAPH_PORT=1\n{line}\nOTHER=2\n", encoding="utf-8")

    with pytest.raises(InvalidSetting) as refused:
        load_settings()

    assert str(refused.value) == ".env, line 5: expected NAME=value with matching quotes."


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com"])  # noqa: S104  # the addresses to refuse
def test_development_needs_a_loopback_address(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("CARTOGRAPH_DEV", "1")
    monkeypatch.setenv("CARTOGRAPH_HOST", host)

    with pytest.raises(InvalidSetting, match="CARTOGRAPH_HOST has to be a loopback address"):
        load_settings()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_development_accepts_each_loopback_address(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("CARTOGRAPH_DEV", "1")
    monkeypatch.setenv("CARTOGRAPH_HOST", host)

    assert load_settings().dev
