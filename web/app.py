"""The site: pages and records over one index file.

A page asks the same `Index` that a command asks, and computes nothing of its own.  Nothing that a page shows
comes from another host, and no page needs a script to be read: scripts add what a page without them cannot do.
"""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

from flask import Flask
from flask import current_app
from flask import render_template
from flask import request
from flask import send_from_directory
from flask_compress import Compress
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.routing import BaseConverter
from werkzeug.wrappers import Response

from web import addresses
from web import arguments
from web import edges
from web import languages
from web import shapes
from web import suggest
from web import warming
from web.cache import SizedCache
from web.errors import NotFoundError
from web.errors import SiteError
from web.errors import Suggestion
from web.errors import UnavailableError
from web.indexes import Indexes
from web.indexes import UnknownTreeError
from web.languages import N_
from web.settings import Settings
from web.site import EXTENSION
from web.site import Site
from web.site import site
from web.views import api
from web.views import calls
from web.views import document
from web.views import health
from web.views import home
from web.views import ident
from web.views import lookups
from web.views import picture
from web.views import preferences
from web.views import search
from web.views import source
from web.views import walk
from xref.index.errors import IndexFileError

_STATIC = Path(__file__).with_name("static")
#: in seconds
_YEAR = 365 * 24 * 3600

#: what is said of an address without a view, and of what Flask itself refuses, by status
_REFUSED = {
    404: N_("there is no such page"),
    400: N_("this request cannot be read"),
    405: N_("this address is only read: ask by GET"),
    413: N_("the request is longer than this site takes"),
    414: N_("the address is longer than this site takes"),
    500: N_("this is a fault of the site: its reason is in the site's log"),
}

#: sent with every answer
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def create_app(index_path: Path, settings: Settings | None = None) -> Flask:
    """The site over an index.  The file may be absent for now: until it is there, pages answer 503."""
    # the address has the contents' hash in it: it can be kept for ever, and so can the modules that import each
    # other beside it
    app = Flask(__name__, static_url_path=f"/static/{_contents(_STATIC)}")
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = _YEAR
    chosen = settings or Settings()
    app.extensions[EXTENSION] = Site(
        Indexes(Path(index_path), chosen.kept_indexes),
        chosen,
        SizedCache(chosen.kept_pages, lambda rendered: len(rendered.html)),
    )
    # records keep the order of the contract
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.converters["hash"] = _Hash
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters["count"] = lambda number: f"{number:,}"
    app.add_url_rule("/static/<hash:version>/<path:filename>", "static_before", _static_before)
    for view in (home, source, lookups, ident, search, calls, picture, document, walk, preferences, health, api):
        app.register_blueprint(view.blueprint)
    languages.init_app(app)
    edges.init_app(app, addresses.init_app(app))
    app.register_error_handler(SiteError, _site_error)
    for unreadable in (sqlite3.Error, IndexFileError):
        app.register_error_handler(unreadable, _unreadable)
    app.register_error_handler(UnknownTreeError, _unknown_tree)
    app.register_error_handler(HTTPException, _http_error)
    app.before_request(_check_address)
    # half the time of the level that zlib takes by itself, for as few bytes
    app.config["COMPRESS_LEVEL"] = 4
    # the last registered is the first to run: what a reader has already is not compressed
    Compress(app)
    app.after_request(_finish)
    warming.init_app(app)
    return app


def _contents(directory: Path) -> str:
    """A hash of all files of a directory."""
    found = hashlib.sha256()
    for file in sorted(directory.iterdir()):
        found.update(f"{file.name}\0{file.stat().st_size}\0".encode())
        found.update(file.read_bytes())
    return found.hexdigest()[:16]


class _Hash(BaseConverter):
    """A hash of static files, as `_contents` writes it."""

    regex = "[0-9a-f]{16}"


def _static_before(filename: str, **_version: str) -> Response:
    """A static file that a page of another release of the site asks for: the one there is, and not to be kept."""
    return send_from_directory(_STATIC, filename, max_age=0)


