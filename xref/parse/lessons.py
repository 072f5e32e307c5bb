"""What a tree's own macros teach about reading the tree.

`asmlinkage`, `__init`, `__user`, `fastcall` are not C: they are macros that expand to attributes or to
nothing, and each tree has its own.  Others are loop heads, or whole statements, or make definitions.
`learn` reads the `#define`s of one file; `Lessons.gather` puts the files of a tree together.

Pure functions over bytes; uses `words` only.
"""

from __future__ import annotations

import functools
import importlib.resources
import re
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import NamedTuple

from xref.parse import words

_DEFINE = re.compile(
    rb"#[ \t]*define[ \t]+([A-Za-z_]\w*)(\((?:[^()\n\\]|\\\r?\n)*\))?"
    rb"((?:[^\n\\/]|\\.|/(?!\*)|/\*(?:[^*]|\*(?!/))*+\*/)*+)",
    re.DOTALL,
)
_COMMENT = re.compile(rb"/\*(?:[^*]|\*(?!/))*+\*/|//[^\n]*|\\\r?\n", re.DOTALL)
_TOKEN = re.compile(rb'[A-Za-z_]\w*|\d\w*|"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)+\'|##?|\.\.\.|\S')
_LEVEL = re.compile(rb"^[ \t]*#[ \t]*(if\w*|endif|define)\b[ \t]*(\w*)", re.MULTILINE)
_UNDEF = re.compile(rb"#[ \t]*undef[ \t]+(\w+)")
_MOST_BODY = 6000
_HEADS = (b"for", b"while", b"if", b"switch")


@functools.cache
def _usual() -> bytes:
    return importlib.resources.files("xref.parse").joinpath("usual.h").read_bytes()


class Macro(NamedTuple):
    """One `#define`: params is None for an object-like macro."""

    name: bytes
    params: tuple[bytes, ...] | None
    body: bytes


def defines(data: bytes) -> Iterable[Macro]:
    """The `#define`s of a file, comments and line joins out of the body."""
    for match in _DEFINE.finditer(data):
        start = match.start()
        before = data[data.rfind(b"\n", 0, start) + 1 : start].rstrip()
        if before and not before.endswith(b"*/"):
            continue  # a comment speaks of one: `* only a single #define is generated. Likewise,`
        name, params, body = match.groups()
        if len(body) > 80 and len(body) > _MOST_BODY:
            body = body[:_MOST_BODY]
        if b"\\" in body or b"/" in body:
            body = _COMMENT.sub(b" ", body)
        names = None if params is None else tuple(parameter_names(params))
        yield Macro(name, names, body.strip())


def parameter_names(params: bytes) -> list[bytes]:
    """`(a, b, args...)` → a, b, args; a bare `...` is `__VA_ARGS__`."""
    inner = _COMMENT.sub(b" ", params)[1:-1].strip()
    if not inner:
        return []
    names = (part.strip() for part in inner.split(b","))
    return [b"__VA_ARGS__" if name == b"..." else name.removesuffix(b"...").strip() for name in names]


def split(body: bytes) -> list[bytes]:
    """A macro body's tokens, as text."""
    return _TOKEN.findall(body)


def _only_annotates(tokens: list[bytes]) -> bool:
    """Is what stands around a wrapper's argument attributes and the like, or nothing?"""
    bare = _bare_words(tokens)
    return bare is not None and all(word in words.ANNOTATION_WORDS or word.startswith(b"__") for word in bare)


class Braces(NamedTuple):
    """How many more braces a macro's own body opens than it closes, and what else is in it.

    value   does the last one that it opens begin an initialiser
    words   the names in it, each as often as it stands there; they may be macros that open or close others
    """

    opened: int
    value: bool
    words: tuple[bytes, ...]


@dataclass(slots=True)
class Taught:
    """What one file's macros teach; small enough to send between processes."""

    annotations: dict[bytes, set[tuple[bytes, ...]]] = field(default_factory=dict)
    annotation_calls: dict[bytes, set[tuple[bytes, ...]]] = field(default_factory=dict)
    wrappers: set[bytes] = field(default_factory=set)
    loops: set[bytes] = field(default_factory=set)
    statements: set[bytes] = field(default_factory=set)
    functions_like: set[bytes] = field(default_factory=set)
    pointers: set[bytes] = field(default_factory=set)
    fragments: set[bytes] = field(default_factory=set)
    braces: dict[bytes, Braces] = field(default_factory=dict)
    others: set[bytes] = field(default_factory=set)
    #: macros that are one other word, `#define hfs_find hfsplus_find`; b"" beside it where that has a condition
    renames: dict[bytes, set[bytes]] = field(default_factory=dict)
    #: macros whose body may define something, with all that is needed to expand them
    makers: list[Macro] = field(default_factory=list)
    #: what a header lists: see `listed`
    listed: dict[bytes, tuple[tuple[bytes, ...], ...]] = field(default_factory=dict)


