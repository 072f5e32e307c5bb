"""Each command, as a person and as a script sees it: text, JSON, what it says when there is nothing."""

from __future__ import annotations

import json
import shutil
import sys
import types
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from click.testing import Result

from xref import cli
from xref import console
from xref.index.export import EXPORTS
from xref.source.errors import SourceError
from xref.source.fetch import Fetched


def run(index: Path, *arguments: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner(env=env).invoke(cli.main, ["--index", str(index), *arguments])


def lines(index: Path, *arguments: str) -> list[str]:
    """Standard output of a command that finds something and has nothing to say besides."""
    result = run(index, *arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout.splitlines()


def records(index: Path, *arguments: str) -> Any:
    result = run(index, *arguments, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)


def complaint(index: Path, *arguments: str, status: int = 1) -> str:
    """The one line on standard error of a command that fails."""
    result = run(index, *arguments)
    assert (result.exit_code, result.stdout) == (status, "")
    assert result.stderr.startswith("xref: ")
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("xref: ").rstrip("\n")


# -- names --------------------------------------------------------------------------------------------


def test_def_puts_the_body_first(small_index: Path) -> None:
    assert lines(small_index, "def", "ring_push") == [
        "lib/ring.c:19:5: function int ring_push(struct ring *ring, int value)",
        "include/ring.h:20:12: prototype extern int ring_push(struct ring *ring, int value)",
    ]


def test_def_notes_macro_and_condition(small_index: Path) -> None:
    (made,) = lines(small_index, "def", "input")
    assert made.startswith("drivers/tty.c:5:20: variable ")
    assert made.endswith("made by DEFINE_RING]")
    (conditional,) = lines(small_index, "def", "tty_debug")
    assert conditional.endswith("  [if defined(CONFIG_TTY_DEBUG)]")


def test_def_json_has_every_field_of_the_contract(small_index: Path) -> None:
    (found,) = records(small_index, "def", "plain_push")
    assert found.items() >= {
        "name": "plain_push", "kind": "function", "file": "lib/ring.c", "line": 8, "end_line": 12,
        "static": True, "signature": "static int plain_push(struct ring *ring, int value)",
        "arch": None, "macro": None,
    }.items()  # fmt: skip


def test_def_by_kind(small_index: Path) -> None:
    assert [d["kind"] for d in records(small_index, "def", "ring_push", "--kind", "prototype")] == [
        "prototype"
    ]
    assert complaint(small_index, "def", "ring_push", "--kind", "struct") == (
        "ring_push is no struct in small: it is a function and a prototype"
    )


def test_def_puts_the_asked_architecture_first(small_index: Path) -> None:
    assert [d["arch"] for d in records(small_index, "def", "idle")] == ["i386", "ppc"]
    assert [d["arch"] for d in records(small_index, "def", "idle", "--arch", "ppc")] == ["ppc", "i386"]
    assert complaint(small_index, "def", "idle", "--arch", "vax", status=2) == (
        "small has no architecture 'vax' (it has i386, ppc): see `xref def --help`"
    )


def test_def_puts_first_what_a_file_means(small_index: Path) -> None:
    assert [d["file"] for d in records(small_index, "def", "idle", "--from", "arch/ppc/idle.c")] == [
        "arch/ppc/idle.c", "arch/i386/idle.c",
    ]  # fmt: skip
    found = records(small_index, "def", "ring_push", "--from", "./drivers/tty.c", "--kind", "prototype")
    assert [d["kind"] for d in found] == ["prototype"]
    assert "has no file no.c" in complaint(small_index, "def", "idle", "--from", "no.c", status=2)


def test_an_unknown_name_is_answered_with_near_ones(small_index: Path) -> None:
    for command in ("def", "refs", "callers", "callees"):
        assert complaint(small_index, command, "ring_psuh").startswith(
            "small has no name ring_psuh: did you mean ring_push"
        )


def test_nothing_found_is_an_empty_document(small_index: Path) -> None:
    result = run(small_index, "def", "no_such_thing_at_all", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == []
    assert result.stderr == "xref: small has no name no_such_thing_at_all\n"


def test_a_name_used_but_not_defined(small_index: Path) -> None:
    assert complaint(small_index, "def", "printk") == (
        "nothing in small defines printk: `xref refs printk` shows its 1 mention"
    )


def test_refs(small_index: Path) -> None:
    assert lines(small_index, "refs", "RING_SIZE") == [
        "include/ring.h:14:12: macro: int slots[RING_SIZE];",
        "lib/ring.c:21:20: macro in ring_push: if (ring->used >= RING_SIZE)",
    ]
    assert records(small_index, "refs", "clamp") == [
        {
            "name": "clamp",
            "kind": "call",
            "file": "lib/ring.c",
            "line": 10,
            "column": 30,
            "function": "plain_push",
        }
    ]


def test_refs_by_kind(small_index: Path) -> None:
    assert [r["line"] for r in records(small_index, "refs", "used", "--kind", "write")] == [10]
    assert complaint(small_index, "refs", "clamp", "--kind", "write") == (
        "no reference of kind write to clamp in small: it has 1 call"
    )
    assert complaint(small_index, "refs", "after").startswith("nothing in small mentions after")


def test_source_that_is_not_utf8_is_latin1(small_index: Path) -> None:
    (line,) = lines(small_index, "refs", "ring_push")
    assert line == "drivers/tty.c:13:2: call in tty_receive: ring_push(&input, value); /* André's ring */"


@pytest.mark.parametrize("file", ["lib/ring.c", "./lib/ring.c", "lib/../lib/ring.c"])
def test_outline(small_index: Path, file: str) -> None:
    names = [d["name"] for d in records(small_index, "outline", file)]
    assert names == ["clamp", "plain_push", "plain_ops", "ring_push"]
    assert lines(small_index, "outline", file)[0] == "lib/ring.c:3:12: function static int clamp(int value)"


def test_outline_takes_an_absolute_path(small_index: Path, small_tree: Path) -> None:
    assert records(small_index, "outline", str(small_tree / "arch/ppc/idle.c"))[0]["name"] == "idle"


def test_outline_of_what_is_no_file(small_index: Path) -> None:
    assert complaint(small_index, "outline", "ring.c") == "small has no file ring.c: did you mean lib/ring.c?"
    assert "did you mean lib/ring.c, " in complaint(small_index, "outline", "lib/rings.c")
    assert complaint(small_index, "outline", "lib").startswith("lib is a directory of small")
    assert complaint(small_index, "outline", "README") == "README defines nothing"


@pytest.mark.parametrize("file", ["drivers/odd\\xff.h", "drivers/odd\udcff.h"])
def test_a_file_name_that_is_not_utf8(small_index: Path, file: str) -> None:
    """Both as it is printed and as the shell completes it."""
    assert lines(small_index, "outline", file)[0].startswith("drivers/odd\\xff.h:1:9: macro ODD")
    assert records(small_index, "outline", file)[0]["file"] == "drivers/odd\\xff.h"


# -- calls --------------------------------------------------------------------------------------------


def test_callers(small_index: Path) -> None:
    assert lines(small_index, "callers", "clamp") == ["lib/ring.c:10: plain_push  direct"]
    assert lines(small_index, "callers", "plain_push") == [
        "lib/ring.c:23: ring_push  field  struct ring_ops.push  proof lib/ring.c:15"
    ]


def test_callees(small_index: Path) -> None:
    assert [edge["callee"] for edge in records(small_index, "callees", "tty_receive")] == ["ring_push"]
    assert lines(small_index, "callees", "ring_push") == [
        "lib/ring.c:23: plain_push  field  struct ring_ops.push  proof lib/ring.c:15"
    ]


def test_edges_have_every_field_of_the_contract(small_index: Path) -> None:
    (edge,) = records(small_index, "callees", "ring_push")
    assert edge.keys() >= {
        "caller", "callee", "file", "line", "kind", "via", "evidence", "confidence", "caller_def", "callee_def",
        "chain", "only_after", "condition",
    }  # fmt: skip
    assert (edge["kind"], edge["confidence"], edge["caller"]) == ("field", "typed", "ring_push")


def test_why_there_are_no_calls(small_index: Path) -> None:
    assert complaint(small_index, "callers", "after") == "nothing in small calls after, or mentions it"
    assert complaint(small_index, "callees", "clamp") == "clamp calls nothing"
    assert complaint(small_index, "callees", "ring") == "ring is a struct: only functions and macros call"
    assert complaint(small_index, "callees", "printk").startswith("nothing in small defines printk")


# -- paths --------------------------------------------------------------------------------------------


def test_path(minikernel_index: Path) -> None:
    shown = lines(minikernel_index, "path", "sys_sendto", "tcp_transmit_skb", "--context", "tcp4")
    assert [line.split()[0] for line in shown][:5] == [
        "sys_sendto", "sock_sendmsg", "__sock_sendmsg", "inet_sendmsg", "tcp_sendmsg"
    ]  # fmt: skip
    assert "struct proto.sendmsg  proof net/ipv4/tcp_ipv4.c:" in shown[4]
    (found,) = records(minikernel_index, "path", "sys_sendto", "tcp_transmit_skb", "--context", "tcp4")
    assert [edge["callee"] for edge in found] == [line.split()[0] for line in shown[1:]]


@pytest.mark.parametrize("form", ["dot", "mermaid"])
def test_path_as_a_drawing(minikernel_index: Path, form: str) -> None:
    shown = lines(minikernel_index, "path", "inet_sendmsg", "tcp_sendmsg", "--format", form)
    assert shown[0] == {"dot": "digraph calls {", "mermaid": "flowchart TD"}[form]
    assert any("inet_sendmsg" in line and "tcp_sendmsg" in line for line in shown)


@pytest.mark.parametrize(("call", "through"), [("sendto", "sys_socketcall"), ("write", "vfs_write")])
def test_chain_to_a_function(minikernel_index: Path, call: str, through: str) -> None:
    shown = [line.split()[0] for line in lines(minikernel_index, "chain", call, "--context", "tcp4", "--to", "loopback_xmit")]
    assert shown[0] == "system_call"
    assert {through, "tcp_sendmsg", "ip_queue_xmit", "dst_output", "dev_queue_xmit"} <= set(shown)
    assert shown[-1] == "loopback_xmit"


def test_chain_as_a_tree(minikernel_index: Path) -> None:
    shown = lines(minikernel_index, "chain", "read", "--context", "ext3-file", "--depth", "5")
    assert "sys_read" in shown[0]
    assert any("do_sync_read" in line for line in shown)
    assert not any("sock_aio_read" in line for line in shown), "the context says it is no socket"


def test_reaches(minikernel_index: Path) -> None:
    found = records(minikernel_index, "reaches", "tcp_transmit_skb")
    calls = {each["syscall"]: each for each in found}
    assert found == sorted(found, key=lambda each: (each["deferred"], len(each["path"]), each["syscall"]))
    assert {"sys_write", "sys_sendto", "sys_sendmsg"} <= calls.keys()
    assert not calls["sys_sendto"]["deferred"]
    assert calls["sys_sendto"]["path"][-1]["callee"] == "tcp_transmit_skb"


def test_contexts(minikernel_index: Path, tmp_path: Path) -> None:
    shown = "\n".join(lines(minikernel_index, "contexts"))
    assert "struct proto = tcp_prot  inetsw_array ties it to the type and protocol" in shown
    own = tmp_path / "own.json"
    own.write_text(json.dumps({"mine": {"title": "mine", "bind": {"proto": ["raw_prot", "because"]}}}))
    given = records(minikernel_index, "contexts", "--contexts-file", str(own))
    assert "mine" in [each["name"] for each in given]
    # what it is about is not there
    assert "ext4-file" not in [each["name"] for each in given]
    held = {each["member"] for each in next(each for each in given if each["name"] == "tcp4")["held"]}
    assert "sock.sk_backlog_rcv" in held


def test_a_path_that_is_not_there(minikernel_index: Path) -> None:
    assert "no call path from udp_sendmsg to tcp_sendmsg" in complaint(minikernel_index, "path", "udp_sendmsg", "tcp_sendmsg")
    assert "has no name tcp_sendmsgg" in complaint(minikernel_index, "path", "udp_sendmsg", "tcp_sendmsgg")


# -- text and files -----------------------------------------------------------------------------------


def test_search(small_index: Path) -> None:
    assert lines(small_index, "search", "own operations") == [
        "lib/ring.c:18:37: /* Push a value: through the ring's own operations. */"
    ]
    assert records(small_index, "search", "who fills") == [
        {"file": "README", "line": 1, "column": 20, "text": "A ring buffer, and who fills it."}
    ]


def test_search_by_expression_and_path(small_index: Path) -> None:
    found = records(small_index, "search", "--regex", r"int \w+_push\(", "--path", "*.h")
    assert [(match["file"], match["line"]) for match in found] == [("include/ring.h", 20)]
    assert complaint(small_index, "search", "ring_push", "--path", "arch/") == (
        "no line in the files of small under 'arch/' has 'ring_push', upper and lower case as given"
    )
    assert complaint(small_index, "search", "--regex", "z{9}") == "no line in small matches 'z{9}'"


def test_search_says_when_it_stops(small_index: Path) -> None:
    result = run(small_index, "search", "ring", "--most", "2")
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 2)
    assert result.stderr == "xref: these are the first 2 lines: --most gives more, --path fewer files\n"
    assert run(small_index, "search", "who fills", "--most", "1").stderr == ""


def test_search_for_what_begins_with_a_dash(small_index: Path) -> None:
    assert lines(small_index, "search", "--", "-1") == ["lib/ring.c:22:10: \t\treturn -1;"]


def test_files(small_index: Path) -> None:
    assert lines(small_index, "files", "RING") == ["include/ring.h", "lib/ring.c"]
    assert records(small_index, "files", "arch/*.c") == ["arch/i386/idle.c", "arch/ppc/idle.c"]
    assert complaint(small_index, "files", "zzz").startswith("no path in small matches 'zzz'")


@pytest.mark.parametrize("kind", cli.EXPORT_KINDS)
def test_export(small_index: Path, kind: str) -> None:
    found = [json.loads(line) for line in lines(small_index, "export", kind)]
    assert all(isinstance(record["file"], str) and record["line"] for record in found)
    assert {record["file"] for record in found} >= ({"lib/ring.c"} if kind == "stores" else {"drivers/tty.c"})


def test_export_knows_every_kind() -> None:
    """The names are written twice, because importing the exports takes numpy."""
    assert set(cli.EXPORT_KINDS) == set(EXPORTS)


def test_on_the_minikernel(minikernel_index: Path) -> None:
    """The commands hold together on a tree in the shape of a kernel."""
    assert records(minikernel_index, "def", "tcp_sendmsg")[0]["file"] == "net/ipv4/tcp.c"
    assert "tcp_v4_rcv" in {d["name"] for d in records(minikernel_index, "outline", "net/ipv4/tcp_ipv4.c")}
    assert "__sock_sendmsg" in "".join(lines(minikernel_index, "callers", "inet_sendmsg"))
    (info,) = records(minikernel_index, "status")
    assert (info["name"], info["arch"]) == ("minikernel", "i386")


# -- trees --------------------------------------------------------------------------------------------


def test_status(small_index: Path) -> None:
    shown = dict(line.split(None, 1) for line in lines(small_index, "status"))
    assert shown["tree"] == "small"
    assert shown["arch"] == "i386"
    assert shown["files"].startswith("8 (68 lines, ")
    assert shown["parsed"] == "7 files of C and assembler, 85.7 % without a problem"
    (info,) = records(small_index, "status")
    assert (info["files"], info["problem_files"], info["skipped"]) == (8, 1, 1)


def test_status_lists_problems(small_index: Path) -> None:
    first, second = lines(small_index, "status", "--problems")
    assert first.startswith("drivers/broken.c:2: ")
    assert second == "lib/link.c: symbolic link to lib/ring.c"
    assert [problem["file"] for problem in records(small_index, "status", "--problems")] == [
        "drivers/broken.c", "lib/link.c"
    ]  # fmt: skip


def test_index_then_nothing_changed_then_one_file(small_tree: Path, tmp_path: Path) -> None:
    tree, index = tmp_path / "tree", tmp_path / "x.db"
    shutil.copytree(small_tree, tree, symlinks=True)
    first = run(index, "index", str(tree), "--jobs", "1", "--name", "mine")
    assert (first.exit_code, first.stderr) == (0, "")
    assert first.stdout.startswith(
        "mine: 8 files, 8 read, 1 left out, 1 with problems (xref status --problems); "
    )
    assert first.stdout.endswith(f" kB in {index}\n")
    assert "none has changed" in run(index, "--tree", "mine", "index", str(tree), "--jobs", "1").stdout
    (tree / "lib/new.c").write_text("int fresh;\n")
    assert run(index, "index", str(tree), "--name", "mine").stdout.startswith("mine: 9 files, 1 read, ")
    assert lines(index, "def", "fresh") == ["lib/new.c:1:5: variable int fresh"]
    assert run(index, "status", "--problems").exit_code == 0


def test_several_trees(small_tree: Path, tmp_path: Path) -> None:
    index, other = tmp_path / "x.db", tmp_path / "other"
    other.mkdir()
    (other / "o.c").write_text("int clamp;\n")
    for tree in (other, small_tree):
        assert run(index, "index", str(tree), "--jobs", "1").exit_code == 0
    assert [info["name"] for info in records(index, "status")] == ["small", "other"]
    assert [info["name"] for info in records(index, "--tree", "other", "status")] == ["other"]
    assert records(index, "def", "clamp")[0]["kind"] == "function"
    assert records(index, "--tree", "other", "def", "clamp")[0]["kind"] == "variable"
    clean = run(index, "--tree", "other", "status", "--problems")
    assert (clean.exit_code, clean.stdout) == (0, "")
    assert clean.stderr == "xref: every file of other was parsed in full\n"


def test_fetch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[Any] = []

    def fake(version: str, into: Path, **options: Any) -> Fetched:
        asked.append((version, into, options["mirror"], options["archive"]))
        options["progress"](1, None, "download")
        return Fetched(into / "linux-1", into / "linux-1.tar", "00", False, ("it was not checked",))

    monkeypatch.setattr("xref.source.fetch.fetch", fake)
    result = run(
        tmp_path, "fetch", "1", "--into", str(tmp_path), "--mirror", "http://m/", "--archive", "a.tar"
    )
    assert asked == [("1", tmp_path, "http://m/", Path("a.tar"))]
    assert (result.exit_code, result.stdout) == (0, f"{tmp_path / 'linux-1'}\n")
    assert result.stderr == "xref: it was not checked\n"


def test_fetch_that_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fake(*_: Any, **__: Any) -> Fetched:
        raise SourceError("no such release: look at the version")

    monkeypatch.setattr("xref.source.fetch.fetch", fake)
    assert complaint(tmp_path, "fetch", "9", status=2) == "no such release: look at the version"


# -- the site -----------------------------------------------------------------------------------------


class _Server:
    """In the place of the site's server: says where it would listen, and ends at once."""

    ran = 0

    def __init__(
        self, app: object, host: str, port: int, *, processes: int, threads: int, prefix: str
    ) -> None:
        self.addresses = [(host, port)]
        self.given = (app, processes, threads, prefix)

    def run(self) -> None:
        type(self).ran += 1


def _served(monkeypatch: pytest.MonkeyPatch, index: Path, *arguments: str) -> Result:
    site = types.ModuleType("web.app")
    site.create_app = lambda path: f"the site of {path}"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "web.app", site)
    monkeypatch.setattr("web.serving.service", _Server)
    return run(index, "serve", *arguments)


def test_serve(monkeypatch: pytest.MonkeyPatch, small_index: Path) -> None:
    before = _Server.ran
    result = _served(monkeypatch, small_index, "--port", "8123", "--prefix", "xref/")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"{small_index} is at http://127.0.0.1:8123/xref/ (Ctrl-C stops)\n"
    assert _Server.ran == before + 1


@pytest.mark.parametrize(("host", "url"), [("0.0.0.0", "http://0.0.0.0:8000/"), ("::", "http://[::]:8000/")])  # noqa: S104
def test_serve_says_that_others_can_reach_it(
    monkeypatch: pytest.MonkeyPatch, small_index: Path, host: str, url: str
) -> None:
    result = _served(monkeypatch, small_index, "--host", host)
    assert url in result.stdout
    who, how = result.stderr.splitlines()
    assert who == f"xref: {host} lets other machines in: whoever reaches this port can read every indexed file"
    assert "no password and no TLS" in how


def test_serve_where_it_cannot(monkeypatch: pytest.MonkeyPatch, small_index: Path, tmp_path: Path) -> None:
    def create(*_: object, **__: object) -> _Server:
        raise OSError(98, "Address already in use")

    _served(monkeypatch, small_index)
    monkeypatch.setattr("web.serving.service", create)
    assert complaint(small_index, "serve", status=2) == (
        "cannot listen on 127.0.0.1 port 8000 (Address already in use): choose another --host or --port"
    )
    assert complaint(tmp_path / "none.db", "serve", status=2).startswith("there is no index at ")


# -- the whole ----------------------------------------------------------------------------------------


def test_version() -> None:
    result = CliRunner().invoke(cli.main, ["--version"])
    assert result.exit_code == 0
    assert result.stdout.startswith("xref 0.")


def test_no_command_shows_the_help() -> None:
    result = CliRunner().invoke(cli.main, [])
    assert (result.exit_code, result.stdout) == (console.WRONG, "")
    assert result.stderr.startswith("Usage: xref ")


def test_the_index_comes_from_the_environment(small_index: Path, tmp_path: Path) -> None:
    env = {"XREF_INDEX": str(small_index)}
    assert CliRunner(env=env).invoke(cli.main, ["files", "README"]).stdout == "README\n"
    missing = CliRunner(env=env).invoke(cli.main, ["--index", str(tmp_path / "x.db"), "files", "README"])
    assert missing.exit_code == 2
    default = CliRunner(env={"XREF_INDEX": ""}).invoke(cli.main, ["--index", "", "status"])
    assert default.exit_code == 2


def test_completion(small_index: Path) -> None:
    env = {
        "_XREF_COMPLETE": "bash_complete",
        "COMP_WORDS": f"xref --index {small_index} def rin",
        "COMP_CWORD": "4",
    }
    result = CliRunner(env=env).invoke(cli.main)
    assert result.stdout.splitlines() == ["plain,ring", "plain,ring_ops", "plain,ring_push"]
    env["COMP_WORDS"] = "xref --index /nonexistent def rin"
    assert CliRunner(env=env).invoke(cli.main).stdout.strip() == ""


@pytest.mark.parametrize("name", list(cli.main.commands))
def test_queries_have_json(name: str) -> None:
    command = cli.main.commands[name]
    options = {each for param in command.params if isinstance(param, click.Option) for each in param.opts}
    assert ("--json" in options) == (name not in ("fetch", "index", "export", "serve"))
