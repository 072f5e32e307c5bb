"""Reading: any bytes become text, names survive a round trip, and what cannot be read says so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies

from xref.source.errors import SourceError
from xref.source.names import one_line
from xref.source.names import os_name
from xref.source.names import printable
from xref.source.text import content_hash
from xref.source.text import decode
from xref.source.text import looks_binary
from xref.source.text import read_file


def test_utf8_and_else_latin1() -> None:
    assert decode("naïve".encode()) == "naïve"
    assert decode("naïve".encode("latin-1")) == "naïve"
    assert decode(b"") == ""
    assert decode(b"a\r\n\0\xff") == "a\r\n\0ÿ"


@given(strategies.binary())
def test_no_bytes_fail_to_decode(data: bytes) -> None:
    decode(data)


def test_the_hash_names_the_content() -> None:
    assert len(content_hash(b"")) == 16
    assert content_hash(b"a") != content_hash(b"b")
    # stored in every index: it must never change
    assert content_hash(b"").hex() == "cae66941d9efbd404e4d88758ea67670"


def test_a_nul_near_the_start_is_binary() -> None:
    assert looks_binary(b"GIF\0")
    assert not looks_binary(b"x" * 8192 + b"\0")
    assert not looks_binary(b"")


def test_reading_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_file(os.fsencode(path), 5) == b"12345"
    with pytest.raises(SourceError, match="more than 4 bytes"):
        read_file(os.fsencode(path), 4)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("fifo")
    for name in ("none", "fifo", "link", "."):
        with pytest.raises(SourceError) as caught:
            read_file(os.fsencode(tmp_path / name))
        assert str(caught.value).isprintable()


@given(strategies.binary())
def test_any_name_is_printable_and_comes_back(name: bytes) -> None:
    shown = printable(name)
    assert shown.isprintable()
    shown.encode("utf-8")
    assert os_name(shown) == name


@given(strategies.text(strategies.characters(exclude_categories=())))
def test_any_message_fits_on_a_line(message: str) -> None:
    assert one_line(message).isprintable()
    str(SourceError(message)).encode("utf-8")


def test_what_is_no_escape_stands_for_itself() -> None:
    assert os_name("a\\q\\") == b"a\\q\\"
    assert os_name("\\xZZ") == b"\\xZZ"