def _bare_words(tokens: list[bytes]) -> tuple[bytes, ...] | None:
    """The words of a body that may be all annotation, or None where it cannot be.

    Parenthesised text after `__attribute__` and its kin is skipped; anything that is no word (bar the "C" of
    `extern "C"`) makes it something else.
    """
    found: list[bytes] = []
    depth = 0
    for token in tokens:
        if token == b"(":
            if not depth and not found:
                return None
            depth += 1
        elif token == b")":
            depth -= 1
        elif depth:
            continue
        elif token[:1].isalpha() or token[:1] == b"_":
            found.append(token)
        elif token != b'"C"':
            return None
    return tuple(found) if not depth else None


def _is_loop(tokens: list[bytes]) -> bool:
    """A body that ends where a statement must follow: `for (…)`, `({ … }) if (x)`, `if (x) {} else`."""
    if not tokens or (b"for" not in tokens and b"if" not in tokens and tokens[0] not in _HEADS):
        return False
    if tokens[-1] == b"else" or tokens == [b"do"]:
        return True
    if tokens[-1] != b")" or b"do" in tokens:
        return False
    depth = 0
    for place in range(len(tokens) - 1, -1, -1):
        depth += (tokens[place] == b")") - (tokens[place] == b"(")
        if not depth:
            return place > 0 and tokens[place - 1] in _HEADS
    return False


def _is_fragment(body: bytes) -> bool:
    """A piece of an expression or a list that is none by itself: `* HZ`, `struct htb_sched *q,`, `return`, `owner:`."""
    if not body:
        return False
    if body[-1:] == b"," or re.search(rb"(^|\W)return$|^\w+[ \t]*:$", body):
        return True
    return (body[:1] in b"*/%|^<>?:=," and len(body) > 1) or body.startswith((b"->", b"&& ", b"+ "))


def _is_statement(tokens: list[bytes]) -> bool:
    return bool(tokens) and (
        tokens[-1] == b";" or (tokens[-1] == b"}" and tokens[0] in (b"{", b"if", b"for", b"while", b"do"))
    )


_MAKER_FIRST = frozenset(
    b"static extern const struct union enum typedef inline unsigned signed int char void long short asmlinkage "
    b"typeof __typeof__ __typeof u8 u16 u32 u64 volatile noinline __always_inline notrace __visible".split()
)


def _may_define(macro: Macro, tokens: list[bytes]) -> bool:
    """May this function-like macro define something when it stands outside of functions?"""
    if not tokens or tokens[0] in (b"(", b"{", b"do", b"if", b"while", b"for", b"asm", b"__asm__", b"return"):
        return False
    if tokens[0] in _MAKER_FIRST or tokens[0].startswith(b"__attribute"):
        return True
    if not (tokens[0][:1].isalpha() or tokens[0][:1] == b"_"):
        return False
    params = macro.params or ()
    if len(tokens) > 1 and tokens[0] in params and (tokens[1] in params or tokens[1] == b"##" or tokens[1] == b"*"):
        return True
    # another macro's use, which may define in its turn; or `some_t name = …`
    return len(tokens) > 1 and (
        tokens[1] in (b"(", b"##") or (tokens[1][:1].isalpha() or tokens[1][:1] == b"_" or tokens[1] == b"*")
    )


def learn(data: bytes) -> Taught:
    """What the macros of one file teach."""
    taught = Taught()
    # What a file takes back is for the file it includes next, not for the tree: `#define LSM_HOOK(…)`.
    undone = set(_UNDEF.findall(data)) if b"undef" in data else set()
    for macro in defines(data):
        name, params, body = macro
        if name in words.LANGUAGE:
            continue
        if b"{" in body or b"}" in body:
            _learn_braces(name, body, taught)
        if params is None:
            if body == b"*":
                taught.pointers.add(name)
                continue
            if _is_fragment(body):
                taught.fragments.add(name)
                continue
            if b"(" in body and _is_loop(split(body)):
                taught.loops.add(name)
            elif b";" in body or body.endswith(b"}"):
                taught.statements.add(name)
            if body == name or (body and not (body[:1].isalpha() or body[:1] == b"_")):
                # `#define phys_to_target_node phys_to_target_node`: there is a function of that name
                taught.others.add(name)
                continue
            bare = _bare_words(split(body)) if body else ()
            if bare is None:
                taught.others.add(name)
            else:
                taught.annotations.setdefault(name, set()).add(bare)
                if bare == (body,) and _names_code(name) and _names_code(body):
                    taught.renames.setdefault(name, set()).add(body)
            continue
        _learn_call(macro, taught, passing=name in undone)
    if taught.renames:
        for name in taught.renames.keys() - (_unconditional(data) - undone):
            taught.renames[name].add(b"")
    return taught


