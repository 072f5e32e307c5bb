"""The API's description, made of its routes and of the records' types: OpenAPI 3.1, `/api/v1/openapi.json`.

The routes are Flask's own map, what they take and give stands beside each view (`describe.py`), the records are the
named tuples that the library gives.  pydantic makes the schemas of those types, apispec puts the document together.
Both are imported only when the document is first asked for: no other page needs them.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from collections.abc import Mapping
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from flask import Flask
from werkzeug.routing import Rule
from werkzeug.routing.converters import AnyConverter
from werkzeug.routing.converters import NumberConverter

from web import describe
from xref.parse.facts import DEFINITION_KINDS
from xref.parse.facts import REFERENCE_KINDS

if TYPE_CHECKING:
    from apispec import APISpec

ROOT = "/api/v1/"
_REFERENCE = "#/components/schemas/{model}"
_TITLE = "xref"
_ABOUT = """\
What the command line prints with `--json`, by HTTP: each list is an array of records, whole, or a page of it
where `page` is given. Lines and columns count from 1; a column is a byte. Paths are relative to the tree.\
"""

#: fields that hold one of a few words, by record
_WORDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("Definition", "kind"): tuple(DEFINITION_KINDS),
    ("Reference", "kind"): tuple(REFERENCE_KINDS),
    ("Call", "kind"): ("direct", "macro", "indirect"),
    ("Edge", "kind"): (
        "direct", "macro", "field", "variable", "param", "table", "syscall", "asm", "deferred",
    ),
    ("Edge", "confidence"): ("exact", "typed", "name"),
    ("Store", "how"): ("designated", "gnu", "positional", "assigned", "argument", "pasted"),
}  # fmt: skip

_ERROR = {
    "type": "object",
    "description": "The one shape of an error.",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["status", "message"],
            "properties": {
                "status": {"type": "integer", "description": "The status of the answer."},
                "message": {"type": "string", "description": "One line: what is wrong, and what to do."},
            },
        }
    },
}
_ERRORS = {
    "400": "An argument cannot be taken: the message begins with its name.",
    "404": "Not there; the message names what is near.",
    "503": "The index cannot be read.",
}
_TOTAL = {"description": "How many records there are in all.", "required": True, "schema": {"type": "integer"}}
_LINK = {"description": "With `page`: the pages beside it, as RFC 8288 has it.", "schema": {"type": "string"}}


class Route(NamedTuple):
    """An address of the API: the rule, its view's docstring, what it takes and gives, `any`'s word if it was split."""

    rule: Rule
    text: str
    operation: describe.Operation
    word: str | None

    @property
    def gives(self) -> Any:
        """The type of the answer."""
        return self.operation.gives[self.word] if self.word else self.operation.gives

    @property
    def address(self) -> str:
        """The address as OpenAPI writes it, with the word in the place of `which`."""
        address = re.sub(r"<(?:[^:<>]*:)?(\w+)>", r"{\1}", self.rule.rule)
        return address.replace("{which}", self.word) if self.word else address


def described(app: Flask) -> Iterator[Route]:
    """The routes of the API that say what they are, by address."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda each: each.rule):
        view = app.view_functions[rule.endpoint]
        operation = describe.of(view)
        if rule.rule.startswith(ROOT) and operation is not None:
            words = list(operation.gives) if isinstance(operation.gives, Mapping) else [None]
            for word in words:
                yield Route(rule, inspect.getdoc(view) or "", operation, word)


def missing(app: Flask) -> list[str]:
    """The rules of the API whose views say nothing of themselves."""
    rules = [each for each in app.url_map.iter_rules() if each.rule.startswith(ROOT)]
    return sorted(each.rule for each in rules if describe.of(app.view_functions[each.endpoint]) is None)


def document(app: Flask, base: str, tree: str | None = None) -> dict[str, Any]:
    """The description of the whole API, which stands at `base` ("" or a prefix such as "/xref").

    `tree` is the example of a tree.
    """
    from apispec import APISpec

    routes = list(described(app))
    schemas, components = _schemas(routes)
    spec = APISpec(
        title=_TITLE,
        version="1",
        openapi_version="3.1.0",
        info={"description": _ABOUT},
        servers=[{"url": base or "/"}],
    )
    for name, schema in components.items():
        spec.components.schema(name, schema)
    spec.components.schema("Error", _ERROR)
    for status, says in _ERRORS.items():
        content = {"application/json": {"schema": {"$ref": _REFERENCE.format(model="Error")}}}
        spec.components.response(status, {"description": says, "content": content})
    for route, schema in zip(routes, schemas, strict=True):
        _add(spec, route, schema, tree)
    return spec.to_dict()


