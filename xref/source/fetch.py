"""A kernel release on disk: downloaded or from a file, checked against its published SHA-256, unpacked.

    from xref.source.fetch import fetch
    fetched = fetch("2.6.11", Path("trees"))        # trees/linux-2.6.11, trees/linux-2.6.11.tar.xz
    for note in fetched.notes: ...                  # what the user must be told

In `into` lie afterwards the tree and the archive, which is kept: another run then needs no download.
While it runs: `linux-V.tar.xz.part`, the download so far, which the next run goes on from; and hidden,
`.linux-V.unpacking` and `.linux-V.lock`, which a killed run may leave and the next one takes over.

The checksums come from the same server as the archive.  They protect against damage, and
against a changed archive as far as that server and its TLS certificate can be trusted; the PGP signature
around them is not checked.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from xref.source.download import check_url
from xref.source.download import download
from xref.source.download import read_text
from xref.source.errors import SourceError
from xref.source.errors import UnavailableError
from xref.source.errors import explained
from xref.source.progress import Progress
from xref.source.progress import silent
from xref.source.release import FORMS
from xref.source.release import KERNEL_ORG
from xref.source.release import SUMS
from xref.source.release import Release
from xref.source.release import parse_sums
from xref.source.release import parse_version
from xref.source.release import unknown
from xref.source.unpack import unpack

_BLOCK = 256 * 1024


class Fetched(NamedTuple):
    """What `fetch` did."""

    #: the tree, `into/linux-VERSION`
    tree: Path
    #: the archive it came from
    archive: Path
    #: of the archive, hex
    sha256: str
    #: whether that is the published one
    verified: bool
    #: one line each, to be shown: an archive that could not be checked, a tree that was moved aside
    notes: tuple[str, ...]


class _Published(NamedTuple):
    """An archive that a server lists."""

    name: str
    url: str
    sha256: str


def fetch(
    version: str,
    into: Path,
    *,
    mirror: str | None = None,
    archive: Path | None = None,
    progress: Progress = silent,
) -> Fetched:
    """Put the tree of a kernel release at `into/linux-VERSION`.

    `mirror` is a URL that has kernel.org's directories (`v2.6/`, `v6.x/` ...) below it.  `archive` is a
    file downloaded already: it must have the published checksum; where none can be had (no network, or
    none published for this version or form) it is unpacked unchecked, and a note says so.

    A tree that is there already is moved to `linux-VERSION.old`, with a note, once the new one is whole.
    Raises SourceError for whatever goes wrong; then the tree that was there is as it was.
    """
    release = parse_version(version)
    base = check_url(mirror or KERNEL_ORG)
    into = Path(os.path.abspath(into))  # noqa: PTH100  resolve() would follow the user's links
    notes: list[str] = []
    if archive is None:
        published = _best(_published(release, base), release, base)
        with _writing(into, release):
            archive, digest = _downloaded(published, into, progress)
            old = unpack(archive, into / release.name, progress)
        verified = True
    else:
        digest, doubt = _check_given(archive, release, base, progress)
        verified = doubt is None
        if doubt:
            notes.append(f"{archive} was not checked ({doubt}): compare its SHA-256 yourself, {digest}")
        with _writing(into, release):
            old = unpack(archive, into / release.name, progress)
    if old:
        notes.append(f"the tree that was there is now {old}: delete it if you need it no more")
    return Fetched(into / release.name, archive, digest, verified, tuple(notes))


def _published(release: Release, base: str) -> dict[str, _Published]:
    """The archives of a release by form (`.tar.xz`), as the first directory that lists one has them.

    Raises UnavailableError if no list can be had, SourceError if there are lists and the release is in none.
    """
    listed: list[str] = []
    for directory in release.directories:
        url = f"{base}{directory}"
        text = read_text(url + SUMS)
        sums = parse_sums(text or "")
        names = {form: release.name + form for form in FORMS}
        found = {
            form: _Published(name, url + name, sums[name]) for form, name in names.items() if name in sums
        }
        if found:
            return found
        if directory == release.directories[0] and not sums:
            raise _no_sums(url, text)
        listed += sums
    raise unknown(release, listed, base + release.directories[0])


def _no_sums(url: str, text: str | None) -> UnavailableError:
    """The error for a directory whose list of checksums is missing, or is something else."""
    advice = "look at the version, give another --mirror URL, or --archive FILE"
    if text is None:
        return UnavailableError(f"there is no {url}{SUMS}, so nothing from there can be checked", advice)
    return UnavailableError(f"{url}{SUMS} holds no checksums (is it a login page?)", advice)


def _best(published: dict[str, _Published], release: Release, base: str) -> _Published:
    """The smallest form that is published."""
    for form in FORMS:
        if form in published:
            return published[form]
    raise unknown(release, [], base)


def _downloaded(published: _Published, into: Path, progress: Progress) -> tuple[Path, str]:
    """The checked archive in `into` and its SHA-256; downloaded only if it is not there yet."""
    archive = into / published.name
    part = into / f"{published.name}.part"
    with explained(part, "what has been downloaded is kept"):
        if archive.is_file() and _sha256(archive, progress) == published.sha256:
            return archive, published.sha256
        pieces = download(published.url, part, progress)
        digest = _sha256(part, progress)
        if digest != published.sha256 and pieces:
            # the first piece may be of a file that has changed since: once more, in one go
            part.unlink()
            download(published.url, part, progress)
            digest = _sha256(part, progress)
        if digest != published.sha256:
            part.unlink()
            advice = "try again later, or give another --mirror URL"
            raise _mismatch(published.url, published.sha256, digest, advice)
        part.replace(archive)
    return archive, digest


def _check_given(archive: Path, release: Release, base: str, progress: Progress) -> tuple[str, str | None]:
    """The SHA-256 of the user's archive, and why it could not be checked, or None if it was and is right."""
    with explained(archive, "nothing was changed"):
        if not archive.is_file():
            raise SourceError(f"there is no file {archive}: give an archive of linux-{release.version}")
        digest = _sha256(archive, progress)
        form = _form(archive)
    try:
        published = _published(release, base)
    except UnavailableError as error:
        return digest, error.reason
    except SourceError:
        return digest, f"no release {release.version} is published in {base}"
    if form not in published:
        return digest, f"no checksum is published for this form of {release.name}"
    if digest != published[form].sha256:
        advice = f"leave out --archive to download {release.name}"
        raise _mismatch(str(archive), published[form].sha256, digest, advice)
    return digest, None


def _mismatch(what: str, expected: str, got: str, advice: str) -> SourceError:
    return SourceError(f"{what} is damaged or another file (SHA-256 {got}, not {expected}): {advice}")


def _form(archive: Path) -> str | None:
    """The published form that a file has by its first bytes, whatever its name."""
    with archive.open("rb") as file:
        start = file.read(16)
    return next((form for form, magic in FORMS.items() if start.startswith(magic)), None)


def _sha256(path: Path, progress: Progress) -> str:
    """Hex SHA-256 of a file."""
    digest = hashlib.sha256()
    total = path.stat().st_size
    done = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            done += len(block)
            progress(done, total, "check")
    return digest.hexdigest()


@contextmanager
def _writing(into: Path, release: Release) -> Iterator[None]:
    """Make `into`, and keep a second run for the same release out of it.  A killed run holds no lock."""
    lock = into / f".{release.name}.lock"
    with explained(lock, "nothing was changed"):
        into.mkdir(parents=True, exist_ok=True)
        file = lock.open("wb")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # the run that held it may have removed it just now
            taken = os.fstat(file.fileno()).st_nlink == 0
        except OSError:
            taken = True
        if taken:
            raise SourceError(f"another run is fetching {release.name} into {into}: wait until it ends")
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)