def _names_code(word: bytes) -> bool:
    return word not in words.LANGUAGE and not word.isupper()


def _unconditional(data: bytes) -> set[bytes]:
    """The macros of a header that stand under no condition but its guard."""
    found: set[bytes] = set()
    depth, guard = 0, b""
    for number, match in enumerate(_LEVEL.finditer(data)):
        word, name = match.groups()
        if word == b"define":
            if depth <= bool(guard) and name != guard:
                found.add(name)
        elif word == b"endif":
            depth -= 1
            guard = guard if depth else b""
        else:
            depth += 1
            if number == 0 and word == b"ifndef":
                guard = name
    return found


def _learn_braces(name: bytes, body: bytes, taught: Taught) -> None:
    """Macros that come in pairs, one with `{` and one with `}`; one that leaves a `(` open as well is cut short."""
    tokens = split(body)
    opened = tokens.count(b"{") - tokens.count(b"}")
    if opened and tokens.count(b"(") == tokens.count(b")"):
        value = False
        if opened > 0:
            place = len(tokens) - 1 - tokens[::-1].index(b"{")
            value = place > 0 and tokens[place - 1] == b"="
        names = tuple(token for token in tokens if token[:1].isalpha() or token[:1] == b"_")
        taught.braces[name] = Braces(opened, value, names)


def _unpaired(braces: Mapping[bytes, Sequence[Braces]]) -> Iterator[tuple[bytes, int]]:
    """The macros that open or close a block when all in them is expanded, and the flag that says so."""
    first = {name: bodies[0].opened for name, bodies in braces.items()}
    for name, bodies in braces.items():
        for body in bodies:
            opened = body.opened + sum(first.get(word, 0) for word in body.words if word != name)
            if opened > 0:
                yield name, words.OPENER | (words.OPENS_VALUE if body.value else 0)
            elif opened < 0:
                yield name, words.CLOSER


def _learn_call(macro: Macro, taught: Taught, *, passing: bool) -> None:
    name, params, body = macro
    if params is None:
        return
    first = name not in taught.functions_like
    taught.functions_like.add(name)
    tokens = split(body)
    without = [token for token in tokens if token not in params]
    bare = _bare_words(tokens)
    if bare is not None and not any(word in params for word in bare):
        taught.annotation_calls.setdefault(name, set()).add(bare)
    elif len(params) == 1 and tokens.count(params[0]) == 1 and len(tokens) < 12 and _only_annotates(without):
        taught.wrappers.add(name)
    if _is_loop(tokens):
        taught.loops.add(name)
    elif _is_statement(tokens):
        taught.statements.add(name)
    # Of alternatives in one file the first counts, as it does where a branch of an `#if` must be chosen.
    if first and not passing and _may_define(macro, tokens):
        taught.makers.append(macro)


def scope_of(path: str) -> str:
    """Where in the tree a file's macros can be seen: a directory with all below it, or the file alone.

    `""` is the whole tree.  A header under `include/` is for the whole tree, or for what the `include/` is in.
    """
    parts = path.split("/")
    if not path.endswith(".h"):
        return path
    if "include" in parts[:-1]:
        before = parts[: parts.index("include")]
        return "" if len(before) < 2 or (len(before) == 2 and before[0] == "arch") else "/".join(before)
    return "/".join(parts[:-1])


