"""What the library says of bad input, in the reader's language.

The library's errors are sentences in English, for the command line as well.  Each that a page can show stands here
with names for what varies in it, so that the sentence is recognised and said by its translation.
tests/web/test_errors.py asks for each of them.
"""

from __future__ import annotations

import re

from flask_babel import gettext

from web.languages import N_

_SENTENCES = (
    # xref.index.text: PatternError
    N_("an empty pattern matches everything: give at least one character"),
    N_("the pattern has %(length)s characters: %(most)s are the most"),
    N_("%(pattern)s is no regular expression (%(reason)s): see the syntax of RE2, or search for it as plain text"),
    # xref.index.search_query: QueryError
    N_("%(name)s: needs a value right behind the colon, as in %(example)s"),
    N_("%(name)s: is there twice: give one"),
    N_("kind:%(kind)s is no kind: there are %(kinds)s"),
    N_("arch:%(arch)s is not in this tree: it has %(archs)s"),
    N_("case:%(case)s is neither case:yes nor case:no"),
    N_("kind:%(kind)s goes with one identifier, as in %(example)s"),
    N_("regex: needs an expression, as in %(example)s"),
    # xref.index.configuration: ConfigurationError
    N_("%(word)s is no option such as CONFIG_SMP=y, and no file of this tree"),
    N_("%(path)s sets no options"),
    # xref.stack: ScenarioError
    N_("there is no machine %(name)s (there are %(there)s)"),
    N_("%(name)s is from %(low)s to %(high)s, not %(value)s"),
    N_("%(name)s takes a number from %(low)s to %(high)s, not %(value)s"),
    N_("%(name)s takes %(count)s rising numbers from %(low)s to %(high)s, not %(value)s"),
    N_("this takes more than %(most)s steps: choose a smaller payload or a larger MSS"),
)
_VARIES = re.compile(r"%\\\((\w+)\\\)s|%\((\w+)\)s")


def _expression(sentence: str) -> re.Pattern[str]:
    parts = _VARIES.split(sentence)[::3]
    names = [one or other for one, other in _VARIES.findall(sentence)]
    groups = [f"(?P<{name}>.+?)" if names.index(name) == place else f"(?P={name})" for place, name in enumerate(names)]
    return re.compile(re.escape(parts[0]) + "".join(g + re.escape(p) for g, p in zip(groups, parts[1:], strict=True)))


_KNOWN = [(sentence, _expression(sentence)) for sentence in _SENTENCES]


def said(message: str) -> str | None:
    """The library's sentence in the reader's language; None where it is not known."""
    for sentence, expression in _KNOWN:
        found = expression.fullmatch(message)
        words: str = gettext(sentence)
        if found and words != sentence:
            return words % found.groupdict() if found.groupdict() else words
    return None
