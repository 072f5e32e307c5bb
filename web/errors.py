"""What a view raises when it cannot answer; `app.py` makes the page or the JSON of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Suggestion(NamedTuple):
    """Something near to what was asked for: what to call it, and its address."""

    text: str
    url: str


class SiteError(Exception):
    """An answer that is an error: its text is one line, what is wrong and what to do."""

    status = 500

    def __init__(self, message: str, near: Sequence[Suggestion] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.near = tuple(near)


class NotFoundError(SiteError):
    """Asked for something that is not there."""

    status = 404


class BadArgumentError(SiteError):
    """An argument that cannot be taken; the message begins with its name."""

    status = 400

    def __init__(self, argument: str, message: str) -> None:
        super().__init__(f"{argument}: {message}")


class UnavailableError(SiteError):
    """The index cannot be read."""

    status = 503
