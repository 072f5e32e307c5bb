"""The command that holds the document against a tree: its claims with a verdict each, and its path."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from xref.options import Session
from xref.options import answer
from xref.options import as_json
from xref.options import in_language
from xref.show import Paint

if TYPE_CHECKING:
    from xref.walk import claims as document_claims
    from xref.walk import document

_VERDICTS = ("confirmed", "imprecise", "wrong", "unknown")


@click.command()
@click.option("--verdict", type=click.Choice(_VERDICTS), metavar="V",
              help=f"Only claims with this verdict: {', '.join(_VERDICTS)}.")  # fmt: skip
@click.option("--path", "as_path", is_flag=True, help="Show the document's path through this tree instead.")
@in_language
@as_json
@click.pass_obj
def claims(session: Session, verdict: str | None, as_path: bool, language: str, as_json: bool) -> int:
    """Check what the document "Path of a packet" claims.

    Each claim gets a verdict on this tree: confirmed, imprecise (a detail is off, or it holds only in part),
    wrong (the source contradicts it) or unknown (this tree cannot tell), with the reason and the file:line that
    show it.  On another tree the verdicts are worked out anew.

    \b
    Examples:
      xref claims --verdict wrong
      xref claims --path --lang ko
      xref claims --json | jq -r '.[] | [.n, .verdict] | @tsv'
    """
    from xref.graph.callgraph import CallGraph
    from xref.walk import claims as document_claims
    from xref.walk import document
    from xref.walk.facts import Facts

    facts = Facts(CallGraph(session.open()))
    if as_path:
        steps = [document.told(each, language) for each in document.walk(facts)]
        return answer(steps, as_json, lambda paint: _path(steps, paint))
    judged = [each for each in document_claims.judge(facts) if verdict in (None, each.verdict)]
    found = [document_claims.told(each, language) for each in judged]
    return answer(
        found, as_json, lambda paint: _claims(found, language, paint), lambda: f"no claim is {verdict} on this tree"
    )


def _claims(found: Sequence[document_claims.Record], language: str, paint: Paint) -> Iterator[str]:
    """The claim and its verdict, the reason, the places."""
    from xref.walk.data import words

    verdicts = words("verdicts", language)
    for each in found:
        yield f"{each.n:3} {paint('kind', verdicts[each.verdict])}  {paint('name', each.claim)}"
        yield f"    {each.why}"
        if each.evidence:
            yield "    " + "  ".join(paint("path", place) for place in each.evidence)


def _path(steps: Sequence[document.Record], paint: Paint) -> Iterator[str]:
    """Each layer with its functions: what the document says, the tree's way there, and where they part."""
    layer = ""
    for step in steps:
        if step.layer != layer:
            layer = step.layer
            yield f"{paint('kind', layer)} {paint('note', step.section)}".rstrip()
        yield f"  {paint('name', step.function)}  {paint('path', step.defined_at or '')}".rstrip()
        if step.says:
            yield f"      {step.says}"
        for leg in step.legs:
            for edge in leg["edges"]:
                proof = f"  proof {edge['evidence']}" if edge["evidence"] else ""
                how = paint("note", f"{edge['kind']}{' ' + edge['via'] if edge['via'] else ''}{proof}")
                yield f"      {paint.place(edge['file'], edge['line'])}: {edge['caller']} > {edge['callee']}  {how}"
        for remark in step.remarks:
            yield f"    ! {remark}"


COMMANDS = (claims,)
