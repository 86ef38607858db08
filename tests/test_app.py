"""The application of a server process."""

import gc
from pathlib import Path

import pytest

from graphql_api.app import from_environment
from graphql_api.settings import PREFIX


def test_objects_made_at_start_are_frozen_for_the_garbage_collector(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'cartograph.db'}")
    threshold = gc.get_threshold()
    app = from_environment()
    try:
        assert not any(each is app for each in gc.get_objects())
    finally:
        gc.unfreeze()
        gc.set_threshold(*threshold)
