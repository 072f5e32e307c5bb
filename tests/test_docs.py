"""The reference of the commands is whole, current, and its examples are commands that exist."""

from __future__ import annotations

import re
import runpy
import shlex
from pathlib import Path

import click
import pytest

from xref.cli import main

_ROOT = Path(__file__).parent.parent
_COMMANDS = list(main.commands)


def examples(command: click.Command) -> list[list[str]]:
    """The words of each example in a command's help, up to the first pipe."""
    _, found, rest = (command.help or "").partition("Examples:\n")
    assert found, f"the help of {command.name} has no examples"
    block = re.split(r"\n\s*\n", rest)[0]
    words = [shlex.split(line) for line in block.splitlines() if line.strip()]
    assert words
    return [each[: each.index("|")] if "|" in each else each for each in words]


def test_the_page_is_what_help_says() -> None:
    page = runpy.run_path(str(_ROOT / "scripts" / "commands"))["page"]()
    assert (_ROOT / "docs" / "commands.md").read_text() == page, "run scripts/commands"


def test_the_page_has_every_command() -> None:
    page = (_ROOT / "docs" / "commands.md").read_text()
    assert re.findall(r"^## xref (\w+)$", page, re.MULTILINE) == _COMMANDS


@pytest.mark.parametrize("name", _COMMANDS)
def test_each_example_is_a_command(name: str) -> None:
    """Parsed as the command line parses it: an option that is gone fails here."""
    for words in examples(main.commands[name]):
        assert words[0] == "xref"
        with main.make_context("xref", words[1:]) as context:
            rest = [*context._protected_args, *context.args]
            assert rest[0] == name
            main.commands[name].make_context(name, rest[1:], parent=context).close()


@pytest.mark.parametrize("name", _COMMANDS)
def test_each_option_is_explained(name: str) -> None:
    for param in main.commands[name].params:
        if isinstance(param, click.Option):
            assert param.help, f"{name} {param.opts[0]} has no help"


@pytest.mark.parametrize("name", _COMMANDS)
def test_the_list_of_commands_shows_whole_sentences(name: str) -> None:
    assert main.commands[name].get_short_help_str(80).endswith(".")
    assert "..." not in main.commands[name].get_short_help_str(68)
