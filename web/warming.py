"""What the first readers of an index would wait for, worked out before they ask: once for each state of the file.

One process warms itself in a thread while it serves already.  Where several serve, their parent does it once and they
take what it found over: see `web/workers.py`.
"""

from __future__ import annotations

import gc
import logging
import threading
from typing import cast

from flask import Flask

from web import walks
from web.errors import UnavailableError
from web.graphs import prepare
from web.site import site
from web.views import document
from xref.index.files import FileState
from xref.index.mentions import warm as warm_mentions

_STATE = "xref.warming"


class _State:
    """Which state of the file has been warmed, or is being warmed."""

    def __init__(self) -> None:
        self.warmed: FileState | None = None
        self.lock = threading.Lock()


def init_app(app: Flask) -> None:
    """Prepare an application to be warmed."""
    app.extensions[_STATE] = _State()


def warm_always(app: Flask) -> None:
    """Warm an application now, and whenever a request sees a new index; for one process alone."""
    app.before_request(lambda: _begin(app))
    _begin(app)


def _begin(app: Flask) -> None:
    warm(app)


def warm(app: Flask) -> threading.Thread | None:
    """Begin to warm an application in a thread.  None where that was begun before, or there is no index yet."""
    with app.app_context():
        state = cast(_State, app.extensions[_STATE])
        stamp = stamp_of(app)
        if stamp is None:
            # a site without an index says so where it is asked
            return None
        with state.lock:
            if state.warmed == stamp:
                return None
            state.warmed = stamp

    def work() -> None:
        gc.unfreeze()
        work_out(app)
        settle()

    thread = threading.Thread(target=work, name="warming", daemon=True)
    thread.start()
    return thread


def settle() -> None:
    """Keep the collector from what stays: looking at all of it takes a fifth of a second, in the midst of a request.

    It also writes into what it looks at, and what is written is no longer shared with a process that was forked.
    """
    gc.collect()
    gc.freeze()


def stamp_of(app: Flask) -> FileState | None:
    """What tells the state of the index that an application sees now; None where it cannot be read."""
    with app.app_context():
        try:
            return site().indexes.stamp()
        except UnavailableError:
            return None


def work_out(app: Flask) -> bool:
    """Work it all out, in seconds for a kernel; False where something could not be, of which the log has the reason."""
    with app.app_context():
        try:
            for tree in site().indexes.trees():
                site().indexes.facts(tree)
                with site().indexes.lease(tree) as index:
                    prepare(index)
                    warm_mentions(index)
                    index.warm()
                    walks.prepare(index)
                document.hold(tree)
        except Exception as error:
            # whoever asks for the page gets the error
            logging.getLogger(__name__).warning("not all could be worked out beforehand: %s", error)
            return False
    return True
