"""What the views share: the indexes, the limits, the pages kept."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import cast

from flask import Flask
from flask import current_app

from web.cache import SizedCache
from web.indexes import Indexes
from web.render import Rendered
from web.settings import Settings

#: where a Flask application keeps its Site
EXTENSION = "xref"


@dataclass(frozen=True)
class Site:
    """The state behind one application."""

    indexes: Indexes
    settings: Settings
    rendered: SizedCache[Rendered]
    #: the API's description, by the prefix that the site stands under and the trees
    descriptions: dict[tuple[str, tuple[str, ...]], Any] = field(default_factory=dict)


def site_of(app: Flask) -> Site:
    """The state of an application."""
    return cast(Site, app.extensions[EXTENSION])


def site() -> Site:
    """The state of the application that answers this request."""
    return site_of(current_app)
