"""`/TREE/walk/` and `/TREE/walk/SCENARIO`: the executable walkthroughs, as pages, as records, as a capture file."""

from __future__ import annotations

import json
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any
from typing import NamedTuple

from flask import Blueprint
from flask import Response
from flask import get_template_attribute
from flask import jsonify
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from web import arguments
from web import languages
from web import pictures
from web import walks
from web.describe import Argument
from web.describe import answers
from web.errors import BadArgumentError
from web.languages import N_
from web.shapes import answer
from web.site import site
from web.walks import Chosen
from web.walks import Tree
from xref.stack import pcap
from xref.stack import scenario as scenarios
from xref.stack.sysctl import RANGES as SYSCTLS
from xref.walk import stories
from xref.walk.session import Session

blueprint = Blueprint("walk", __name__)

#: the panels that change with each step, in the order of the page
PANELS = ("caption", "source", "stack", "skb", "sock", "bytes", "sequence")
#: columns of the picture of a whole run
_COLUMNS = 360
#: system calls of a run that are named above it
_MOST_CALLS = 40
#: the options of a run, as the API tells of them
_OPTIONS = tuple(
    Argument(name, f"An option of the run, `{json.dumps(value)}` unless the scenario has another.")
    for name, value in scenarios.DEFAULTS.items()
)


class Scenario(NamedTuple):
    """A scenario: what it teaches, the context it is in, and its options with the values they have unless given."""

    name: str
    teaches: str
    context: str
    options: dict[str, Any]


@blueprint.get("/<tree>/walk/")
def index(tree: str) -> AnyResponse | str:
    """The scenarios that can be walked, by group; `q` leaves those that say it, `scenario` leads to one."""
    wanted, name = arguments.text("q"), arguments.text("scenario")
    with site().indexes.lease(tree):
        if name:
            asked = walks.chosen(tree, name)
            return redirect(_address(tree, asked, None))
        groups = [
            (group, [one for one in found if _says(one.record(), wanted)]) for group, found in walks.groups()
        ]
        count = sum(len(found) for _, found in groups)
        return render_template(
            "walks.html", tree=tree, groups=[each for each in groups if each[1]], wanted=wanted, count=count,
            summary=walks.text, teaches=walks.teaches,
        )  # fmt: skip


def _says(record: dict[str, Any], wanted: str) -> bool:
    """Whether a scenario's name, sentence, context or options have every word that is looked for."""
    said = f"{record['name']} {walks.teaches(record)} {record['teaches']} {record['context']}".lower()
    return all(word in said for word in wanted.lower().split())


@blueprint.get("/<tree>/walk/<scenario>")
def page(tree: str, scenario: str) -> AnyResponse | str:
    """A run at one of its steps; `to` or `function` lead to the next step that is such."""
    with site().indexes.lease(tree) as index:
        asked = walks.chosen(tree, scenario)
        session = walks.session(asked)
        n = walks.step(session)
        wanted = _wanted()
        if wanted:
            found = session.find(wanted, n)
            missed = wanted if found is None else None
            return redirect(_address(tree, asked, n if found is None else found, missed=missed))
        view = Tree(index, asked.scenario)
        panels = _Panels(tree, asked, session, view)
        record = session.record(n, view.prove)
        return render_template(
            "walk.html",
            tree=tree,
            asked=asked,
            teaches=walks.teaches(asked.scenario.record()),
            session=session,
            record=record,
            panels={name: Markup(html) for name, html in panels.of(record).items()},
            fixed={name: Markup(html) for name, html in panels.fixed().items()},
            log=panels.log(n),
            address=panels.address,
            missed=arguments.text("missed"),
        )


def _wanted() -> str:
    """What the next step looked for has to be: a kind of landmark, or a function that is entered."""
    kind = arguments.choice("to", ("event", "segment", "call"))
    return kind or arguments.text("function").strip()


def _address(tree: str, asked: Chosen, step: int | None, **more: str | None) -> str:
    """The address of a run at a step."""
    given: dict[str, Any] = {**asked.given, **{name: value for name, value in more.items() if value}}
    if "lang" in request.args:
        given["lang"] = languages.language()
    if step is not None:
        given["step"] = step
    return url_for("walk.page", tree=tree, scenario=asked.scenario.name, **given)


