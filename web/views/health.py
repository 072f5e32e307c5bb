"""`/healthz`: can the index be read?"""

from __future__ import annotations

import sqlite3

from flask import Blueprint

from web.errors import UnavailableError
from web.languages import N_
from web.site import site
from xref.index.errors import IndexFileError

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def record() -> dict[str, object]:
    """200 and the trees, after a read of each; 503 if that fails."""
    indexes = site().indexes
    trees = indexes.trees()
    try:
        for tree in trees:
            with indexes.lease(tree) as index:
                index.directory("")
    except (IndexFileError, sqlite3.Error, OSError) as error:
        raise UnavailableError(N_("the index cannot be read: its reason is in the site's log")) from error
    return {"status": "ok", "trees": trees}
