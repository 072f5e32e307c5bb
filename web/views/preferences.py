"""`/preferences`: the language and the theme that a reader chooses, kept in the browser."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint
from flask import redirect
from flask import request
from flask import url_for
from werkzeug.wrappers import Response

from web import languages

blueprint = Blueprint("preferences", __name__)


@blueprint.post("/preferences")
def choose() -> Response:
    """Keep what the form says (`lang`, `theme`), and go back to the page that it was on (`to`)."""
    response = redirect(_own(request.form.get("to", "")), 303)
    languages.remember(response, request.form.get("lang"), request.form.get("theme"))
    return response


def _own(address: str) -> str:
    """An address of this site without the language it asked for; the first page where it is another's or none."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return url_for("home.page")
    if parts.scheme or parts.netloc or not address.startswith("/") or address.startswith(("//", "/\\")):
        return url_for("home.page")
    if not address.isprintable() or "\\" in address:
        return url_for("home.page")
    kept = [each for each in parts.query.split("&") if each and not each.startswith("lang=")]
    return parts.path + ("?" + "&".join(kept) if kept else "")
