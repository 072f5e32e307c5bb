"""The process around a command: its streams, its progress bars, and how a failure is told.

Here the contract's rules on exit status and standard error are kept, once for all commands.  Knows click and
the errors of the library; rich and the web server are imported only when they are needed.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sqlite3
import sys
import traceback
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

import click

from xref.index.errors import IndexFileError
from xref.index.records import plain
from xref.source.errors import SourceError
from xref.source.errors import reason_of
from xref.source.names import one_line

if TYPE_CHECKING:
    from rich.progress import Progress
    from rich.progress import TaskID

#: exit status, as the contract has it
FOUND, NOTHING, WRONG = 0, 1, 2
#: exit status as shells show it for SIGINT and SIGPIPE
INTERRUPTED, PIPE_CLOSED = 130, 141

#: told how far a phase has come: done, total (None where that is not known), name of the phase
Told = Callable[[int, int | None, str], None]

_PHASES = {
    "download": "Downloading",
    "check": "Checking",
    "unpack": "Unpacking",
    "hash": "Looking for changes",
    "learn": "Learning macros",
    "parse": "Parsing",
    "write": "Writing",
}


class Commands(click.Group):
    """Commands in the order in which they are written; each failure is one line on standard error."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The commands' names, in the order of the source."""
        return list(self.commands)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run, and end the process with the status that the command returned."""
        if "_XREF_COMPLETE" in os.environ:
            return super().main(*args, **(kwargs | {"prog_name": "xref"}))
        given = args[0] if args else kwargs.get("args")
        sys.exit(self._status(sys.argv[1:] if given is None else list(given)))

    def _status(self, args: list[str]) -> int:
        """Run, and tell what goes wrong; the exit status."""
        _ready_streams()
        try:
            status = self._run(args)
            sys.stdout.flush()
        except (Exception, KeyboardInterrupt) as error:
            return _failed(error)
        return status

    def _run(self, args: list[str]) -> int:
        try:
            with self.make_context("xref", args) as ctx:
                return int(self.invoke(ctx) or FOUND)
        except click.exceptions.Exit as error:
            return error.exit_code

    def invoke(self, ctx: click.Context) -> Any:
        """Run the chosen command; a damaged index becomes an error that names it."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            if not _is_damage(error):
                raise
            what = "was written by another xref" if str(error).startswith("no such ") else "is damaged"
            again = "remove it and index the tree again, or name another with --index"
            raise IndexFileError(f"{ctx.params['index']} {what} ({error}): {again}") from error


def _ready_streams() -> None:
    """Make standard output take any character, and have streams even where the caller closed them (`>&-`)."""
    null = Path(os.devnull)
    sys.stdout = sys.stdout or null.open("w", encoding="utf-8")
    sys.stderr = sys.stderr or null.open("w", encoding="utf-8")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _is_damage(error: Exception) -> bool:
    """Whether this comes of the bytes in an index (ProgrammingError would be a mistake of ours)."""
    if isinstance(error, sqlite3.DatabaseError):
        return not isinstance(error, sqlite3.ProgrammingError)
    return type(error).__name__ == "ZstdError"


def _failed(error: BaseException) -> int:
    """Say in one line what went wrong; the exit status."""
    if isinstance(error, BrokenPipeError):
        _abandon_output()
        return PIPE_CLOSED
    if isinstance(error, KeyboardInterrupt):
        _say_last("interrupted: the index is as it was", after="\n" if sys.stderr.isatty() else "")
        return INTERRUPTED
    if os.environ.get("XREF_DEBUG"):
        traceback.print_exception(error)
    _say_last(_reason(error))
    return WRONG


def _reason(error: BaseException) -> str:
    """What went wrong and what to do, on one line."""
    if isinstance(error, SourceError | IndexFileError):
        return str(error)
    if isinstance(error, click.UsageError):
        help_for = error.ctx.command_path if error.ctx else "xref"
        return f"{' '.join(error.format_message().split()).rstrip('.')}: see `{help_for} --help`"
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, MemoryError):
        return "out of memory: ask for less at once, or run with fewer --jobs"
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{reason_of(error)}"
    what = f"{type(error).__name__}: {error}".removesuffix(": ")
    return f"internal error ({what}): index the tree anew, or report it with what XREF_DEBUG=1 shows"