def scopes_of(path: str) -> list[str]:
    """The scopes a file looks names up in, the widest first."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(len(parts) + 1)]


@dataclass(slots=True)
class _Scope:
    """What the files of one scope define a name as."""

    plain: dict[bytes, set[tuple[bytes, ...]]] = field(default_factory=dict)
    calls: dict[bytes, set[tuple[bytes, ...]]] = field(default_factory=dict)
    wrappers: set[bytes] = field(default_factory=set)
    pointers: set[bytes] = field(default_factory=set)
    fragments: set[bytes] = field(default_factory=set)
    others: set[bytes] = field(default_factory=set)

    def add(self, part: Taught) -> None:
        for name, body in part.annotations.items():
            self.plain.setdefault(name, set()).update(body)
        for name, body in part.annotation_calls.items():
            self.calls.setdefault(name, set()).update(body)
        self.wrappers |= part.wrappers
        self.pointers |= part.pointers
        self.fragments |= part.fragments
        self.others |= part.others
        self.others |= part.functions_like - part.annotation_calls.keys() - part.wrappers

    def decided(self) -> set[bytes]:
        """The names that this scope has something to say about."""
        return self.others | self.plain.keys() | self.calls.keys() | self.wrappers | self.pointers | self.fragments


@dataclass(slots=True)
class Lessons:
    """What all the macros of a tree teach, ready to be asked.

    flags    what a name means everywhere
    scoped   for a directory or file, the names that mean something else there (bits of `words.SCOPED`)
    makers   the macros that may define things, with every body they have in the tree
    lists    by path the headers that are lists of a macro's uses: see `listed`
    renames  for a directory, the names that its headers make other names: a function that is defined by the one
             has the other
    """

    flags: dict[bytes, int] = field(default_factory=dict)
    scoped: dict[str, dict[bytes, int]] = field(default_factory=dict)
    makers: dict[bytes, list[Macro]] = field(default_factory=dict)
    lists: dict[str, dict[bytes, tuple[tuple[bytes, ...], ...]]] = field(default_factory=dict)
    renames: dict[str, dict[bytes, bytes]] = field(default_factory=dict)

    @classmethod
    def gather(cls, parts: Iterable[tuple[str, Taught]]) -> Lessons:
        """What the files of a tree, given by path, teach, and for the rest what is usual (`usual.h`)."""
        lessons = cls._gathered(parts)
        usual = cls._gathered([("include/usual.h", learn(_usual()))])
        for name, bits in usual.flags.items():
            known = lessons.flags.setdefault(name, bits)
            if name.startswith(b"__") and not known & words.SCOPED:
                # The tree's own definition says too much to be understood: 6.12's `__percpu` is built of four macros.
                lessons.flags[name] = known | (bits & words.SCOPED)
        for name, macros in usual.makers.items():
            if lessons.flags.get(name) == usual.flags.get(name):
                lessons.makers.setdefault(name, macros)
        return lessons

    @classmethod
    def _gathered(cls, parts: Iterable[tuple[str, Taught]]) -> Lessons:
        """Put together what the files of a tree, given by path, teach.

        In its scope a name is an annotation only when every `#define` of it there is one: `DEBUG` may be
        empty in one driver and a number in the next.
        """
        lessons = cls()
        flags = lessons.flags
        scopes: dict[str, _Scope] = {"": _Scope()}
        braces: dict[bytes, list[Braces]] = {}
        renames: dict[str, dict[bytes, set[bytes]]] = {}
        for path, part in parts:
            if part.renames and path.endswith(".h"):
                for name, body in part.renames.items():
                    renames.setdefault(scope_of(path), {}).setdefault(name, set()).update(body)
            scopes.setdefault(scope_of(path), _Scope()).add(part)
            if part.listed:
                lessons.lists[path] = part.listed
            for names, flag in (
                (part.functions_like, words.MACRO),
                (part.loops, words.LOOP),
                (part.statements, words.STATEMENT),
            ):
                for name in names:
                    flags[name] = flags.get(name, 0) | flag
            for name, braced in part.braces.items():
                braces.setdefault(name, []).append(braced)
            for macro in part.makers:
                kept = lessons.makers.setdefault(macro.name, [])
                if macro not in kept and len(kept) < 6:
                    kept.append(macro)
        for name, flag in _unpaired(braces):
            flags[name] = flags.get(name, 0) | flag
        renames.pop("", None)  # who includes a header of the whole tree is not known here
        for place, told in renames.items():
            one = {name: min(bodies) for name, bodies in told.items() if len(bodies) == 1}
            certain = {name: body for name, body in one.items() if name not in scopes[place].others}
            if certain:
                lessons.renames[place] = certain
        _widen(scopes)
        meanings = _meanings(scopes)
        wide = meanings.pop("")
        for name, bits in wide.items():
            flags[name] = flags.get(name, 0) | bits
        for place, meaning in meanings.items():
            different = {name: bits for name, bits in meaning.items() if bits != wide.get(name, 0)}
            if different:
                lessons.scoped[place] = different
        return lessons

    def overrides(self, path: str) -> dict[bytes, int]:
        """The names that mean something else in this file than in the tree at large."""
        found: dict[bytes, int] = {}
        for scope in scopes_of(path):
            found.update(self.scoped.get(scope, ()))
        return found

    def renamed(self, path: str) -> dict[bytes, bytes]:
        """The functions' names that are macros for other names in this file."""
        found: dict[bytes, bytes] = {}
        for scope in scopes_of(path):
            found.update(self.renames.get(scope, ()))
        return found


