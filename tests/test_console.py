"""How the process behaves: what is wrong in one line, exit status, pipes, terminals, start-up."""

from __future__ import annotations

import os
import pty
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from xref import cli
from xref import console

_ROOT = Path(__file__).parent.parent
_ENV = {**os.environ, "PYTHONPATH": str(_ROOT), "TERM": "xterm", "COLUMNS": "100"}
for _name in ("NO_COLOR", "XREF_INDEX", "XREF_DEBUG", "FORCE_COLOR"):
    _ENV.pop(_name, None)


def complaint(*arguments: str | Path) -> str:
    """What a command says whose input is wrong: always one line, status 2, nothing on standard output."""
    result = CliRunner().invoke(cli.main, [os.fspath(each) for each in arguments])
    assert (result.exit_code, result.stdout) == (console.WRONG, "")
    assert result.stderr.startswith("xref: ")
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("xref: ").rstrip("\n")


# -- bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["frobnicate"], "No such command 'frobnicate': see `xref --help`"),
        (["def"], "Missing argument 'NAME': see `xref def --help`"),
        (["def", "a", "b"], "Got unexpected extra argument"),
        (["def", ""], "it is empty"),
        (["def", "\udcff"], "is not UTF-8"),
        (["def", "a", "--kind", "thing"], "'thing' is not one of 'function', "),
        (["refs", "a", "--kind", "function"], "'function' is not one of 'read', "),
        (["outline", ""], "it is empty"),
        (["search", ""], "it is empty"),
        (["search", "a", "--most", "0"], "0 is not in the range"),
        (["search", "--regex", "("], "'(' is no regular expression"),
        (["search", "--regex", "\udcff"], "is not UTF-8"),
        (["export", "stories"], "'stories' is not one of 'definitions', "),
        (["serve", "--port", "x"], "'x' is not a valid integer"),
        (["status", "--no-such-option"], "No such option"),
        (["index", "/nonexistent"], "/nonexistent"),
        (["index", ".", "--jobs", "0"], "0 is not in the range"),
        (["--tree", "other", "def", "a"], "has no tree 'other': it has small"),
    ],
)
def test_bad_input(small_index: Path, arguments: list[str], says: str) -> None:
    assert says in complaint("--index", small_index, *arguments)


@pytest.mark.parametrize("command", [["status"], ["def", "a"], ["export", "calls"], ["search", "a"]])
def test_what_is_no_index(tmp_path: Path, command: list[str]) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not an index, and longer than the sixteen bytes that SQLite begins with\n" * 20)
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE trees (name)")
    db.close()
    assert "there is no index at" in complaint("--index", tmp_path / "none.db", *command)
    assert "is a directory" in complaint("--index", tmp_path, *command)
    assert "notes.txt" in complaint("--index", text, *command)
    assert "is not an xref index" in complaint("--index", other, *command)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_truncated_index(small_index: Path, tmp_path: Path, part: float) -> None:
    whole = small_index.read_bytes()
    cut = tmp_path / "cut.db"
    cut.write_bytes(whole[: int(len(whole) * part)])
    assert "cut.db" in complaint("--index", cut, "def", "ring_push")


def test_a_damaged_index_is_named(small_index: Path, tmp_path: Path) -> None:
    """Its first page is whole, so that it opens; what lies behind is not."""
    bytes_ = bytearray(small_index.read_bytes())
    bytes_[16384:] = b"\x5a" * (len(bytes_) - 16384)
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(bytes_)
    for command in (
        ["def", "ring_push"],
        ["refs", "ring_push"],
        ["search", "ring"],
        ["export", "references"],
    ):
        said = complaint("--index", damaged, *command)
        assert "damaged.db" in said
        assert "index the tree again" in said


def test_an_index_with_other_tables(small_index: Path, tmp_path: Path) -> None:
    """While the format grows, an index may lack what this program asks for: that is no damage."""
    older = tmp_path / "older.db"
    older.write_bytes(small_index.read_bytes())
    with sqlite3.connect(older) as db:
        db.execute("ALTER TABLE files RENAME TO documents")
    db.close()
    said = complaint("--index", older, "files", "ring")
    assert said.startswith(f"{older} was written by another xref (no such table: ")


def test_a_mistake_of_ours_is_one_line(monkeypatch: pytest.MonkeyPatch, small_index: Path) -> None:
    def broken(*_: object) -> None:
        raise KeyError("two\nlines")

    monkeypatch.delenv("XREF_DEBUG", raising=False)
    monkeypatch.setattr("xref.show.paths", broken)
    assert complaint("--index", small_index, "files", "ring").startswith("internal error (KeyError: ")
    result = CliRunner(env={"XREF_DEBUG": "1"}).invoke(
        cli.main, ["--index", str(small_index), "files", "ring"]
    )
    assert "Traceback" in result.stderr
    assert result.exit_code == console.WRONG


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (PermissionError(13, "Permission denied", "x.db"), "x.db: Permission denied"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (MemoryError(), "out of memory: ask for less at once, or run with fewer --jobs"),
    ],
)
def test_what_the_system_refuses(
    monkeypatch: pytest.MonkeyPatch, small_index: Path, error: BaseException, says: str
) -> None:
    def refused(*_: object) -> None:
        raise error

    monkeypatch.setattr("xref.show.paths", refused)
    assert complaint("--index", small_index, "files", "ring") == says