def _check_address() -> None:
    """Refuse what cannot be in any index, before a view looks for it."""
    for argument, value in (request.view_args or {}).items():
        arguments.checked(argument, value)
    arguments.choice("lang", languages.LANGUAGES)


def _finish(response: Response) -> Response:
    """Headers for all; a reader who has the page already gets 304."""
    response.headers.update(HEADERS)
    if response.location:
        # a proxy in front may have another name and scheme
        response.location = response.location.removeprefix(request.host_url.rstrip("/"))
    if request.endpoint == "static" and response.status_code in (200, 304):
        response.cache_control.immutable = True
    if response.mimetype == "text/html":
        languages.varying(response)
        languages.remember(response, language=request.args.get("lang"))
    if request.method in ("GET", "HEAD") and response.status_code == 200 and not response.direct_passthrough:
        response.headers.setdefault("Cache-Control", "no-cache")
        # weak: the same for each compression of it
        response.add_etag(weak=True)
        response.make_conditional(request)
    return response


def _answer(error: SiteError) -> Response:
    """An error in the one shape of the API, or as a page."""
    if request.path.startswith("/api/") or request.path == "/healthz":
        near = ", ".join(each.text for each in error.near)
        message = f"{error.message}; near it: {near}" if near else error.message
        return current_app.make_response((shapes.error(error.status, message), error.status))
    title = HTTP_STATUS_CODES.get(error.status, "Error")
    trees = _trees() if error.status < 500 else ()
    asked = {name: value for name, value in (request.view_args or {}).items() if name != "tree"}
    page = render_template(
        "error.html", error=error, title=title, tree=_known_tree(trees), trees=trees, asked=[*asked.values()][-1:]
    )
    return current_app.make_response((page, error.status))


def _trees() -> tuple[str, ...]:
    """The trees that can be offered; none where the index cannot be read."""
    try:
        return site().indexes.trees()
    except UnavailableError:
        return ()


def _known_tree(trees: tuple[str, ...]) -> str | None:
    """The tree that the address begins with, if there is one: the page can then offer to search it."""
    tree = request.path.split("/")[1]
    return tree if tree in trees else None


def _site_error(error: SiteError) -> Response:
    if error.status >= 500:
        current_app.logger.error("%s (%s)", error, error.__cause__)
    return _answer(error)


def _unreadable(error: sqlite3.Error | IndexFileError) -> Response:
    """The file turned out to be damaged while it was read."""
    said = UnavailableError(N_("the index cannot be read: its reason is in the site's log"))
    said.__cause__ = error
    return _site_error(said)


def _unknown_tree(error: UnknownTreeError) -> Response:
    near = suggest.trees(error.tree, error.trees)
    there = ", ".join(error.trees)
    return _answer(
        NotFoundError(N_("there is no tree %(tree)s: this index has %(there)s"), near, tree=error.tree, there=there)
    )


def _http_error(error: HTTPException) -> Response:
    """What Flask itself refuses: an address without a view, a wrong method, a bug."""
    response = error.get_response()
    if response.status_code < 400:
        return response
    unknown = response.status_code == 404
    said = SiteError(_REFUSED.get(response.status_code) or error.description or error.name, _meant(unknown))
    said.status = response.status_code
    answer = _answer(said)
    if "Allow" in response.headers:
        answer.headers["Allow"] = response.headers["Allow"]
    return answer


def _meant(unknown: bool) -> list[Suggestion]:
    """What an address without a view may have meant: people type a tree and a name, or a path."""
    tree = _known_tree(_trees()) if unknown else None
    if tree is None or request.path.startswith("/api/"):
        return []
    rest = request.path.split("/", 2)[2].strip("/")
    if not rest or "\0" in rest or len(rest) > site().settings.longest_argument:
        return []
    with site().indexes.lease(tree) as index:
        return suggest.anything(index, rest)
