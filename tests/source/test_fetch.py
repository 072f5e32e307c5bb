"""Fetching a release: what arrives is what was published, and a failure leaves things as they were."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xref.source import download
from xref.source.errors import SourceError
from xref.source.fetch import fetch

NAME = "linux-2.6.11.tar.xz"
PATH = f"/v2.6/{NAME}"
Make = Callable[..., bytes]


def failure(*args: Any, **kwargs: Any) -> str:
    """The line that a failing fetch says."""
    with pytest.raises(SourceError) as caught:
        fetch(*args, **kwargs)
    line = str(caught.value)
    assert line.isprintable(), "one line, fit for a terminal"
    assert ": " in line, "what is wrong: what to do"
    return line


def closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/"


def old_tree(into: Path) -> Path:
    tree = into / "linux-2.6.11"
    tree.mkdir(parents=True)
    (tree / "mine").write_text("work of a week")
    return tree


def assert_as_it_was(into: Path) -> None:
    assert [path.name for path in (into / "linux-2.6.11").iterdir()] == ["mine"]
    assert not list(into.glob(".*")), "nothing hidden is left behind"


def test_a_release_is_downloaded_checked_and_unpacked(site: Any, kernel: Make, tmp_path: Path) -> None:
    site.publish(NAME, kernel())
    seen: list[tuple[int, int | None, str]] = []
    into = tmp_path / "new" / "trees"
    fetched = fetch("2.6.11", into, mirror=site.url, progress=lambda *args: seen.append(args))
    assert fetched.tree == into / "linux-2.6.11"
    assert (fetched.tree / "net/ipv4.c").read_bytes() == b"int ip_rcv(void);\n"
    assert fetched.verified
    assert fetched.notes == ()
    assert sorted(path.name for path in into.iterdir()) == ["linux-2.6.11", NAME]
    assert list(dict.fromkeys(phase for _, _, phase in seen)) == ["download", "check", "unpack"]
    size = len(kernel())
    assert [args for args in seen if args[0] == args[1]][-1] == (size, size, "unpack")


@pytest.mark.parametrize(
    ("version", "directory"),
    [("v2.4.20", "v2.4"), ("3.10", "v3.x"), ("6.12.1", "v6.x"), ("2.6.11.12", "v2.6")],
)
def test_each_series_has_its_directory(
    site: Any, kernel: Make, tmp_path: Path, version: str, directory: str
) -> None:
    number = version.removeprefix("v")
    site.publish(f"linux-{number}.tar.xz", kernel(number), directory)
    assert fetch(version, tmp_path, mirror=site.url).tree == tmp_path / f"linux-{number}"


def test_late_longterm_releases_lie_deeper(site: Any, kernel: Make, tmp_path: Path) -> None:
    site.publish(NAME, b"")
    site.publish("linux-2.6.32.71.tar.xz", kernel("2.6.32.71"), "v2.6/longterm/v2.6.32")
    assert fetch("2.6.32.71", tmp_path, mirror=site.url).verified


def test_a_form_other_than_xz_serves_too(site: Any, kernel: Make, tmp_path: Path) -> None:
    site.publish("linux-2.6.11.tar.bz2", kernel(form="bz2"))
    assert fetch("2.6.11", tmp_path, mirror=site.url).archive.name == "linux-2.6.11.tar.bz2"


def test_the_archive_is_kept_and_not_downloaded_twice(site: Any, kernel: Make, tmp_path: Path) -> None:
    site.publish(NAME, kernel())
    fetch("2.6.11", tmp_path, mirror=site.url)
    fetch("2.6.11", tmp_path, mirror=site.url)
    assert site.asked(PATH) == [""]


def test_an_archive_that_is_there_but_wrong_is_downloaded_again(
    site: Any, kernel: Make, tmp_path: Path
) -> None:
    site.publish(NAME, kernel())
    (tmp_path / NAME).write_bytes(b"half of it")
    assert fetch("2.6.11", tmp_path, mirror=site.url).verified
    assert (tmp_path / NAME).read_bytes() == kernel()


@pytest.mark.parametrize(
    "version",
    [
        "", "2", "2.6.11/../../x", "../2.6", "2.6.11\n", "2.6.11 ", "-rc1", "2..6", "2.6.11.1.1",
        "٢.٦", "2.6.11\0", "6.12-rc1", "latest", "1" * 5000 + ".1", "vv2.6.11",
    ],
)  # fmt: skip
def test_what_is_no_version_reaches_neither_server_nor_disk(version: str, tmp_path: Path) -> None:
    failure(version, tmp_path / "into", mirror=closed_port())
    assert not list(tmp_path.iterdir())


def test_an_unknown_version_is_told_its_neighbours(site: Any, tmp_path: Path) -> None:
    for version in ("2.6.10", "2.6.11", "2.4.1"):
        site.publish(f"linux-{version}.tar.xz", b"")
    assert "2.6.11" in failure("2.6.111", tmp_path / "into", mirror=site.url)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "mirror",
    [
        "ftp://x/",
        "file:///etc/",
        "kernel.org",
        "http://",
        "http://x:y/",
        "http://a b/",
        "http://h/?q=",
        "http://[/",
    ],
)
def test_what_is_no_mirror(mirror: str, tmp_path: Path) -> None:
    assert "no mirror" in failure("2.6.11", tmp_path, mirror=mirror)


def test_a_mirror_without_checksums(site: Any, kernel: Make, tmp_path: Path) -> None:
    site.files[PATH] = kernel()
    line = failure("2.6.11", tmp_path, mirror=site.url)
    assert "sha256sums.asc" in line
    assert "--mirror" in line
    assert not site.asked(PATH), "what cannot be checked is not downloaded"


def test_a_login_page_instead_of_checksums(site: Any, kernel: Make, tmp_path: Path) -> None:
    site.publish(NAME, kernel())
    site.files["/v2.6/sha256sums.asc"] = b"<html>Please log in</html>"
    assert "holds no checksums" in failure("2.6.11", tmp_path, mirror=site.url)


def test_an_archive_that_is_listed_but_missing(site: Any, kernel: Make, tmp_path: Path) -> None:
    site.publish(NAME, kernel())
    del site.files[PATH]
    assert "404" in failure("2.6.11", tmp_path, mirror=site.url)
    assert len(site.asked(PATH)) == 1, "no use in asking again"


def test_no_network(tmp_path: Path) -> None:
    line = failure("2.6.11", tmp_path, mirror=closed_port())
    for word in ("cannot reach", "refused", "--mirror URL", "--archive FILE", "tree you already have"):
        assert word in line


def test_a_list_of_checksums_that_breaks_off_is_not_used(site: Any, kernel: Make, tmp_path: Path) -> None:
    site.publish(NAME, kernel())
    site.cuts["/v2.6/sha256sums.asc"] = [60]
    assert "broke off" in failure("2.6.11", tmp_path, mirror=site.url)


def test_a_server_error_for_the_list(site: Any, tmp_path: Path) -> None:
    site.statuses["/v2.6/sha256sums.asc"] = [503]
    assert "503" in failure("2.6.11", tmp_path, mirror=site.url)


def test_a_broken_connection_is_taken_up_where_it_broke(site: Any, kernel: Make, tmp_path: Path) -> None:
    site.publish(NAME, kernel())
    site.cuts[PATH] = [1000, 2000]
    assert fetch("2.6.11", tmp_path, mirror=site.url).verified
    assert site.asked(PATH) == ["", "bytes=1000-", "bytes=3000-"]


def test_a_passing_server_error_is_waited_out(site: Any, kernel: Make, tmp_path: Path) -> None:
    site.publish(NAME, kernel())
    site.statuses[PATH] = [503, 429]
    assert fetch("2.6.11", tmp_path, mirror=site.url).verified


def test_the_next_run_goes_on(site: Any, kernel: Make, tmp_path: Path) -> None:
    site.publish(NAME, kernel())
    site.cuts[PATH] = [1000] + [0] * download.TRIES
    line = failure("2.6.11", tmp_path, mirror=site.url)
    assert "1,000 bytes are kept" in line
    assert "run the same command again" in line
    assert not (tmp_path / "linux-2.6.11").exists()
    site.cuts.clear()
    site.requests.clear()
    assert fetch("2.6.11", tmp_path, mirror=site.url).verified
    assert site.asked(PATH) == ["bytes=1000-"]
    assert not list(tmp_path.glob("*.part"))


def test_a_server_without_range(site: Any, kernel: Make, tmp_path: Path) -> None:
    site.publish(NAME, kernel())
    site.ranges = False
    site.cuts[PATH] = [1000]
    assert fetch("2.6.11", tmp_path, mirror=site.url).verified


def test_a_server_without_range_that_always_breaks_off_is_given_up(
    site: Any, kernel: Make, tmp_path: Path
) -> None:
    site.publish(NAME, kernel())
    site.ranges = False
    site.cuts[PATH] = [1000, 2000] * 20
    failure("2.6.11", tmp_path, mirror=site.url)
    assert len(site.asked(PATH)) <= 2 + download.TRIES


def test_a_part_that_is_whole_needs_no_more(site: Any, kernel: Make, tmp_path: Path) -> None:
    site.publish(NAME, kernel())
    (tmp_path / f"{NAME}.part").write_bytes(kernel())
    assert fetch("2.6.11", tmp_path, mirror=site.url).verified
    assert site.asked(PATH) == [f"bytes={len(kernel())}-"], "answered with 416"


@pytest.mark.parametrize("length", [100, 1_000_000], ids=["shorter", "longer"])
def test_a_part_of_another_file_is_thrown_away(site: Any, kernel: Make, tmp_path: Path, length: int) -> None:
    site.publish(NAME, kernel())
    (tmp_path / f"{NAME}.part").write_bytes(b"x" * length)
    assert fetch("2.6.11", tmp_path, mirror=site.url).verified
    assert site.asked(PATH) == [f"bytes={length}-", ""]


def test_a_wrong_checksum(site: Any, kernel: Make, tmp_path: Path) -> None:
    site.publish(NAME, kernel())
    site.files[PATH] = kernel(text=b"backdoor")
    old_tree(tmp_path)
    assert "SHA-256" in failure("2.6.11", tmp_path, mirror=site.url)
    assert_as_it_was(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["linux-2.6.11"], "the bad archive is not kept"


def test_a_full_disk_while_downloading(site: Any, kernel: Make, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    site.publish(NAME, kernel())
    (tmp_path / f"{NAME}.part").symlink_to("/dev/full")
    line = failure("2.6.11", tmp_path, mirror=site.url)
    assert "disk full" in line
    assert "kept" in line


def test_a_place_that_cannot_be_written(site: Any, kernel: Make, tmp_path: Path) -> None:
    site.publish(NAME, kernel())
    (tmp_path / "file").write_text("")
    assert "Not a directory" in failure("2.6.11", tmp_path / "file" / "into", mirror=site.url)


def test_a_given_archive_is_checked(site: Any, kernel: Make, tmp_path: Path) -> None:
    site.publish(NAME, kernel())
    given = tmp_path / "renamed"
    given.write_bytes(kernel())
    fetched = fetch("2.6.11", tmp_path / "into", mirror=site.url, archive=given)
    assert fetched.verified
    assert fetched.archive == given
    assert not fetched.notes
    assert not site.asked(PATH)


def test_a_given_archive_that_is_wrong(site: Any, kernel: Make, tmp_path: Path) -> None:
    site.publish(NAME, kernel())
    given = tmp_path / NAME
    given.write_bytes(kernel(text=b"other"))
    into = tmp_path / "into"
    old_tree(into)
    assert "SHA-256" in failure("2.6.11", into, mirror=site.url, archive=given)
    assert_as_it_was(into)
    assert given.exists(), "the user's file is the user's"


def test_a_given_archive_without_network_is_unpacked_with_a_note(kernel: Make, tmp_path: Path) -> None:
    given = tmp_path / NAME
    given.write_bytes(kernel())
    fetched = fetch("2.6.11", tmp_path / "into", mirror=closed_port(), archive=given)
    assert not fetched.verified
    (note,) = fetched.notes
    assert "not checked" in note
    assert "refused" in note
    assert fetched.sha256 in note


def test_a_given_archive_of_a_form_or_version_not_published(site: Any, kernel: Make, tmp_path: Path) -> None:
    site.publish(NAME, kernel())
    plain = tmp_path / "linux.tar"
    plain.write_bytes(kernel(form=""))
    assert "this form" in fetch("2.6.11", tmp_path, mirror=site.url, archive=plain).notes[0]
    assert "no release 2.6.77" in fetch("2.6.77", tmp_path, mirror=site.url, archive=plain).notes[0]


def test_a_given_archive_that_is_not_there(tmp_path: Path) -> None:
    assert "no file" in failure("2.6.11", tmp_path, mirror=closed_port(), archive=tmp_path / "none")
    assert "no file" in failure("2.6.11", tmp_path, mirror=closed_port(), archive=tmp_path)


def test_a_tree_that_was_there_moves_aside(site: Any, kernel: Make, tmp_path: Path) -> None:
    site.publish(NAME, kernel())
    old_tree(tmp_path)
    fetched = fetch("2.6.11", tmp_path, mirror=site.url)
    assert str(tmp_path / "linux-2.6.11.old") in fetched.notes[0]
    assert (tmp_path / "linux-2.6.11.old" / "mine").exists()
    fetch("2.6.11", tmp_path, mirror=site.url)
    assert (tmp_path / "linux-2.6.11.old-2" / "Makefile").exists()


def test_an_interrupted_run_leaves_the_old_tree(site: Any, kernel: Make, tmp_path: Path) -> None:
    site.publish(NAME, kernel())
    old_tree(tmp_path)

    def interrupt(done: int, total: int | None, phase: str) -> None:
        if phase == "unpack":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch("2.6.11", tmp_path, mirror=site.url, progress=interrupt)
    assert_as_it_was(tmp_path)


def test_a_killed_run_leaves_the_old_tree_and_the_next_one_cleans_up(kernel: Make, tmp_path: Path) -> None:
    given = tmp_path / NAME
    given.write_bytes(kernel())
    into = tmp_path / "into"
    old_tree(into)
    mirror = closed_port()
    script = (
        "import os, signal, sys; from pathlib import Path; from xref.source.fetch import fetch\n"
        "def kill(done, total, phase):\n"
        "    if phase == 'unpack': os.kill(os.getpid(), signal.SIGKILL)\n"
        "fetch('2.6.11', Path(sys.argv[1]), mirror=sys.argv[2], archive=Path(sys.argv[3]), progress=kill)\n"
    )
    command = [sys.executable, "-c", script, str(into), mirror, str(given)]
    root = Path(__file__).parents[2]
    killed = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(root)}, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert [path.name for path in (into / "linux-2.6.11").iterdir()] == ["mine"]
    assert (into / ".linux-2.6.11.unpacking").exists(), "the test must have killed it in the middle"
    fetched = fetch("2.6.11", into, mirror=mirror, archive=given)
    assert (fetched.tree / "Makefile").exists()
    assert not list(into.glob(".*"))


def test_two_runs_at_once_do_not_mix(site: Any, kernel: Make, tmp_path: Path) -> None:
    site.publish(NAME, kernel())
    lines: list[str] = []

    def second_run(done: int, total: int | None, phase: str) -> None:
        if phase == "unpack" and not lines:
            lines.append(failure("2.6.11", tmp_path, mirror=site.url))

    assert fetch("2.6.11", tmp_path, mirror=site.url, progress=second_run).verified
    assert "another run" in lines[0]


def test_names_that_do_not_print_stay_on_one_line(tmp_path: Path) -> None:
    line = failure("2.6.11", tmp_path, mirror=closed_port(), archive=tmp_path / os.fsdecode(b"a\nb\xff"))
    assert "a\\x0ab\\xff" in line