class _Panels:
    """Makes the HTML of the panels that change with the step, for one request; what was made before is kept."""

    def __init__(self, tree: str, asked: Chosen, session: Session, view: Tree) -> None:
        self.tree, self.asked, self.session, self.view = tree, asked, session, view
        self.macros = {name: get_template_attribute("walk_panels.html", name) for name in PANELS}
        # the address of a step is asked for a dozen times in each: it is put together here
        self.base = _address(tree, asked, None)
        self.joint = "&" if "?" in self.base else "?"
        self.key = (site().indexes.stamp(), tree, self.base, languages.language())

    def address(self, step: int) -> str:
        """A step's address."""
        return f"{self.base}{self.joint}step={step}"

    def of(self, record: dict[str, Any]) -> dict[str, str]:
        """The HTML of each panel at a step."""
        chunk = pictures.chunk_of(record["segment"], len(self.session.segments))
        call = record["stack"][-1] if record["stack"] else None
        now = record["kind"] in ("enter", "leave")
        return {
            "caption": self._made("caption", record, {"said": stories.sentence(record, languages.language())}),
            "source": self._kept(
                "source", record, (call and call["n"], now, record["after"] and record["after"]["n"]),
                lambda: self._sources(record),
            ),
            "stack": self._kept("stack", record, call and call["n"], dict),
            "skb": self._kept("skb", record, record["skb"], lambda: {"picture": pictures.buffer(record["skb"])}),
            "sock": self._kept("sock", record, record["sock"], lambda: {"rows": pictures.members(record["sock"])}),
            "bytes": self._kept("bytes", record, record["packet"], lambda: {"dump": pictures.dump(record["packet"])}),
            "sequence": self._kept(
                "sequence", record, chunk,
                lambda: {"picture": pictures.sequence(self.session.segments, chunk, self.asked.options["peer"])},
            ),
        }  # fmt: skip

    def fixed(self) -> dict[str, str]:
        """The HTML of what is the same at each step."""
        session, asked = self.session, self.asked
        made = [each for each in session.landmarks if each.what == "call"][:_MOST_CALLS]
        own: dict[str, Callable[[], dict[str, Any]]] = {
            "profile": lambda: {
                "bars": pictures.profile(session.profile(_COLUMNS), len(session)), "marks": pictures.marks(session),
            },
            "functions": lambda: {"names": session.functions()},
            "calls": lambda: {"made": made, "address": self.address},
            "options": lambda: {
                "tree": self.tree, "name": asked.scenario.name, "asked": asked, "groups": walks.groups(),
                "text": walks.text, "ranges": scenarios.RANGES | {"payload": (0, walks.MOST_PAYLOAD)},
                "machines": scenarios.MACHINES, "sysctls": SYSCTLS,
            },
        }  # fmt: skip

        def make(name: str) -> Callable[[], str]:
            return lambda: str(get_template_attribute("walk_fixed.html", name)(**own[name]()))

        return {name: walks.panels.get((*self.key, name), make(name)) for name in own}

    def log(self, n: int) -> Markup:
        """What happens in the run, as items of a list: what comes after step n is marked as later."""
        happening = [each for each in self.session.landmarks if each.what != "call"]

        def make() -> str:
            item, language = get_template_attribute("walk_fixed.html", "happening"), languages.language()
            records = self.session.player.records
            return "\0".join(
                str(item(each, stories.sentence(records[each.n], language), self.address)) for each in happening
            )

        texts = walks.panels.get((*self.key, "log"), make).split("\0") if happening else []
        rows = []
        for each, text in zip(happening, texts, strict=True):
            later, shown = (" later", text) if each.n > n else ("", text)
            if each.n == n:
                shown = text.replace("<a ", '<a aria-current="true" ', 1)
            rows.append(f'<li class="{each.what}{later}" data-at="{each.n}">{shown.strip()}</li>')
        return Markup("\n".join(rows))

    def _sources(self, record: dict[str, Any]) -> dict[str, Any]:
        call_site, definition = self.view.sources(record)
        return {"site": call_site, "definition": definition, "after": self.view.after(record)}

    def _kept(self, name: str, record: dict[str, Any], depends: Any, own: Callable[[], dict[str, Any]]) -> str:
        """A panel that follows from the run and what it `depends` on."""
        key = (*self.key, name, repr(depends))
        return walks.panels.get(key, lambda: self._made(name, record, own()))

    def _made(self, name: str, record: dict[str, Any], own: dict[str, Any] | None = None) -> str:
        return str(self.macros[name](tree=self.tree, r=record, address=self.address, **(own or {})))


# -- records ------------------------------------------------------------------------------------------------


@blueprint.get("/api/v1/scenarios")
@answers(list[Scenario])
def scenario_records() -> Response:
    """The scenarios as records."""
    return answer([Scenario(**one.record()) for one in scenarios.load().values()])