def test_an_interrupt(monkeypatch: pytest.MonkeyPatch, small_index: Path) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("xref.index.build.index_tree", interrupted)
    result = CliRunner().invoke(cli.main, ["--index", str(small_index), "index", "."])
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr == "xref: interrupted: the index is as it was\n"


# -- real processes -----------------------------------------------------------------------------------


def start(index: Path, *arguments: str, **options: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-W", "error", "-m", "xref", "--index", str(index), *arguments]
    return subprocess.Popen(command, **{"env": _ENV, **options})  # type: ignore[call-overload,no-any-return]


def test_a_reader_that_goes_away(small_index: Path) -> None:
    """`xref export references | head -1` says nothing, and ends as a program does that SIGPIPE stops."""
    process = start(small_index, "export", "references", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    assert process.wait(60) == console.PIPE_CLOSED
    assert process.stderr.read() == b""
    process.stderr.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk(small_index: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        process = start(small_index, "files", "c", stdout=full, stderr=subprocess.PIPE)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (console.WRONG, b"xref: No space left on device\n")


def test_a_real_interrupt_leaves_the_index(small_index: Path, tmp_path: Path) -> None:
    """Ctrl-C reaches the workers too; none of them may add a traceback, and no draft may stay."""
    tree = tmp_path / "tree"
    tree.mkdir()
    for number in range(300):
        (tree / f"f{number}.c").write_text(f"int f{number}(void) {{ return {number}; }}\n" * 1000)
    index = tmp_path / "x.db"
    index.write_bytes(small_index.read_bytes())
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    was = signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests behind `&` ignores it
    try:
        process = start(index, "index", str(tree), "--jobs", "1", start_new_session=True, **pipes)
    finally:
        signal.signal(signal.SIGINT, was)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("x.db.draft*")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(0.5)  # by then the workers have started
    os.killpg(process.pid, signal.SIGINT)
    out, said = process.communicate(timeout=60)
    assert (process.returncode, out) == (console.INTERRUPTED, b"")
    assert said == b"xref: interrupted: the index is as it was\n"
    assert index.read_bytes() == small_index.read_bytes()
    assert not list(tmp_path.glob("x.db.draft*"))


def on_terminal(index: Path, *arguments: str, stream: str = "stdout", **env: str) -> tuple[str, str]:
    """Run with one stream on a terminal: what came there, and what came on the other, a pipe."""
    ours, theirs = pty.openpty()
    other = "stderr" if stream == "stdout" else "stdout"
    process = start(index, *arguments, env={**_ENV, **env}, **{stream: theirs, other: subprocess.PIPE})
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the terminal's other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    piped = process.communicate(timeout=60)[other == "stderr"]
    assert process.returncode == 0
    return shown.decode(), piped.decode()


def test_colour_on_a_terminal_only(small_index: Path) -> None:
    coloured, _ = on_terminal(small_index, "refs", "clamp")
    assert coloured.count("\033[35mlib/ring.c\033[m:\033[32m10\033[m:") == 1
    assert "\033[1;31mclamp\033[m(value)" in coloured
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        plain, _ = on_terminal(small_index, "refs", "clamp", **env)
        assert plain.rstrip() == (
            "lib/ring.c:10:30: call in plain_push: ring->slots[ring->used++] = clamp(value);"
        )


def test_progress_on_a_terminal_only(small_tree: Path, tmp_path: Path) -> None:
    drawn, summary = on_terminal(tmp_path / "x.db", "index", str(small_tree), "--jobs", "1", stream="stderr")
    assert "Parsing" in drawn
    assert summary.startswith("small: 8 files, ")
    assert summary.count("\n") == 1


def test_a_locale_without_the_character(small_index: Path) -> None:
    env = {**_ENV, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    process = start(small_index, "refs", "ring_push", env=env, stdout=subprocess.PIPE)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out.count(rb"Andr\xe9")) == (0, 1)


def test_streams_that_are_closed(small_index: Path) -> None:
    for closed in (1, 2):
        process = start(
            small_index, "files", "ring", stdout=subprocess.PIPE, preexec_fn=lambda fd=closed: os.close(fd)
        )
        process.communicate(timeout=60)
        assert process.returncode == 0


def test_what_a_query_must_not_import(small_index: Path) -> None:
    """`xref def` must start at once: nothing slow may be imported on its way."""
    script = (
        "import sys\nfrom xref.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "slow = {'sqlalchemy', 'numpy', 'rich', 'flask', 'waitress', 'pebble', 'tree_sitter', 're2'}\n"
        "print(*sorted(slow & set(sys.modules)), file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", script, "--index", str(small_index), "def", "ring_push"]
    result = subprocess.run(command, env=_ENV, capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.startswith("lib/ring.c:19:5: ")
    assert result.stderr.strip() == ""


def test_an_interrupt_while_starting(small_index: Path, tmp_path: Path) -> None:
    """Ctrl-C during the imports is told as at any other time: `xref.cli` here is one that is interrupted."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'xref.cli':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Finder())\n"
    )
    env = {**_ENV, "PYTHONPATH": f"{tmp_path}{os.pathsep}{_ROOT}"}
    process = start(small_index, "status", env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, said = process.communicate(timeout=60)
    assert (process.returncode, out) == (console.INTERRUPTED, b"")
    assert said == b"xref: interrupted: the index is as it was\n"