def _widen(scopes: dict[str, _Scope]) -> None:
    """Let a directory see its subdirectories' headers, for the names it knows nothing of itself.

    `fs/xfs/*.c` live by `fs/xfs/linux-2.6/xfs_linux.h`.
    """
    for place in sorted(scopes, key=lambda name: -name.count("/")):
        above = place.rpartition("/")[0]
        if "." in place.rpartition("/")[2] or above.count("/") < 1:
            continue
        parent = scopes.setdefault(above, _Scope())
        known = parent.decided()
        child = scopes[place]
        for name in child.plain.keys() - known - child.others:
            parent.plain[name] = child.plain[name]
        for name in child.calls.keys() - known - child.others:
            parent.calls[name] = child.calls[name]
        parent.others |= child.others - known
        parent.wrappers |= child.wrappers - known
        parent.pointers |= child.pointers - known
        parent.fragments |= child.fragments - known


def _meanings(scopes: dict[str, _Scope]) -> dict[str, dict[bytes, int]]:
    """For each scope what each name means there, 0 for a name that is nothing special."""
    plain = {
        (place, name): bodies
        for place, scope in scopes.items()
        for name, bodies in scope.plain.items()
        if name not in scope.others and name not in scope.pointers and name not in scope.fragments
    }
    good = _closed(plain, set())
    calls = {
        (place, name): bodies
        for place, scope in scopes.items()
        for name, bodies in scope.calls.items()
        if name not in scope.others
    }
    # A plain annotation may be one with arguments, filled in, and the other way round.
    good_calls = _closed_calls(calls, plain, good)
    good = _closed(plain, good_calls)
    good_calls = _closed_calls(calls, plain, good)
    found: dict[str, dict[bytes, int]] = {}
    for place, scope in scopes.items():
        meaning = dict.fromkeys(scope.decided(), 0)
        for name in scope.wrappers - scope.others:
            meaning[name] = words.WRAPPER
        for name in scope.pointers - scope.others:
            meaning[name] = words.POINTER
        for name in scope.fragments - scope.others:
            if not any(body for body in scope.plain.get(name, ())):
                meaning[name] = words.FRAGMENT
        found[place] = meaning
    for place, name in good:
        found[place][name] |= words.ANNOTATION
    for place, name in good_calls:
        found[place][name] |= words.ANNOTATION_CALL
    return found


_Bodies = dict[tuple[str, bytes], set[tuple[bytes, ...]]]
_Keys = set[tuple[str, bytes]]


def _seen_from(place: str, word: bytes, good: _Keys) -> bool:
    """Is a word an annotation where a macro of this scope is used?"""
    known = word in words.ANNOTATION_WORDS or word in words.MEMORY_MODELS
    return known or any((scope, word) in good for scope in scopes_of(place))


def _closed(plain: _Bodies, calls: _Keys) -> _Keys:
    """The names whose bodies are annotation words, or names that are such names themselves."""
    good = set(plain)
    while True:
        seen = good | calls
        bad = {key for key in good if any(not _seen_from(key[0], word, seen) for body in plain[key] for word in body)}
        if not bad:
            return good
        good -= bad


def _closed_calls(calls: _Bodies, plain: _Bodies, good_plain: _Keys) -> _Keys:
    """The same for macros with arguments.

    At least one definition must come down to an attribute: one that is always empty is a debugging aid, one
    that is another's call in another name is a call.
    """
    telling = {word for word in words.ANNOTATION_WORDS if words.LANGUAGE[word] & words.DROP_CALL}
    good: _Keys = set()
    while True:
        more = {name for place, name in good_plain if any(telling & set(body) for body in plain[place, name])}
        seen = good | good_plain
        fresh = {
            key
            for key, bodies in calls.items()
            if key not in good
            and any(telling & set(body) for body in bodies)
            and all(_seen_from(key[0], word, seen) for body in bodies for word in body)
        }
        if not fresh and more <= telling:
            return good
        good |= fresh
        telling |= more | {name for _, name in fresh}
