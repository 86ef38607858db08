"""The display of progress."""

import pytest

from graphql_api.commands.progress import Bar, escape


def test_bar_prints_lines_above_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with Bar(100) as bar:
        bar.advance(3, 50)
        bar.print("line 2: [bold]: \x1b[2J")

    assert "line 2: [bold]: \\x1b[2J\n" in capsys.readouterr().err


def test_control_characters_are_printed_as_escapes() -> None:
    assert escape("é \x1b[2J \ud800 \u202e") == "é \\x1b[2J \\ud800 \\u202e"
