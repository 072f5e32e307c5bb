"""What a reader prefers, language and theme, and the site's words in each language.

The words are gettext's: the English text is the key, `web/locales/LANGUAGE/*.po` has the others, one file for each
group of pages.  They are read as they are, so that there is nothing to compile.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TypeVar
from typing import cast
from urllib.parse import quote

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations
from babel.support import Translations
from flask import Flask
from flask import g
from flask import request
from flask_babel import Babel
from flask_babel import Domain
from flask_babel import get_locale
from werkzeug.wrappers import Response

#: the first is the one of the texts themselves; each with the name that its speakers give it
LANGUAGES = {"en": "English", "ko": "한국어"}
THEMES = ("light", "dark")
LOCALES = Path(__file__).parent / "locales"

R = TypeVar("R", bound=Response)

_LANGUAGE = "lang"
_THEME = "theme"
_YEAR = 365 * 24 * 3600
_LONGEST_ADDRESS = 2000


def N_(message: str) -> str:  # noqa: N802 - the name by which words are collected
    """Marks a message as one that has translations."""
    return message


def language() -> str:
    """The language asked for in the address, else chosen before, else liked best by the browser, else English."""
    for chosen in (request.args.get(_LANGUAGE), request.cookies.get(_LANGUAGE)):
        if chosen in LANGUAGES:
            return chosen
    return request.accept_languages.best_match(LANGUAGES) or next(iter(LANGUAGES))


def theme() -> str | None:
    """The theme chosen before; None leaves it to the reader's system."""
    chosen = request.cookies.get(_THEME)
    return chosen if chosen in THEMES else None


def here() -> str:
    """The address of this request, as a link within this site; "" for one too long to come back to."""
    query = request.query_string.decode("latin-1")
    address = quote(request.script_root + request.path) + (f"?{query}" if query else "")
    return address if len(address) <= _LONGEST_ADDRESS else ""


def remember(response: Response, language: str | None = None, theme: str | None = None) -> None:
    """Keep a choice in the reader's browser for a year; a theme that is none of THEMES is forgotten."""
    path = request.script_root or "/"
    for name, value, known in ((_LANGUAGE, language, tuple(LANGUAGES)), (_THEME, theme, THEMES)):
        if value in known:
            response.set_cookie(name, value, max_age=_YEAR, path=path, samesite="Lax")
        elif value is not None:
            response.delete_cookie(name, path=path, samesite="Lax")


def varying(response: R) -> R:
    """Say to caches that the answer depends on what the reader prefers."""
    response.vary.update(("Cookie", "Accept-Language"))
    return response


def read_catalogue(language: str) -> Catalog:
    """All words of a language, of all its files.  A text in two files has the words of the later one."""
    whole = Catalog(locale=language)
    for file in sorted((LOCALES / language).glob("*.po")):
        with file.open("rb") as stream:
            for message in read_po(stream, locale=language):
                if message.id:
                    whole[message.id] = message
    return whole


class _Words(Domain):  # type: ignore[misc]  # the package has no types
    """Translations read from the .po files, once for each language."""

    def get_translations(self) -> NullTranslations:
        language = _selected()
        if language not in self.cache:
            self.cache[language] = _translations(language)
        return cast(NullTranslations, self.cache[language])


def _selected() -> str:
    locale = get_locale()
    return locale.language if locale else next(iter(LANGUAGES))


def _translations(language: str) -> NullTranslations:
    compiled = BytesIO()
    write_mo(compiled, read_catalogue(language))
    compiled.seek(0)
    return Translations(compiled)


def init_app(app: Flask) -> None:
    """Give the application's templates `_()` and `ngettext()`, and what the reader prefers."""
    babel = Babel(app, locale_selector=language)
    babel.domain_instance = words = _Words()

    def current() -> NullTranslations:
        # asked some forty times for a page: once is enough
        found: NullTranslations | None = g.get("words")
        if found is None:
            found = g.words = words.get_translations()
        return found

    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # of Jinja's extension i18n
        lambda text: current().ugettext(text),
        lambda one, many, number: current().ungettext(one, many, number),
        newstyle=True,
    )
    app.jinja_env.globals.update(languages=LANGUAGES, language=language, theme=theme, here=here)
