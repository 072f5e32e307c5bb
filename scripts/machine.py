"""The machine and the versions that a measurement was made with, as text."""

from __future__ import annotations

import datetime
import os
import platform
import shutil
import sqlite3
import subprocess
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from checkout import ROOT


class Facts(NamedTuple):
    """Where and when: a date, lines about the machine, lines about the versions, and how busy it was."""

    date: str
    machine: list[str]
    versions: list[str]
    load: float


def facts() -> Facts:
    """What is so now."""
    return Facts(
        datetime.datetime.now(datetime.UTC).date().isoformat(),
        [
            f"processor: {_line('/proc/cpuinfo', 'model name') or platform.machine()}",
            f"cores: {len(os.sched_getaffinity(0))}",
            f"memory: {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
            f"system: Linux {platform.release()}, {_line('/etc/os-release', 'PRETTY_NAME') or 'unknown'}",
        ],
        [
            f"xref: commit {_commit()}",
            f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}",
            f"tree-sitter {metadata.version('tree-sitter')}, tree-sitter-c {metadata.version('tree-sitter-c')}",
            *(said(*command).splitlines()[0] for command in _PEERS if shutil.which(command[0])),
        ],
        os.getloadavg()[0],
    )


_PEERS = (("cscope", "-V"), ("ctags", "--version"))


def said(*command: str) -> str:
    """What a command prints, on either stream; empty if it fails."""
    try:
        done = subprocess.run(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True, text=True
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def _commit() -> str:
    commit = said("git", "rev-parse", "--short", "HEAD")
    changed = said("git", "status", "--porcelain", "--", "xref", "pyproject.toml", "requirements.lock")
    return (commit or "unknown") + (" with changes" if changed else "")


def _line(file: str, key: str) -> str:
    """The first value of a key in a file of `key : value` or `KEY="value"` lines."""
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    for line in lines:
        name, _, value = line.replace("=", ":", 1).partition(":")
        if name.strip() == key:
            return value.strip().strip('"')
    return ""
