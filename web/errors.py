"""What a view raises when it cannot answer; `app.py` makes the page or the JSON of it.

A message is English, for programs and for the log.  One whose parts are given apart, as in
`NotFoundError(N_("there is no tree %(tree)s"), tree=tree)`, a page says in the reader's language.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from flask_babel import gettext


class Suggestion(NamedTuple):
    """Something near to what was asked for: what to call it, and its address."""

    text: str
    url: str


class SiteError(Exception):
    """An answer that is an error: its text is one line, what is wrong and what to do."""

    status = 500

    def __init__(self, message: str, near: Sequence[Suggestion] = (), **given: object) -> None:
        self.message = message % given if given else message
        super().__init__(self.message)
        self.near = tuple(near)
        self._template = message
        self._given = given

    @property
    def said(self) -> str | None:
        """The message in the reader's language; None where nobody translated it."""
        from web import told

        words: str = gettext(self._template)
        if words == self._template:
            return told.said(self._template)
        return words % self._given if self._given else words


class NotFoundError(SiteError):
    """Asked for something that is not there."""

    status = 404


class BadArgumentError(SiteError):
    """An argument that cannot be taken; the message begins with its name."""

    status = 400

    def __init__(self, argument: str, message: str, **given: object) -> None:
        super().__init__(message, (), **given)
        self.argument = argument
        self.message = f"{argument}: {self.message}"
        self.args = (self.message,)

    @property
    def said(self) -> str | None:
        """The message in the reader's language, with the argument's name before it."""
        words = super().said
        return None if words is None else f"{self.argument}: {words}"


class UnavailableError(SiteError):
    """The index cannot be read."""

    status = 503