def _add(spec: APISpec, route: Route, schema: dict[str, Any], tree: str | None) -> None:
    summary, _, more = route.text.partition("\n")
    operation = route.operation
    is_list = _is_list(schema) and not operation.whole
    in_address = {*route.rule.arguments, *(route.rule.defaults or ())}
    arguments = [each for each in operation.arguments if each.name not in in_address]
    arguments += [describe.PAGE] if is_list else []
    headers: dict[str, Any] = {
        each.name: {"description": each.says, "schema": {"type": "string"}} for each in operation.headers
    }
    if is_list:
        headers |= {"X-Total-Count": _TOTAL, "Link": _LINK}
    content = {"schema": schema} if operation.media == "application/json" else {}
    answer = {"description": summary, "headers": headers, "content": {operation.media: content}}
    made = {
        # a route with a default has two addresses
        "operationId": ".".join(filter(None, (route.rule.endpoint, route.word, "top" if route.rule.defaults else ""))),
        "summary": summary,
        "description": more.strip(),
        "parameters": [*_places(route, tree), *map(_argument, arguments)],
        "responses": {"200": answer, **{status: status for status in _ERRORS}},
    }
    spec.path(route.address, operations={"get": {key: value for key, value in made.items() if value}})


def _is_list(schema: Mapping[str, Any]) -> bool:
    """Whether an answer is an array, whatever it is of."""
    return schema.get("type") == "array" or (bool(schema.get("anyOf")) and all(map(_is_list, schema["anyOf"])))


def _places(route: Route, tree: str | None) -> Iterator[dict[str, Any]]:
    """The parts of an address that vary."""
    own = {each.name: describe.Place(each.says, each.example or "") for each in route.operation.arguments}
    for name in re.findall(r"{(\w+)}", route.address):
        place = own.get(name) or describe.PLACES[name]
        example = tree if name == "tree" else place.example
        converter = route.rule._converters[name]
        schema: dict[str, Any] = {"type": "string"}
        if isinstance(converter, AnyConverter):
            schema["enum"] = sorted(converter.items)
        elif isinstance(converter, NumberConverter):
            schema = {"type": "integer", "minimum": converter.min or 0}
        made = {"name": name, "in": "path", "required": True, "description": place.says, "schema": schema}
        yield {**made, "example": example} if example else made


def _argument(argument: describe.Argument) -> dict[str, Any]:
    schema: dict[str, Any]
    if isinstance(argument.kind, tuple):
        schema = {"type": "string", "enum": list(argument.kind)}
    elif argument.kind is bool:
        schema = {"type": "string", "enum": ["0", "1"]}
    elif argument.kind is int:
        schema = {"type": "integer", "minimum": 1}
    else:
        schema = {"type": "string"}
    made: dict[str, Any] = {"name": argument.name, "in": "query", "description": argument.says, "schema": schema}
    if argument.required:
        made["required"] = True
    if argument.example is not None:
        made["example"] = argument.example
    return made


# -- the records ------------------------------------------------------------------------------------------


def _schemas(routes: list[Route]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The schema of each route's answer, and the named ones that these refer to."""
    from pydantic import TypeAdapter
    from pydantic.json_schema import GenerateJsonSchema
    from pydantic.json_schema import JsonSchemaMode

    mode: JsonSchemaMode = "serialization"

    class Records(GenerateJsonSchema):
        """A named tuple is an object with its fields, as `records.plain` writes it; pydantic has it as an array."""

        def named_tuple_schema(self, schema: Any) -> dict[str, Any]:
            fields = {each["name"]: self.generate_inner(each["schema"]) for each in schema["fields"]}
            about = {"description": inspect.getdoc(schema["cls"]) or schema["cls"].__name__}
            return {"type": "object", **about, "properties": _bare(fields), "required": list(fields)}

        def field_title_should_be_set(self, _: Any) -> bool:
            return False

    asked = [(place, mode, TypeAdapter(route.gives)) for place, route in enumerate(routes)]
    answers, shared = TypeAdapter.json_schemas(asked, ref_template=_REFERENCE, schema_generator=Records)
    named = {_short(name): _short_references(schema) for name, schema in shared.get("$defs", {}).items()}
    for (record, field), words in _WORDS.items():
        if record in named:
            named[record]["properties"][field]["enum"] = list(words)
    return [_short_references(answers[place, mode]) for place in range(len(routes))], named


def _bare(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields without defaults: an answer has them all."""
    return {
        name: {key: value for key, value in schema.items() if key != "default"} for name, schema in fields.items()
    }


def _short(name: str) -> str:
    """`xref__walk__claims__Record`, as pydantic tells records of one name apart, without the packages."""
    return ".".join(name.split("__")[-2:])


def _short_references(schema: Any) -> Any:
    """A schema with the short names in its references."""
    if isinstance(schema, dict):
        changed = {key: _short_references(value) for key, value in schema.items()}
        if isinstance(schema.get("$ref"), str):
            start, _, name = schema["$ref"].rpartition("/")
            changed["$ref"] = f"{start}/{_short(name)}"
        return changed
    return [_short_references(each) for each in schema] if isinstance(schema, list) else schema
