"""How far an import has come, as it is told."""

import pytest

from graphql_api.commands.progress import Bar, legible


def test_a_bar_says_what_a_line_says(capsys: pytest.CaptureFixture[str]) -> None:
    with Bar(100) as bar:
        bar.advance(3, 50)
        bar.say("line 2: [bold]: \x1b[2J")

    assert "line 2: [bold]: \\x1b[2J\n" in capsys.readouterr().err


def test_what_would_move_the_cursor_is_printed_as_an_escape() -> None:
    assert legible("é \x1b[2J \ud800 \u202e") == "é \\x1b[2J \\ud800 \\u202e"
