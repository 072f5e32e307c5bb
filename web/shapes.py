"""The shapes that lists and errors have in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import Generic
from typing import NamedTuple
from typing import TypeVar

from web.errors import BadArgumentError

T = TypeVar("T")


class Listing(NamedTuple, Generic[T]):
    """One page of a list."""

    items: Sequence[T]
    total: int
    page: int
    pages: int


def paged(items: Sequence[T], page: int, size: int) -> Listing[T]:
    """A page of a list, pages counting from 1; an empty list has one page."""
    pages = max(1, -(-len(items) // size))
    if page > pages:
        raise BadArgumentError("page", f"{page} is beyond the last, {pages}")
    return Listing(items[(page - 1) * size : page * size], len(items), page, pages)


def plain(value: Any) -> Any:
    """A value as JSON has it: a record becomes an object with its fields."""
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: plain(field) for name, field in value._asdict().items()}
    if isinstance(value, Mapping):
        return {name: plain(field) for name, field in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return value


def error(status: int, message: str) -> dict[str, Any]:
    """The one shape of an error."""
    return {"error": {"status": status, "message": message}}
