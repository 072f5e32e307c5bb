"""The command line: each command reads its arguments, asks the library, and prints what comes back.

The library is imported inside the commands, each its own part of it, so that `xref def NAME` starts in the
time that `def` needs.  The help texts are the reference: `scripts/commands` makes docs/commands.md of them.
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xref import call_commands
from xref import claim_commands
from xref import console
from xref import hints
from xref import show
from xref import walk_commands
from xref.options import FILE
from xref.options import Session
from xref.options import answer
from xref.options import as_json
from xref.options import named
from xref.options import path_in_tree
from xref.options import text
from xref.options import tree_path
from xref.parse.facts import DEFINITION_KINDS
from xref.parse.facts import REFERENCE_KINDS
from xref.show import SourceLines

if TYPE_CHECKING:
    from xref.index.query import Index
    from xref.index.records import Definition

#: what `export` can write: the names of `index.export.EXPORTS`, whose import would take numpy
EXPORT_KINDS = ("definitions", "references", "calls", "stores", "edges", "includes")


@click.group(
    "xref",
    cls=console.Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--index", type=FILE, envvar="XREF_INDEX", default="xref.db", metavar="FILE",
              help="The index.  [default: $XREF_INDEX, else xref.db]")  # fmt: skip
@click.option("--tree", metavar="NAME", help="Which tree of the index.  [default: the one indexed last]")
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=console.show_version,
              help="Show the version and exit.")  # fmt: skip
@click.pass_context
def main(ctx: click.Context, index: Path, tree: str | None) -> int:
    """Find your way in a C source tree, the Linux kernel first.

    Index a tree once; then ask where a name is defined, where it is used, and who calls whom.

    \b
    Examples:
      xref fetch 2.6.11
      xref index linux-2.6.11 --arch i386
      xref def tcp_sendmsg

    Results are lines that begin path:line:column:, as compilers and grep write them; lines and columns count
    from 1, a column is a byte.  With --json they are records.  The exit status is 0 for found or done, 1 for
    nothing found, 2 for bad input or usage.
    """
    ctx.obj = Session(index, tree)
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        return console.WRONG
    return console.FOUND


# -- trees --------------------------------------------------------------------------------------------


@main.command()
@click.argument("version")
@click.option(
    "--into", type=FILE, default=".", show_default=True, metavar="DIR", help="Where to put the tree."
)
@click.option(
    "--mirror", metavar="URL", help="A server with kernel.org's directories.  [default: kernel.org]"
)
@click.option("--archive", type=FILE, metavar="FILE", help="Unpack this file, downloaded already.")
def fetch(version: str, into: Path, mirror: str | None, archive: Path | None) -> None:
    """Download a kernel release, check its SHA-256, and unpack it.

    Prints the path of the tree; the archive stays beside it.  A download that was stopped goes on where it
    was.  With --archive only the checksum is downloaded; where none is to be had, the file is unpacked
    unchecked, and a note says so.

    \b
    Examples:
      xref fetch 2.6.11 --into trees
      xref fetch 2.6.11 --archive ~/Downloads/linux-2.6.11.tar.xz
    """
    from xref.source.fetch import fetch as fetch_release

    with console.progress() as told:
        fetched = fetch_release(version, into, mirror=mirror, archive=archive, progress=told)
    for note in fetched.notes:
        console.say(note)
    console.put([str(fetched.tree)])


@main.command()
@click.argument("path", type=FILE)
@click.option(
    "--name", metavar="NAME", help="What to call the tree.  [default: --tree, else its directory's name]"
)
@click.option("--arch", metavar="ARCH", help="The architecture that answers put first, such as i386.")
@click.option(
    "--jobs", type=click.IntRange(min=1), metavar="N", help="Worker processes.  [default: one a processor]"
)
@click.pass_obj
def index(session: Session, path: Path, name: str | None, arch: str | None, jobs: int | None) -> None:
    """Index a tree, or bring its index up to date.

    Only what has changed is parsed again.  The index is replaced in one step when all is done: until then,
    and for good if the run is stopped, it stays as it was.  One index can hold several trees.

    \b
    Examples:
      xref index linux-2.6.11 --arch i386
      xref --index ~/kernels.db index /usr/src/linux --name work --jobs 2
    """
    from xref.index.build import index_tree

    began = time.monotonic()
    with console.progress() as told:
        report = index_tree(
            session.file, path, name=name or session.tree, arch=arch, jobs=jobs, progress=told
        )
    console.put([show.summary(report, session.file, time.monotonic() - began)])


@main.command()
@click.option("--problems", is_flag=True, help="List each place that was not parsed in full, and why.")
@as_json
@click.pass_obj
def status(session: Session, problems: bool, as_json: bool) -> int:
    """Show the trees in the index and how much of each was parsed.

    With --problems, a line for each place that the parser could not take in full, and for each file that was
    left out.  What stands around such a place is indexed all the same.

    \b
    Examples:
      xref status
      xref --tree linux-2.6.11 status --problems
    """
    index = session.open()
    if problems:
        places = index.problems()
        if not places:
            console.say(f"every file of {index.tree} was parsed in full")
        return answer(places, as_json, lambda paint: show.problems(places, paint))
    names = [index.tree] if session.tree else index.trees()
    infos = [session._replace(tree=name).open().info() for name in names]
    return answer(infos, as_json, lambda paint: show.trees(infos, paint))


# -- names --------------------------------------------------------------------------------------------


@main.command("def")
@named("name")
@click.option("--kind", type=click.Choice(DEFINITION_KINDS), metavar="KIND",
              help=f"Only this kind: {', '.join(DEFINITION_KINDS)}.")  # fmt: skip
@click.option("--arch", metavar="ARCH", help="Put this architecture's first.  [default: the tree's own]")
@click.option("--from", "from_file", callback=tree_path, metavar="FILE", help="Put first what NAME means in this file.")
@as_json
@click.pass_obj
def def_(
    session: Session, name: str, kind: str | None, arch: str | None, from_file: str | None, as_json: bool
) -> int:
    """Show where NAME is defined, the likeliest place first.

    Bodies come before declarations, and what every file can see before what is static.  Notes at the end of a
    line tell what its text does not: the macro that made the definition, the condition it stands under.

    \b
    Examples:
      xref def tcp_sendmsg
      xref def do_IRQ --arch ppc
      xref def sock --kind struct --json
      xref def start_request --from drivers/ide/ide-io.c
    """
    index = session.open(arch)
    found = index.definitions(name, kind=kind) if from_file is None else _from(index, name, kind, from_file)
    return answer(
        found, as_json,
        lambda paint: show.definitions(found, paint),
        lambda: hints.no_definition(index, name, kind),
    )  # fmt: skip


def _from(index: Index, name: str, kind: str | None, file: str) -> list[Definition]:
    """The definitions of a name, as a file of the tree sees them.  Raises click.UsageError for none of its files."""
    from xref.index.places import Places
    from xref.index.viewpoint import seen_from

    path = path_in_tree(index, file)
    if not index.has(path):
        raise click.UsageError(hints.no_file(index, path))
    found, _ = seen_from(Places(index), name, index.ranked(name), path)
    return [index.definition(each) for each in found if kind is None or each.kind == kind]


@main.command()
@named("name")
@click.option("--kind", type=click.Choice(REFERENCE_KINDS), metavar="KIND",
              help=f"Only this kind: {', '.join(REFERENCE_KINDS)}.")  # fmt: skip
@as_json
@click.pass_obj
def refs(session: Session, name: str, kind: str | None, as_json: bool) -> int:
    """Show where NAME is used, file by file.

    Each line tells how it is used, in which function or macro, and what the source says there (left out
    where there are more than 2,000 results).  Words in comments and strings are not references: use search.

    \b
    Examples:
      xref refs tcp_sendmsg
      xref refs sk_prot --kind write
      xref refs printk --kind call | cut -d: -f1 | sort | uniq -c
    """
    index = session.open()
    found = index.references(name, kind=kind)
    return answer(
        found, as_json,
        lambda paint: show.references(found, SourceLines(index.source), paint),
        lambda: hints.no_reference(index, name, kind),
    )  # fmt: skip


@main.command()
@click.argument("file", callback=tree_path)
@as_json
@click.pass_obj
def outline(session: Session, file: str, as_json: bool) -> int:
    """Show what FILE defines, from its first line to its last.

    FILE is a path in the tree, as every result shows it.

    \b
    Examples:
      xref outline net/ipv4/tcp_output.c
      xref outline include/net/sock.h | grep ' struct '
    """
    index = session.open()
    path = path_in_tree(index, file)
    found = index.outline(path)
    return answer(
        found or [], as_json,
        lambda paint: show.definitions(found or [], paint),
        lambda: hints.no_file(index, path) if found is None else f"{path} defines nothing",
    )  # fmt: skip


# -- calls --------------------------------------------------------------------------------------------

for each in (*call_commands.COMMANDS, *claim_commands.COMMANDS, *walk_commands.COMMANDS):
    main.add_command(each)


# -- text and files -----------------------------------------------------------------------------------


@main.command()
@click.argument("pattern", callback=text)
@click.option("--regex", is_flag=True, help="PATTERN is a regular expression, in RE2's syntax.")
@click.option(
    "--path",
    "where",
    callback=tree_path,
    metavar="GLOB",
    help="Only in these files: a glob, or how a path begins.",
)
@click.option(
    "--most",
    type=click.IntRange(min=1),
    default=1000,
    show_default=True,
    metavar="N",
    help="Stop after so many lines.",
)
@as_json
@click.pass_obj
def search(session: Session, pattern: str, regex: bool, where: str | None, most: int, as_json: bool) -> int:
    """Show the lines of any file that hold PATTERN.

    Comments and documents are searched too.  Upper and lower case differ; with --regex, (?i) at the beginning
    takes them as one.  Put -- before a PATTERN that begins with a dash.

    \b
    Examples:
      xref search "slow start"
      xref search --regex 'BUG_ON\\(.*skb' --path 'net/*.c'
      xref search --path Documentation/networking -- -EINVAL
    """
    index = session.open()
    found = index.search(pattern, regex=regex, path=where, most=most + 1)
    if len(found) > most:
        console.say(f"these are the first {most:,} lines: --most gives more, --path fewer files")
    return answer(
        found[:most], as_json,
        lambda paint: show.matches(found[:most], paint),
        lambda: hints.no_match(index, pattern, regex, where),
    )  # fmt: skip


@main.command()
@click.argument("pattern", callback=tree_path)
@as_json
@click.pass_obj
def files(session: Session, pattern: str, as_json: bool) -> int:
    """Show the files whose path matches PATTERN.

    PATTERN is a part of the path, in any case, or a glob, whose * takes slashes too.

    \b
    Examples:
      xref files tcp_
      xref files 'net/*/Kconfig'
    """
    index = session.open()
    found = index.files(pattern)
    return answer(
        found, as_json, lambda paint: show.paths(found, paint), lambda: hints.no_path(index, pattern)
    )


@main.command()
@click.argument("kind", type=click.Choice(EXPORT_KINDS), metavar="KIND")
@click.pass_obj
def export(session: Session, kind: str) -> None:
    """Write all records of one KIND as JSON Lines.

    KIND is definitions, references, calls, stores, edges or includes.  One record a line, file by file, for
    other programs.

    \b
    Examples:
      xref export definitions | gzip > definitions.jsonl.gz
      xref export calls | jq -r 'select(.kind == "indirect") | .callee'
    """
    from xref.index.export import EXPORTS

    console.put_json_lines(EXPORTS[kind](session.open()))


# -- the site -----------------------------------------------------------------------------------------


def _prefix(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """A path as /xref: with a slash at its head, none at its end."""
    path = "/".join(each for each in value.split("/") if each)
    if any(each in (".", "..") for each in path.split("/")) or not re.fullmatch(r"[\w./~-]*", path, re.ASCII):
        raise click.BadParameter("is a path of letters, digits and - . _ ~, such as /xref")
    return f"/{path}" if path else ""


@main.command()
@click.option(
    "--host", default="127.0.0.1", show_default=True, metavar="HOST", help="The address to listen on."
)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, metavar="PORT",
              help="The port; 0 takes any that is free.")  # fmt: skip
@click.option("--processes", type=click.IntRange(1, 64), metavar="N",
              help="Processes that serve.  [default: one a processor, at most 4]")  # fmt: skip
@click.option("--threads", type=click.IntRange(1, 64), default=4, show_default=True, metavar="N",
              help="Requests that each process has in hand at a time.")  # fmt: skip
@click.option("--prefix", default="", metavar="PATH", callback=_prefix,
              help="The path that the site stands under behind a proxy, such as /xref.")  # fmt: skip
@click.pass_obj
def serve(session: Session, host: str, port: int, processes: int | None, threads: int, prefix: str) -> None:
    """Serve the site until Ctrl-C.

    It shows every tree of the index, and the new index once the file is replaced.  Only programs on this machine
    can reach it, unless --host says more.  Each request is a line on standard error: method, address, status, bytes
    and milliseconds.  SIGTERM and Ctrl-C let running requests end.

    \b
    Examples:
      xref serve
      xref --index kernels.db serve --port 8080
      xref serve --prefix /xref
    """
    session.open()
    from web.app import create_app
    from web.workers import most

    app = create_app(session.file)
    console.listen(
        app, host, port, str(session.file), processes=processes or most(), threads=threads, prefix=prefix
    )