def _say_last(text: str, after: str = "") -> None:
    """Say why the run ends, whatever state the streams are in."""
    with contextlib.suppress(OSError):
        sys.stderr.write(after)
        say(text)
    try:
        sys.stdout.flush()
    except OSError:
        _abandon_output()


def _abandon_output() -> None:
    """Lead standard output nowhere, so that the interpreter's last flush does not fail as well."""
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


# -- output -------------------------------------------------------------------------------------------


def say(text: str) -> None:
    """One line on standard error."""
    sys.stderr.write(f"xref: {one_line(text)}\n")


def put(lines: Iterable[str]) -> None:
    """Lines on standard output."""
    write = sys.stdout.write
    for line in lines:
        write(line)
        write("\n")


def put_document(records: Iterable[object]) -> None:
    """One JSON document on standard output: a list, with a record on each line."""
    lines = [_json(record) for record in records]
    put(["[", *(line + "," for line in lines[:-1]), *lines[-1:], "]"] if lines else ["[]"])


def put_json_lines(records: Iterable[object]) -> None:
    """JSON Lines on standard output, as they come."""
    put(map(_json, records))


#: pure ASCII, so that it is the same in every locale and no byte of it can steer a terminal
_encode = json.JSONEncoder(ensure_ascii=True).encode


def _json(record: object) -> str:
    """A record (a named tuple), or a plain value, as JSON."""
    return _encode(plain(record))


def coloured() -> bool:
    """Whether standard output takes colour: a terminal that is not `dumb`, and no NO_COLOR (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def show_version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    """For --version: print it and end."""
    if wanted and not ctx.resilient_parsing:
        from xref.index.files import VERSION

        put([f"xref {_version()} (index format {VERSION})"])
        ctx.exit()


def _version() -> str:
    """The version installed, or that of the checkout."""
    from importlib import metadata

    try:
        return metadata.version("xref")
    except metadata.PackageNotFoundError:
        import tomllib

        text = Path(__file__).parent.with_name("pyproject.toml").read_text(encoding="utf-8")
        return str(tomllib.loads(text)["project"]["version"])


# -- progress -----------------------------------------------------------------------------------------


@contextlib.contextmanager
def progress() -> Iterator[Told]:
    """Bars on standard error for the phases that the body tells of; nothing where that is no terminal."""
    if not sys.stderr.isatty():
        yield lambda _done, _total, _phase: None
        return
    from rich.console import Console
    from rich.progress import BarColumn
    from rich.progress import Progress
    from rich.progress import TaskProgressColumn
    from rich.progress import TextColumn
    from rich.progress import TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        yield _Bars(bars)


class _Bars:
    """A bar for each phase, made when the phase first tells of itself."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, done: int, total: int | None, phase: str) -> None:
        if phase not in self._tasks:
            self._tasks[phase] = self._bars.add_task(_PHASES.get(phase, phase))
        self._bars.update(self._tasks[phase], completed=done, total=total)


# -- the site -----------------------------------------------------------------------------------------


class _Address(NamedTuple):
    host: str
    port: int

    @property
    def url(self) -> str:
        return (
            f"http://[{self.host}]:{self.port}/" if ":" in self.host else f"http://{self.host}:{self.port}/"
        )


def listen(
    app: Any, host: str, port: int, shown: str, *, processes: int = 1, threads: int = 2, prefix: str = ""
) -> None:
    """Serve the site until SIGTERM or Ctrl-C; `shown` names what it shows."""
    from web import serving

    try:
        server = serving.service(app, host, port, processes=processes, threads=threads, prefix=prefix)
    except (OSError, ValueError) as error:
        raise click.ClickException(
            f"cannot listen on {host} port {port} ({reason_of(error)}): choose another --host or --port"
        ) from error
    below = f"{prefix[1:]}/" if prefix else ""
    for address in (_Address(str(at[0]), int(at[1])) for at in server.addresses):
        put([f"{shown} is at {address.url}{below} (Ctrl-C stops)"])
    if not serving.is_loopback(host):
        say(f"{host} lets other machines in: whoever reaches this port can read every indexed file")
        say("there is no password and no TLS: for more than a trusted network put a proxy in front (docs/hosting.md)")
    sys.stdout.flush()
    server.run()
