"""The one error that this room raises."""

from __future__ import annotations


class IndexFileError(Exception):
    """Something about an index; its text is one line: what is wrong, and what to do."""
