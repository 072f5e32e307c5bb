"""The index behind the site: absent, damaged, replaced while it is read, read by many at once."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from web.app import create_app
from web.cache import SizedCache
from web.errors import NotFoundError
from web.errors import UnavailableError
from web.indexes import Indexes
from web.indexes import UnknownTreeError
from xref.index.build import index_tree


def test_healthz_tells_of_an_index_that_can_be_read(web_index: Path) -> None:
    response = create_app(web_index).test_client().get("/healthz")
    assert response.status_code == 200
    assert response.json == {"status": "ok", "trees": ["tree", "other"]}


@pytest.mark.parametrize("damage", ["missing", "empty", "text", "cut", "directory"])
def test_without_an_index_there_are_503s_and_no_paths(web_index: Path, tmp_path: Path, damage: str) -> None:
    file = tmp_path / "secret-place.db"
    if damage == "empty":
        file.touch()
    elif damage == "text":
        file.write_text("no index " * 1000)
    elif damage == "cut":
        file.write_bytes(web_index.read_bytes()[:8000])
    elif damage == "directory":
        file.mkdir()
    app = create_app(file)
    client = app.test_client()
    for url in ("/healthz", "/", "/tree/source/", "/api/v1/tree/definitions/x", "/static-not/", "/tree/"):
        response = client.get(url)
        assert response.status_code == 503, url
        assert "secret-place" not in response.text
    assert client.get("/healthz").json["error"]["status"] == 503
    assert client.get(f"{app.static_url_path}/site.css", buffered=True).status_code == 200


def test_a_damaged_page_is_a_503(web_index: Path, tmp_path: Path) -> None:
    file = tmp_path / "damaged.db"
    data = bytearray(web_index.read_bytes())
    data[8192:] = b"\xa5" * (len(data) - 8192)
    file.write_bytes(data)
    client = create_app(file).test_client()
    assert client.get("/healthz").status_code == 503
    assert client.get("/tree/source/").status_code == 503


def test_an_index_that_appears_is_read(web_index: Path, tmp_path: Path) -> None:
    file = tmp_path / "late.db"
    client = create_app(file).test_client()
    assert client.get("/healthz").status_code == 503
    shutil.copy(web_index, file)
    assert client.get("/healthz").status_code == 200
    file.unlink()
    assert client.get("/healthz").status_code == 503


def test_a_replaced_index_is_seen_by_the_next_request(tmp_path: Path) -> None:
    root, file = tmp_path / "tree", tmp_path / "x.db"
    root.mkdir()
    (root / "a.c").write_text("int first;\n")
    index_tree(file, root, jobs=1)
    client = create_app(file).test_client()
    assert client.get("/tree/ident/first").status_code == 200
    assert "first" in client.get("/tree/source/a.c").text
    (root / "a.c").write_text("int second;\n")
    index_tree(file, root, jobs=1)
    assert client.get("/tree/ident/first").status_code == 404
    assert client.get("/tree/ident/second").status_code == 200
    assert "second" in client.get("/tree/source/a.c").text


def test_a_request_ends_on_the_index_on_which_it_began(web_index: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    shutil.copy(web_index, file)
    indexes = Indexes(file, kept=4)
    with indexes.lease("tree") as index:
        fresh = tmp_path / "new.db"
        shutil.copy(web_index, fresh)
        fresh.replace(file)
        with indexes.lease("tree") as other:
            assert other is not index
        assert index.definitions("schedule")
    with indexes.lease("tree") as again:
        assert again is other


def test_one_index_serves_one_thread_at_a_time(web_index: Path) -> None:
    indexes = Indexes(web_index, kept=2)
    with (
        indexes.lease("tree") as first,
        indexes.lease("tree") as second,
        indexes.lease("tree", "ppc") as third,
    ):
        assert first is not second
        assert third.arch == "ppc"
    with indexes.lease("tree") as again:
        assert again in (first, second)


def test_an_error_of_the_view_gives_the_index_back(web_index: Path) -> None:
    indexes = Indexes(web_index, kept=2)
    with pytest.raises(NotFoundError), indexes.lease("tree") as first:
        raise NotFoundError("not there")
    with indexes.lease("tree") as again:
        assert again is first
    with pytest.raises(RuntimeError), indexes.lease("tree"):
        raise RuntimeError("what state it is in is not known")
    with indexes.lease("tree") as other:
        assert other is not first


def test_unknown_trees_and_unreadable_files_are_told_apart(web_index: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownTreeError), Indexes(web_index, kept=1).lease("none"):
        pass
    with pytest.raises(UnavailableError), Indexes(tmp_path / "none.db", kept=1).lease("tree"):
        pass


def test_many_at_once_get_the_same_pages(web_index: Path) -> None:
    app = create_app(web_index)
    urls = [
        "/tree/source/kernel/sched.c",
        "/tree/ident/schedule",
        "/tree/search?q=HZ",
        "/tree/ident/page_size?arch=ppc",
        "/",
    ] * 12
    alone = {url: create_app(web_index).test_client().get(url).data for url in set(urls)}
    with ThreadPoolExecutor(8) as pool:
        for url, data in zip(urls, pool.map(lambda url: app.test_client().get(url).data, urls), strict=True):
            assert data == alone[url]


def test_a_cache_forgets_what_was_used_longest_ago() -> None:
    cache: SizedCache[str] = SizedCache(6, len)
    made: list[str] = []

    def make(value: str) -> str:
        made.append(value)
        return value

    for value in ("aaa", "bbb", "aaa", "ccc", "aaa", "bbb", "far too long", "far too long"):
        assert cache.get(value, lambda value=value: make(value)) == value  # type: ignore[misc]
    assert made == ["aaa", "bbb", "ccc", "bbb", "far too long", "far too long"]
