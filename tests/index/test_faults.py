"""What goes wrong around an index: killed runs, full disks, damaged files, hostile trees, workers that die."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path

import pytest

from xref.index import build
from xref.index.build import index_tree
from xref.index.errors import IndexFileError
from xref.index.query import Index
from xref.source.errors import SourceError

_ROOT = Path(__file__).parents[2]
_read_chunk = build.worker.read_chunk


def _cpu() -> float:
    """Seconds of processor that this process and its ended children have had: what others do does not count."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def one_line(error: BaseException) -> str:
    text = str(error)
    assert text
    assert "\n" not in text
    assert "Traceback" not in text
    return text


def many_files(root: Path, count: int, salt: str = "") -> None:
    for number in range(count):
        file = root / f"d{number % 7}" / f"f{number}.c"
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = "".join(f"\tx += f{(number + step) % count}(x); /* {salt} */\n" for step in range(40))
        # A change of salt is a change of what the macros teach, too.
        file.write_text(f"#define SALT_{salt}\nint f{number}(int x)\n{{\n{lines}\treturn x;\n}}\n")


def _humble() -> list[str]:
    """What runs a command without root's leave to read and write everything; skips where there is no way."""
    if os.geteuid():
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("needs setpriv, being root")
    return [setpriv, "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"]


def run(code: str, *arguments: object, before: Sequence[str] = (), **options: object) -> subprocess.Popen[str]:
    """Python in a process of its own, with pipes; the code finds `index`, `root` and the other arguments."""
    head = """\
        import os, resource, sys
        from pathlib import Path
        from xref.index.build import index_tree
        if __name__ == "__main__":
            index, root, *more = map(Path, sys.argv[1:])
    """
    script = textwrap.dedent(head) + textwrap.indent(textwrap.dedent(code), "    ")
    environment = {**os.environ, "PYTHONPATH": str(_ROOT), "PYTHONWARNINGS": "error"}
    return subprocess.Popen(
        [*before, sys.executable, "-c", script, *map(str, arguments)], text=True, env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, **options,  # type: ignore[call-overload]
    )


_SPEAKING = """
    def told(done, total, phase):
        print(phase, flush=True)
        sys.stdin.readline()
    index_tree(index, root, jobs=1, progress=told)
    print("done", flush=True)
"""


class Speaking:
    """A run that says its phase at each step, and goes on when it is told to."""

    def __init__(self, index: Path, root: Path) -> None:
        self.process = run(_SPEAKING, index, root, stdin=subprocess.PIPE)
        # Whatever goes wrong, nobody waits for it for ever.
        self._watchdog = threading.Timer(60, self.kill)
        self._watchdog.start()

    def step(self) -> str:
        """The next phase it reaches, `done` at the end."""
        phase = self.process.stdout.readline().strip()
        assert phase, self.process.stderr.read()
        return phase

    def go_on(self) -> None:
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def until(self, phase: str, count: int = 1) -> None:
        """Let it run until it reaches a phase for this time, and hold it there."""
        while True:
            reached = self.step()
            count -= reached == phase
            if not count:
                return
            assert reached != "done", f"it ended before {phase}"
            self.go_on()

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def close(self) -> None:
        self._watchdog.cancel()
        self.kill()
        self.process.communicate()


@contextlib.contextmanager
def speaking(index: Path, root: Path) -> Iterator[Speaking]:
    said = Speaking(index, root)
    try:
        yield said
    finally:
        said.close()


def leftovers(index: Path) -> list[str]:
    """What lies beside an index and is neither it nor its lock."""
    return sorted(file.name for file in index.parent.glob(index.name + "*")
                  if file.name not in (index.name, index.name + ".lock"))


# -- killed ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def old_and_new(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An index of a tree as it was, and one of the tree as it is: 12 files, and 60."""
    place = tmp_path_factory.mktemp("ages")
    for age, count in (("old", 12), ("new", 60)):
        many_files(place / age / "t", count, age)
        index_tree(place / f"{age}.db", place / age / "t", jobs=1)
    return place / "old.db", place / "new.db"


