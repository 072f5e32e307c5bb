"""The call graph drawn: Graphviz' layout, as SVG that a page can take in.

The program is that of the package graphviz-pure, so that no system package is needed.  It runs beside the server, so
that several threads can draw, a time limit holds, and what goes wrong there goes wrong there alone.
"""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

from web.cache import SizedCache
from web.errors import UnavailableError
from web.languages import N_

#: seconds that one layout may take; pictures of the size that pages ask for take a hundredth of it
_LONGEST = 3.0
#: layouts at once: more would only take the processors from each other
_AT_ONCE = threading.BoundedSemaphore(2)
#: characters of finished pictures kept
_KEPT = 16 * 1024 * 1024
_SVG = "{http://www.w3.org/2000/svg}"
_XLINK = "{http://www.w3.org/1999/xlink}"

_drawn: SizedCache[str] = SizedCache(_KEPT, len)


class TooEntangledError(UnavailableError):
    """The layout took longer than it may."""


def svg(dot: str, titles: Mapping[str, str], *, standing: bool) -> str:
    """A graph in DOT as SVG.

    `titles` are what its elements say of themselves, by their ids.  `standing`: as a file of its own, with a
    background; else for a page, whose style sheet colours it.  Raises TooEntangledError.
    """
    return _drawn.get((dot, standing), lambda: _finished(_laid_out(dot), titles, standing=standing))


@cache
def _program() -> str:
    """Graphviz: beside this Python, or wherever programs are."""
    beside = Path(sysconfig.get_path("scripts")) / "graphviz-pure"
    found = shutil.which(str(beside)) or shutil.which("graphviz-pure") or shutil.which("dot")
    if found is None:
        raise UnavailableError(N_("graphs cannot be drawn here: install the package graphviz-pure"))
    return found


def _laid_out(dot: str) -> bytes:
    program = _program()
    with _AT_ONCE:
        try:
            ran = subprocess.run([program, "-Tsvg"], input=dot.encode(), capture_output=True, timeout=_LONGEST)
        except subprocess.TimeoutExpired as error:
            raise TooEntangledError("this graph is too entangled to be drawn in time: ask for fewer levels") from error
        except OSError as error:
            raise UnavailableError(N_("graphs cannot be drawn here: Graphviz does not start")) from error
    if ran.returncode != 0 or not ran.stdout:
        raise UnavailableError(N_("this graph cannot be drawn")) from RuntimeError(ran.stderr[:500].decode("latin-1"))
    return ran.stdout


def _finished(data: bytes, titles: Mapping[str, str], *, standing: bool) -> str:
    """Graphviz' SVG with our titles; nothing in it but elements, their classes and presentation attributes."""
    ElementTree.register_namespace("", _SVG[1:-1])
    ElementTree.register_namespace("xlink", _XLINK[1:-1])
    root = ElementTree.fromstring(data)
    for group in root.iter(f"{_SVG}g"):
        title = group.find(f"{_SVG}title")
        if title is not None and group.get("class", "").startswith("graph"):
            group.remove(title)
            continue
        words = titles.get(group.get("id", ""))
        if title is not None and words is not None:
            title.text = words
        for link in group.findall(f"{_SVG}g/{_SVG}a"):
            link.attrib.pop(f"{_XLINK}title", None)
            if words is not None and group.get("class", "").startswith("edge"):
                link.set("role", "link")
                link.set("aria-label", words)
                link.set("tabindex", "-1")
    if standing:
        box = root.get("viewBox", "0 0 1 1").split()
        back = {"x": box[0], "y": box[1], "width": box[2], "height": box[3], "fill": "white"}
        root.insert(0, ElementTree.Element(f"{_SVG}rect", back))
    else:
        for name in ("width", "height"):
            root.attrib.pop(name, None)
    return ElementTree.tostring(root, encoding="unicode")