@blueprint.get("/api/v1/<tree>/walk/<scenario>")
@answers(
    dict[str, Any],
    Argument("steps", "Steps, `from-to` or one, counted from 0; without it what the run is made of."),
    Argument("panels", "1: the steps as a page shows them.", bool),
    Argument("step", "Where `to` and `function` look from."),
    Argument("to", "The next such step.", ("event", "segment", "call")),
    Argument("function", "The next step that enters this function."),
    *_OPTIONS,
)
def records(tree: str, scenario: str) -> Response:
    """A run: what it is made of, or with `steps=from-to` its steps, as records or (`panels=1`) as a page shows them.

    With `to` or `function` and `step`: the next step that is such.
    """
    with site().indexes.lease(tree) as index:
        asked = walks.chosen(tree, scenario)
        session = walks.session(asked)
        n, wanted = walks.step(session), _wanted()
        if wanted:
            return jsonify({"n": session.find(wanted, n)})
        if not arguments.text("steps"):
            return jsonify(_overview(asked, session))
        view = Tree(index, asked.scenario)
        numbers = _window(session)
        found = [session.record(n, view.prove) for n in numbers]
        head = {"scenario": asked.scenario.name, "options": asked.options, "steps": len(session)}
        if not arguments.flag("panels"):
            return jsonify(head | {"records": found})
        return languages.varying(jsonify(head | _folded(tree, asked, session, view, found)))


def _window(session: Session) -> range:
    """The steps asked for by `steps=from-to` or `steps=n`.  Raises BadArgumentError."""
    first, dash, last = arguments.text("steps").partition("-")
    low = walks.place(session, "steps", first)
    high = walks.place(session, "steps", last) if dash else low
    if not 0 <= high - low < walks.MOST_AT_ONCE:
        said = f"{first}-{last}"
        raise BadArgumentError(
            "steps", N_("is from-to, %(most)s at most; it is %(value)s"), most=walks.MOST_AT_ONCE, value=said
        )
    return range(low, high + 1)


def _folded(
    tree: str, asked: Chosen, session: Session, view: Tree, found: list[dict[str, Any]]
) -> dict[str, Any]:
    """Steps with the HTML of their panels: each text once, named by its number."""
    texts: dict[str, int] = {}
    shown = []
    panels = _Panels(tree, asked, session, view)
    for record in found:
        shown.append({
            **{name: record[name] for name in ("n", "kind", "function", "to", "segment", "events")},
            "panels": {name: texts.setdefault(html, len(texts)) for name, html in panels.of(record).items()},
        })  # fmt: skip
    return {"records": shown, "html": list(texts)}


def _overview(asked: Chosen, session: Session) -> dict[str, Any]:
    """A run without its steps: what was run, what it called, what fired, what went over the wire."""
    own = session.landmarks
    return {
        "scenario": asked.scenario.name,
        "teaches": asked.scenario.teaches,
        "context": asked.scenario.context,
        "options": asked.options,
        "steps": len(session),
        "calls": [each._asdict() for each in own if each.what == "call"],
        "log": [each._asdict() for each in own if each.what != "call"],
        "segments": [
            {name: value for name, value in each._asdict().items() if name != "frame"} | {"frame": each.frame.hex()}
            for each in session.segments
        ],
    }


@blueprint.get("/api/v1/<tree>/walk/<scenario>/trace")
@answers(list[dict[str, Any]], *_OPTIONS, whole=True)
def trace(tree: str, scenario: str) -> Response:
    """All steps, as `xref walk --json` prints them."""
    with site().indexes.lease(tree):
        asked = walks.chosen(tree, scenario)
        session = walks.session(asked)

    def parts() -> Iterator[str]:
        between = "["
        for record in session.player.records:
            yield f"{between}\n{json.dumps(record)}"
            between = ","
        yield "\n]\n" if between == "," else "[]\n"

    return _download(Response(parts(), mimetype="application/json"), asked, "json")


@blueprint.get("/<tree>/walk/<scenario>/capture.pcap")
def capture(tree: str, scenario: str) -> Response:
    """What a capture on the client would show, as `xref walk --pcap` writes it."""
    with site().indexes.lease(tree):
        asked = walks.chosen(tree, scenario)
        run = walks.session(asked).run
    data = pcap.capture(run.capture(), run.hosts["client"].wall)
    return _download(Response(data, mimetype="application/vnd.tcpdump.pcap"), asked, "pcap")


def _download(response: Response, asked: Chosen, suffix: str) -> Response:
    response.headers["Content-Disposition"] = f'attachment; filename="{asked.scenario.name}.{suffix}"'
    return response