@pytest.mark.parametrize("moment", range(10))
def test_killed_in_the_middle_of_an_update(moment, old_and_new, tmp_path, facts):
    root, index = tmp_path / "t", tmp_path / "t.db"
    many_files(root, 60, "new")
    shutil.copy(old_and_new[0], index)
    before, stamp = facts(index), index.stat()
    # `hash` is told once a file; learn, parse and write follow
    phase, count = [("hash", 1), ("hash", 30), ("hash", 60), ("learn", 1), ("parse", 1), ("write", 1), ("write", 2),
                    ("write", 3), ("write", 4), ("write", 5)][moment]  # fmt: skip
    with speaking(index, root) as said:
        said.until(phase, count)
        said.kill()
        said.process.wait()
    assert (index.stat().st_ino, index.stat().st_mtime_ns) == (stamp.st_ino, stamp.st_mtime_ns)
    assert facts(index) == before, "what was there is there still"
    report = index_tree(index, root, jobs=1)
    assert report.files == 60
    assert leftovers(index) == []
    assert facts(index) == facts(old_and_new[1])


@pytest.mark.parametrize("delay", [0.3, 0.9, 1.5, 2.1])
def test_killed_at_any_moment_of_the_first_run(delay, tmp_path):
    root, index = tmp_path / "t", tmp_path / "t.db"
    many_files(root, 150)
    process = run("index_tree(index, root, jobs=2)", index, root)
    time.sleep(delay)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    if index.exists():
        assert Index(index).info().files == 150
    else:
        with pytest.raises(IndexFileError, match="there is no index"):
            Index(index)
    assert index_tree(index, root, jobs=1).files == 150
    assert Index(index).info().files == 150
    assert leftovers(index) == []


def test_interrupted_leaves_the_index_as_it_was(tmp_path, facts):
    root, index = tmp_path / "t", tmp_path / "t.db"
    many_files(root, 12, "old")
    index_tree(index, root, jobs=1)
    before = facts(index)
    many_files(root, 60, "new")
    for phase in ("hash", "learn", "parse", "write"):

        def interrupt(_done: int, _total: int, now: str, phase: str = phase) -> None:
            if now == phase:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            index_tree(index, root, jobs=1, progress=interrupt)
        assert facts(index) == before
        assert leftovers(index) == []


def test_no_worker_outlives_a_run(tmp_path):
    root = tmp_path / "t"
    many_files(root, 40)
    with speaking(tmp_path / "t.db", root) as said:
        said.until("parse")
        said.process.kill()
        said.process.wait()
        deadline = time.monotonic() + 20
        while _group(said.process.pid) and time.monotonic() < deadline:
            time.sleep(0.1)
        left = _group(said.process.pid)
    assert left == []


def _group(group: int) -> list[str]:
    """The command lines of the living processes of a process group."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError):
                state = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(state[2]) == group and state[0] != "Z":
                    found.append((entry / "cmdline").read_text().replace("\0", " ")[:80])
    return found


# -- two at once ----------------------------------------------------------------------------------------


def test_two_runs_at_once(tmp_path, facts):
    root, index = tmp_path / "t", tmp_path / "t.db"
    many_files(root, 12)
    with speaking(index, root) as said:
        assert said.step() == "hash"
        with pytest.raises(IndexFileError, match="another") as caught:
            index_tree(index, root, jobs=1)
        one_line(caught.value)
        assert not index.exists()
        index_tree(tmp_path / "other.db", root, jobs=1)
        said.go_on()
        said.until("done")
    assert facts(index) == facts(tmp_path / "other.db")


def test_a_reader_goes_on_while_the_index_is_replaced(tmp_path, facts):
    root, index = tmp_path / "t", tmp_path / "t.db"
    many_files(root, 12, "old")
    index_tree(index, root, jobs=1)
    reader = Index(index)
    assert len(reader.search("/* old")) == 480
    many_files(root, 12, "new")
    index_tree(index, root, jobs=1)
    assert len(reader.callers("f3")) == 480 // 12
    assert len(reader.search("/* old")) == 480
    assert reader.search("/* new") == []
    assert "f0" in [d.name for d in reader.outline("d0/f0.c")]
    assert len(Index(index).search("/* new")) == 480


# -- no room, no permission -----------------------------------------------------------------------------


_LIMITED = """
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(str(more[0])),) * 2)
    import signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        index_tree(index, root, jobs=1)
    except Exception as error:
        print(type(error).__name__, error, sep=": ", flush=True)
"""


@pytest.mark.parametrize("room", [0, 4_096, 30_000, 200_000])
def test_no_room_left(room, tmp_path, facts):
    root, index = tmp_path / "t", tmp_path / "t.db"
    many_files(root, 12, "old")
    index_tree(index, root, jobs=1)
    before = facts(index)
    many_files(root, 200, "new")
    process = run(_LIMITED, index, root, room)
    output, errors = process.communicate(timeout=60)
    assert errors == ""
    assert output.startswith("IndexFileError: "), output
    assert output.count("\n") == 1, output
    assert str(index) in output
    assert "the old index is untouched" in output
    assert facts(index) == before
    assert leftovers(index) == []
    index_tree(index, root, jobs=1)
    assert Index(index).info().files == 200


def _mounted(place: Path, size: str) -> bool:
    place.mkdir()
    mount = shutil.which("mount")
    return os.geteuid() == 0 and mount is not None and not subprocess.run(
        [mount, "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], check=False, capture_output=True
    ).returncode


def test_a_full_disk(tmp_path, facts):
    disk, root = tmp_path / "disk", tmp_path / "t"
    if not _mounted(disk, "400k"):
        pytest.skip("needs to mount a tmpfs")
    try:
        index = disk / "t.db"
        many_files(root, 5, "old")
        index_tree(index, root, jobs=1)
        before = facts(index)
        many_files(root, 400, "new")
        with pytest.raises(IndexFileError, match="no room left") as caught:
            index_tree(index, root, jobs=1)
        assert str(index) in one_line(caught.value)
        assert facts(index) == before
        assert leftovers(index) == []
    finally:
        subprocess.run(["/bin/umount", str(disk)], check=True)


def test_no_permission_to_write_there(tmp_path):
    root = tmp_path / "t"
    many_files(root, 2)
    for place in (Path("/proc/t.db"), tmp_path / "nowhere" / "t.db", root / "d0" / "f0.c" / "t.db"):
        with pytest.raises(IndexFileError) as caught:
            index_tree(place, root, jobs=1)
        assert str(place) in one_line(caught.value)


def test_a_read_only_directory(tmp_path):
    root, closed = tmp_path / "t", tmp_path / "closed"
    many_files(root, 2)
    closed.mkdir(0o555)
    code = """
        try:
            index_tree(index, root, jobs=1)
        except Exception as error:
            print(type(error).__name__, error, sep=": ", flush=True)
    """
    output, errors = run(code, closed / "t.db", root, before=_humble()).communicate(timeout=60)
    assert (output.split(":")[0], errors) == ("IndexFileError", "")
    assert "Permission denied" in output
    assert str(closed / "t.db") in output


# -- files that are no index ----------------------------------------------------------------------------


def _not_sqlite(place: Path, _good: Path) -> None:
    place.write_bytes(b"This is a text, and not an index at all.\n" * 500)


def _empty(place: Path, _good: Path) -> None:
    place.touch()


def _directory(place: Path, _good: Path) -> None:
    place.mkdir()


def _other_sqlite(place: Path, _good: Path) -> None:
    with contextlib.closing(sqlite3.connect(place)) as db:
        db.execute("CREATE TABLE trees (id INTEGER, name TEXT)")
        db.commit()


def _version(place: Path, good: Path) -> None:
    shutil.copy(good, place)
    with contextlib.closing(sqlite3.connect(place)) as db:
        db.execute("PRAGMA user_version=999")


def _cut(place: Path, good: Path) -> None:
    data = good.read_bytes()
    place.write_bytes(data[: len(data) // 2])


def _cut_to_a_page(place: Path, good: Path) -> None:
    place.write_bytes(good.read_bytes()[:8192])


def _header_alone(place: Path, good: Path) -> None:
    place.write_bytes(good.read_bytes()[:100])


def _no_tables(place: Path, _good: Path) -> None:
    with contextlib.closing(sqlite3.connect(place)) as db:
        db.execute(f"PRAGMA application_id={0x78726566}")
        db.execute("CREATE TABLE other (x)")
        db.commit()


def _dangling(place: Path, _good: Path) -> None:
    place.symlink_to("nowhere-at-all")


_DAMAGE = [_not_sqlite, _empty, _directory, _other_sqlite, _version, _cut, _cut_to_a_page, _header_alone, _no_tables]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    place = tmp_path_factory.mktemp("good")
    many_files(place / "t", 30)
    index_tree(place / "t.db", place / "t", jobs=1)
    return place / "t.db", place / "t"


@pytest.mark.parametrize("damage", _DAMAGE, ids=lambda damage: damage.__name__.strip("_"))
def test_what_is_no_index_is_said_to_be_none(damage, good, tmp_path):
    place = tmp_path / "x.db"
    damage(place, good[0])
    with pytest.raises(IndexFileError) as caught:
        Index(place)
    assert str(place) in one_line(caught.value)
    with pytest.raises(IndexFileError) as caught:
        index_tree(place, good[1], jobs=1)
    assert str(place) in one_line(caught.value)
    assert place.exists(), "what is not ours is not overwritten"


def test_a_link_that_leads_nowhere(good, tmp_path):
    place = tmp_path / "x.db"
    _dangling(place, good[0])
    with pytest.raises(IndexFileError, match="there is no index"):
        Index(place)


def test_an_index_behind_a_link_stays_behind_it(good, tmp_path):
    """The name is a link that someone made on purpose: the file it leads to is replaced, not the link."""
    real = tmp_path / "disk" / "real.db"
    real.parent.mkdir()
    shutil.copy(good[0], real)
    link = tmp_path / "link.db"
    link.symlink_to(real)
    root = tmp_path / "other"
    many_files(root, 3)
    index_tree(link, root, jobs=1)
    assert Index(link).trees() == ["other", "t"]
    assert link.is_symlink()
    assert Index(real).trees() == ["other", "t"]


@pytest.mark.parametrize("where", [0.2, 0.5, 0.8])
def test_a_damaged_page_costs_one_line(where, good, tmp_path):
    """Bytes changed in the middle of the file: a query may fail, but with our error and one line."""
    place = tmp_path / "x.db"
    data = bytearray(good[0].read_bytes())
    at = int(len(data) * where)
    data[at : at + 8192] = b"\xa5" * 8192
    place.write_bytes(data)
    try:
        index = Index(place)
        for path in index.files():
            index.outline(path)
        for name in ("f1", "f2", "x"):
            index.references(name)
            index.callees(name)
        index.search("return")
    except IndexFileError as error:
        assert str(place) in one_line(error)


def test_an_unknown_tree_is_named_with_those_there_are(good):
    with pytest.raises(IndexFileError, match=r"has no tree 'nope'.*t") as caught:
        Index(good[0], "nope")
    one_line(caught.value)


# -- roots that are no tree -----------------------------------------------------------------------------


def test_roots_that_are_no_tree(tmp_path):
    file = tmp_path / "file"
    file.write_text("x")
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    for root in (tmp_path / "nowhere", file, loop, Path("/dev/null"), tmp_path / "file" / "below"):
        with pytest.raises((SourceError, IndexFileError)) as caught:
            index_tree(tmp_path / "x.db", root, jobs=1)
        assert str(root) in one_line(caught.value)
        assert not (tmp_path / "x.db").exists()


def test_a_root_that_has_gone_away_leaves_the_index(tmp_path, facts):
    root, index = tmp_path / "t", tmp_path / "t.db"
    many_files(root, 3)
    index_tree(index, root, jobs=1)
    before = facts(index)
    shutil.rmtree(root)
    with pytest.raises(SourceError):
        index_tree(index, root, jobs=1)
    assert facts(index) == before


@pytest.mark.parametrize("name", ["", "a/b", ".", ".."])
def test_names_that_cannot_name_a_tree(name, tmp_path):
    root = tmp_path / "t"
    many_files(root, 1)
    if name == "":
        assert index_tree(tmp_path / "x.db", root, name=name, jobs=1).tree == "t"
        return
    with pytest.raises(IndexFileError) as caught:
        index_tree(tmp_path / "x.db", root, name=name, jobs=1)
    one_line(caught.value)


def test_a_file_that_goes_while_the_tree_is_read(tmp_path):
    root, index = tmp_path / "t", tmp_path / "t.db"
    many_files(root, 6)
    victim = root / "d1" / "f1.c"

    def remove(_done: int, _total: int, phase: str) -> None:
        if phase == "hash":
            victim.unlink(missing_ok=True)

    report = index_tree(index, root, jobs=1, progress=remove)
    index_of = Index(index)
    assert report.files - report.skipped == 5 or report.files == 5
    assert "d1/f1.c" not in index_of.files()
    assert index_of.info().files == 5


def test_a_file_that_changes_while_the_tree_is_read(tmp_path, facts):
    """Hashed with one content and read with another: the next run puts it right."""
    root, index = tmp_path / "t", tmp_path / "t.db"
    many_files(root, 6)
    victim = root / "d1" / "f1.c"
    done = []

    def change(_done: int, _total: int, phase: str) -> None:
        if phase == "learn" and not done:
            done.append(True)
            victim.write_text("int changed(void) { return 1; }\n")

    index_tree(index, root, jobs=1, progress=change)
    assert done
    index_tree(index, root, jobs=1)
    fresh = tmp_path / "fresh.db"
    index_tree(fresh, root, jobs=1)
    assert facts(index) == facts(fresh)


# -- hostile trees --------------------------------------------------------------------------------------


def test_a_tree_of_oddities(tmp_path):
    root, index = tmp_path / "t", tmp_path / "t.db"
    root.mkdir()
    outside = tmp_path / "outside.c"
    outside.write_text("int outside(void);\n")
    (root / "good.c").write_text("int good(void) { return 1; }\n")
    (root / "nul.c").write_bytes(b"int nul(void) { return 1; }\n\0\0\0int after_nul(void);\n")
    (root / "nuls.c").write_bytes(b"\0" * 70_000)
    (root / "latin.c").write_bytes(b"/* Andr\xe9 */ int latin\xe9(void) { return 1; }\nint after(void) { return 2; }\n")
    (root / "utf16.c").write_bytes("int wide(void);\n".encode("utf-16"))
    (root / "bom.c").write_bytes(b"\xef\xbb\xbfint bom(void) { return 1; }\n")
    (root / "mac.c").write_bytes(b"int mac(void)\r{ return 1; }\rint mac2(void);\r")
    (root / "empty.c").touch()
    (root / "newline.c").write_bytes(b"\n")
    (root / "no-end.c").write_bytes(b"int open(void) { if (1) { /* no end")
    (root / "quote.c").write_bytes(b'char *s = "never closed\nint f(void) { return 1; }\n')
    (root / "backslash.c").write_bytes(b"#define X \\")
    (root / "hash.c").write_bytes(b"#")
    (root / "noise.c").write_bytes(bytes(range(256)) * 40)
    (root / os.fsdecode(b"odd\xff\n name.c")).write_text("int odd(void) { return 1; }\n")
    (root / "dir.c").mkdir()
    (root / "loop").symlink_to(".")
    (root / "out.c").symlink_to(outside)
    (root / "dangling.c").symlink_to("nothing.c")
    os.mkfifo(root / "pipe.c")
    report = index_tree(index, root, jobs=1)
    told = Index(index)
    assert told.info().files == report.files == 15
    skipped = {p.file: p.reason for p in told.problems() if p.line == 0}
    assert sorted(skipped) == ["dangling.c", "loop", "out.c", "pipe.c"]
    assert "FIFO" in skipped["pipe.c"]
    assert "out of the tree" in skipped["out.c"]
    for name in ("good", "nul", "bom", "after", "odd"):
        assert [d.name for d in told.definitions(name)] == [name]
    assert told.definitions("outside") == []
    assert told.search("outside") == []
    odd = told.definitions("odd")[0].file
    assert odd in told.files()
    assert told.source(odd) == b"int odd(void) { return 1; }\n"
    assert "\n" not in odd
    assert odd.encode()
    assert index_tree(index, root, jobs=1).changed is False


def test_an_unreadable_file(tmp_path):
    root, index = tmp_path / "t", tmp_path / "t.db"
    many_files(root, 4)
    (root / "d1" / "f1.c").chmod(0)
    (root / "d2").chmod(0)
    output = run("index_tree(index, root, jobs=1)", index, root, before=_humble()).communicate(timeout=60)
    (root / "d2").chmod(0o755)
    assert output == ("", "")
    assert {p.file: p.reason for p in Index(index).problems()} == {
        "d1/f1.c": "not readable: Permission denied",
        "d2": "directory not readable: Permission denied",
    }
    assert Index(index).info().files == 2


@pytest.mark.parametrize("kind", [".c", ".S"])
def test_a_line_of_fifty_megabytes(kind, tmp_path):
    root, index = tmp_path / "t", tmp_path / "t.db"
    root.mkdir()
    (root / f"long{kind}").write_bytes(b"int x; " * 7_500_000)
    (root / "good.c").write_text("int good(void) { return 1; }\n")
    start = _cpu()
    index_tree(index, root, jobs=2)
    assert _cpu() - start < 20
    told = Index(index)
    assert [d.file for d in told.definitions("good")] == ["good.c"]
    assert told.files() == ["good.c", f"long{kind}"]
    matches = told.search("int x;")
    assert [(m.file, m.line, m.column) for m in matches] == [(f"long{kind}", 1, 1)]
    assert len(matches[0].text) < 100_000, "a line that long is shown in part"


def test_a_file_of_three_hundred_thousand_lines(tmp_path):
    root, index = tmp_path / "t", tmp_path / "t.db"
    root.mkdir()
    lines = [f"#define REGISTER_{number}_MASK 0x{number:08x}\n" for number in range(150_000)]
    lines += [f"int r{number}(void) {{ return REGISTER_{number}_MASK; }}\n" for number in range(150_000)]
    (root / "registers.h").write_text("".join(lines))
    start = _cpu()
    report = index_tree(index, root, jobs=1)
    assert _cpu() - start < 60
    assert report.problems == 0
    told = Index(index)
    assert told.info().definitions == 300_000
    assert [(d.line, d.end_line) for d in told.definitions("r149999")] == [(300_000, 300_000)]
    assert [(r.line, r.function) for r in told.references("REGISTER_7_MASK")] == [(150_008, "r7")]


_DEEP = {
    "braces": "int f(void) " + "{" * 20_000 + "}" * 20_000,
    "parentheses": "int f(void) { return " + "(" * 20_000 + "1" + ")" * 20_000 + "; }",
    "open braces": "int a = " + "{" * 20_000,
    "ifs": "int f(void) " + "{ if (x) " * 20_000,
    "open conditions": "#if A\n" * 20_000,
    "conditions": "#if A\n" * 5_000 + "int x;\n" + "#endif\n" * 5_000,
    "elifs": "#if A\n" + "#elif B\nint x;\n" * 5_000 + "#endif\n",
    "macros": "#define A A A A\n" * 20_000,
    "stars": "*" * 50_000,
    "calls": "a(" * 20_000,
    "subscripts": "a[" * 20_000 + "]" * 20_000,
    "structs": "struct s { " * 5_000 + "} x; " * 5_000,
    "minus": "-" * 50_000 + "x",
    "ternary": "x = a ? " * 10_000,
    "line joins": "\\\n" * 50_000,
    "else": "else " * 5_000,
    "quotes": '"' * 50_001,
    "comments": "/*" * 50_000,
    "words": "a b " * 5_000,
    "a macro of itself": "#define M(x) M(M(x))\nM(1)\nM(2);\n",
    "macros of each other": "#define A B\n#define B A\nA int x;\nB f(void) { return A(1); }\n",
    "a maker of itself": "#define D(n) D(x##n) int n;\nD(y);\n" * 50,
    "a long name": "int " + "x" * 100_000 + ";",
    "a long macro": "#define L " + "a + " * 50_000 + "\nint l = L;\n",
}


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory) -> tuple[Index, float]:
    """An index of all those, each a file, and the seconds it took."""
    place = tmp_path_factory.mktemp("deep")
    root = place / "t"
    for title, text in _DEEP.items():
        file = root / title.replace(" ", "-") / "deep.c"
        file.parent.mkdir(parents=True)
        file.write_text(text)
    (root / "good.c").write_text("int good(void) { return 1; }\n")
    start = _cpu()
    index_tree(place / "t.db", root, jobs=2)
    return Index(place / "t.db"), _cpu() - start


def test_depth_and_repetition_take_no_time(deep):
    index, seconds = deep
    assert seconds < 45
    assert [d.file for d in index.definitions("good")] == ["good.c"]
    assert index.info().files == len(_DEEP) + 1


@pytest.mark.parametrize("title", _DEEP)
def test_depth_and_repetition_cost_a_file_at_most(title, deep):
    path = title.replace(" ", "-") + "/deep.c"
    assert deep[0].source(path) == _DEEP[title].encode()
    assert [p for p in deep[0].problems() if p.file == path and "please report" in p.reason] == []


# -- workers that die or hang ---------------------------------------------------------------------------


def test_a_worker_that_dies_costs_its_file_alone(tmp_path, monkeypatch):
    """The first file's parser is made to kill its process: that file keeps its text, the others their facts."""
    root, index = tmp_path / "t", tmp_path / "t.db"
    many_files(root, 8)
    (root / "d3" / "f3.c").write_text("int killer(void) { return 1; }\n")
    monkeypatch.setattr(build.worker, "read_chunk", _Deadly())
    index_tree(index, root, jobs=2)
    told = Index(index)
    assert told.info().files == 8
    assert [p.file for p in told.problems()] == ["d3/f3.c"]
    assert told.source("d3/f3.c") == b"int killer(void) { return 1; }\n"
    assert [m.file for m in told.search("killer")] == ["d3/f3.c"]
    assert [d.name for number in (0, 1, 2, 4, 5, 6, 7) for d in told.definitions(f"f{number}")] == [
        f"f{number}" for number in (0, 1, 2, 4, 5, 6, 7)
    ]


def test_a_worker_that_hangs_costs_its_file_alone(tmp_path, monkeypatch):
    root, index = tmp_path / "t", tmp_path / "t.db"
    many_files(root, 8)
    (root / "d3" / "f3.c").write_text("int sleeper(void) { return 1; }\n")
    monkeypatch.setattr(build, "_PATIENCE", 2.0)
    monkeypatch.setattr(build, "_PATIENCE_PER_MB", 0.0)
    monkeypatch.setattr(build.worker, "read_chunk", _Deadly())
    index_tree(index, root, jobs=2)
    told = Index(index)
    assert [p.file for p in told.problems()] == ["d3/f3.c"]
    assert [m.file for m in told.search("sleeper")] == ["d3/f3.c"]
    assert told.info().files == 8


class _Deadly:
    """A worker's work that dies at `killer` and sleeps at `sleeper`; it can be pickled, as work must be."""

    def __call__(self, jobs):
        for job in jobs:
            data = Path(os.fsdecode(job.os_path)).read_bytes()
            if job.parse and multiprocessing.parent_process() is not None:
                if b"killer" in data:
                    os.kill(os.getpid(), signal.SIGKILL)
                if b"sleeper" in data:
                    time.sleep(600)
        return _read_chunk(jobs)
