"""C's expressions, declarations and statements, as far as the flow of function pointers needs them.

The parser of `parse` works on whole files and on tree-sitter's terms.  Here single statements are read again, some
of them after macros were expanded in them, so every token knows the file and the byte it came from.  What cannot be
read is skipped up to the next statement: nothing is raised to the caller.  Pure functions on tokens; no index.

Nodes are tuples whose first element is their tag:

    ("id", token)                        a name
    ("member", base, token, arrow)       base.name, base->name
    ("index", base)                      base[…]
    ("call", callee, [argument], token)  the token is that of the opening parenthesis
    ("unary", operator, operand)         & * and the others
    ("cast", type, operand)
    ("choice", [one, other])             c ? a : b
    ("assign", target, value, token)
    ("binary", left, right)
    ("comma", [parts])
    ("block", [statements])              ({ … })
    ("list", [(path, value)])            { .a = x, [1] = y, z }; path: designators, ("." name) ("[" ) or ()
    ("return", value)  ("declare", [declared])
    ("other",)                           numbers, strings, sizeof
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any
from typing import NamedTuple

Node = tuple[Any, ...]
#: a type: ("struct", tag) ("inline", path, offset, tag or "", tokens of its body) ("pointer", type)
#: ("function", type returned, declared parameters) ("name", typedef) ("typeof", node) ("base",)
Type = tuple[Any, ...]


class Token(NamedTuple):
    """A token and where it stands.

    `macro` is the macro whose body it comes from, else ""; `use` is then the byte of the file that is read at which
    the outermost macro's name stands, else -1.  `glued` is, for a name that a macro pastes, where the macro's own piece
    of it stands.
    """

    text: str
    path: str
    at: int
    macro: str = ""
    use: int = -1
    glued: tuple[str, int] | None = None


class Declared(NamedTuple):
    """A name given a type; value is its initialiser."""

    name: str
    type: Type
    token: Token | None
    value: Node | None
    static: bool = False


OTHER: Node = ("other",)
BASE: Type = ("base",)

#: a backslash joins lines, in code as in directives, and is no token
_TOKEN = re.compile(
    r"[A-Za-z_]\w*|\d[\w.]*|\"[^\"]*\"|->|\.\.\.|##|<<=|>>=|\+\+|--|&&|\|\||<<|>>|[-+*/%&|^=!<>]=|[^\s\w\\]"
)
_TAGS = frozenset(("struct", "union", "enum"))
_QUALIFIERS = frozenset(
    ("const", "volatile", "register", "static", "extern", "auto", "inline", "__inline", "__inline__", "signed",
     "__signed__", "restrict", "__restrict", "__extension__", "typedef", "__const", "__volatile__", "_Atomic",
     "__const__")
)  # fmt: skip
_BASES = frozenset(("void", "char", "short", "int", "long", "float", "double", "unsigned", "_Bool", "bool", "__int128"))
TYPEOF = frozenset(("typeof", "__typeof__", "__typeof"))
#: a type that the initialiser has
AUTO = "__auto_type"
TYPE_WORDS = _TAGS | _QUALIFIERS | _BASES | TYPEOF | {AUTO}
_ATTRIBUTES = frozenset(("__attribute__", "__attribute", "__asm__", "asm", "__asm", "__declspec", "_Alignas"))
_STATEMENT_WORDS = frozenset(("else", "do", "default", "{", "}", ";", ":", "case", "goto", "break", "continue"))
KEYWORDS = frozenset(
    TYPE_WORDS
    | _ATTRIBUTES
    | {"if", "else", "while", "do", "for", "switch", "case", "default", "return", "goto", "break", "continue", "sizeof"}
)
_ASSIGN = frozenset(("=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="))
_BINARY = frozenset(("||", "&&", "|", "^", "&", "==", "!=", "<", ">", "<=", ">=", "<<", ">>", "+", "-", "*", "/", "%"))
_SIZES = frozenset(("sizeof", "__alignof__", "_Alignof"))
_PREFIX = frozenset(("&", "*", "!", "~", "-", "+", "++", "--", "&&"))
_WORD = re.compile(r"[A-Za-z_]\w*\Z")
_DEEPEST = 60
_NOTHING = ("",) * 6
#: what an operand of one token ends an expression before
_ENDS = frozenset((",", ")", "}", ";", "]"))


class _LostError(Exception):
    """What stands here is beyond this parser."""


def tokens_of(text: str, path: str, base: int, macro: str = "") -> list[Token]:
    """The tokens of a piece of blanked text that begins at byte `base` of its file."""
    new = tuple.__new__  # what Token(…) comes down to, for millions of them
    found = _TOKEN.finditer(text)
    return [new(Token, (match.group(), path, base + match.start(), macro, -1, None)) for match in found]


def split(tokens: list[Token], separator: str) -> list[list[Token]]:
    """The pieces between separators outside brackets; empty pieces at the end are dropped."""
    pieces: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        if token.text in ("(", "[", "{"):
            depth += 1
        elif token.text in (")", "]", "}"):
            depth -= 1
        if token.text == separator and depth == 0:
            pieces.append([])
        else:
            pieces[-1].append(token)
    while pieces and not pieces[-1]:
        pieces.pop()
    return pieces


def is_word(text: str) -> bool:
    """Is it a name (or a keyword)?"""
    return text.isidentifier() if text.isascii() else bool(_WORD.match(text))


class Parser:
    """Reads a list of tokens.

    `is_type` says whether a name is a typedef's; `wanted` whether a statement of these tokens is worth reading (the
    others are skipped); `opened` expands the macros of one that is.
    """

    def __init__(
        self,
        tokens: list[Token],
        is_type: Callable[[str], bool],
        wanted: Callable[[list[Token]], bool] | None = None,
        opened: Callable[[list[Token]], list[Token]] | None = None,
    ) -> None:
        self._tokens = tokens
        #: their texts, and nothing behind the last, as far as anyone looks ahead
        self._texts = [token.text for token in tokens]
        self._texts += _NOTHING
        self._at = 0
        self._is_type = is_type
        self._wanted = wanted
        self._opened = opened
        self._depth = 0

    # -- tokens ---------------------------------------------------------------------------------------

    def _peek(self, ahead: int = 0) -> str:
        return self._texts[self._at + ahead]

    def _take(self, text: str | None = None) -> Token:
        if self._at >= len(self._tokens):
            raise _LostError
        token = self._tokens[self._at]
        if text is not None and token.text != text:
            raise _LostError
        self._at += 1
        return token

    def _skip_balanced(self) -> None:
        """Over a bracketed group that begins here."""
        depth = 0
        while self._at < len(self._tokens):
            text = self._take().text
            if text in ("(", "[", "{"):
                depth += 1
            elif text in (")", "]", "}"):
                depth -= 1
                if depth <= 0:
                    return
        raise _LostError

    def _starts_type(self, ahead: int = 0) -> bool:
        text = self._peek(ahead)
        return text in TYPE_WORDS or (is_word(text) and text not in KEYWORDS and self._is_type(text))

    # -- statements -----------------------------------------------------------------------------------

    def statements(self) -> Iterator[Node]:
        """Each expression, declaration and return in the tokens, whatever statements hold them."""
        while self._at < len(self._tokens):
            before = self._at
            try:
                yield from self._statement()
            except (_LostError, RecursionError):
                self._depth = 0
                self._at = before
                self._recover()
            if self._at == before:
                self._at += 1

    def _recover(self) -> None:
        """On to the next statement."""
        while self._at < len(self._tokens) and self._peek() not in (";", "{", "}"):
            self._at += 1
        self._at += 1

    def _statement(self) -> Iterator[Node]:
        text = self._peek()
        if text in ("if", "while", "switch"):
            self._take()
            yield from self._head()
        elif text == "for":
            self._take()
            end = self._closing()
            self._take("(")
            inner = Parser(self._tokens[self._at : end], self._is_type, self._wanted, self._opened)
            self._at = end + 1
            yield from inner.statements()
        elif text == "case":
            while self._at < len(self._tokens) and self._take().text != ":":
                pass
        elif text in _STATEMENT_WORDS:
            self._take()
            if text == "goto":
                self._recover()
        elif is_word(text) and self._peek(1) == ":" and text not in KEYWORDS:
            self._at += 2
        elif text in _ATTRIBUTES and not self._is_declaration():
            self._recover()
        else:
            end = self._end_of_statement()
            if self._wanted is not None and not self._wanted(self._tokens[self._at : end]):
                self._at = end
                return
            if self._opened is not None:
                raw = self._tokens[self._at : end]
                opened = self._opened(raw)
                if opened is not raw:
                    self._at = end
                    yield from Parser(opened, self._is_type).statements()
                    return
            if text == "return":
                self._take()
                if self._peek() not in (";", ""):
                    yield ("return", self.expression())
            elif self._is_declaration():
                yield ("declare", list(self.declaration()))
            else:
                yield self.expression()
            if self._peek() == ";":
                self._take()
            elif self._peek() == "{":
                pass  # a loop's macro and its body
            elif self._at < end and not is_word(self._peek()):
                raise _LostError  # a word: a loop's macro and its only statement

    def _head(self) -> Iterator[Node]:
        """The condition in parentheses."""
        end = self._closing()
        slice_ = self._tokens[self._at + 1 : end]
        self._at = end + 1
        if self._wanted is None or self._wanted(slice_):
            if self._opened is not None:
                slice_ = self._opened(slice_)
                yield from Parser(slice_, self._is_type).statements()
            else:
                yield Parser(slice_, self._is_type).expression_or_other()

    def expression_or_other(self) -> Node:
        """All tokens as one expression, `other` where they are none."""
        try:
            return self.expression()
        except (_LostError, RecursionError):
            return OTHER

    def _closing(self) -> int:
        """Where the parenthesis that stands here is closed."""
        depth = 0
        for place in range(self._at, len(self._tokens)):
            text = self._tokens[place].text
            if text in ("(", "[", "{"):
                depth += 1
            elif text in (")", "]", "}"):
                depth -= 1
                if depth == 0:
                    return place
            if depth == 0:
                break
        raise _LostError

    def _end_of_statement(self) -> int:
        """The place of the `;` that ends this statement, or of the brace that begins or ends a block."""
        depth = 0
        last = ""
        assigned = False
        for place in range(self._at, len(self._tokens)):
            text = self._tokens[place].text
            if text in ("(", "["):
                depth += 1
            elif text in (")", "]"):
                depth -= 1
            elif text == "=" and depth == 0:
                assigned = True
            elif text == "{":
                if depth == 0 and not assigned and last not in ("=", "]") and not is_word(last) and place > self._at:
                    return place
                depth += 1
            elif text == "}":
                if depth == 0:
                    return place
                depth -= 1
            elif text == ";" and depth == 0:
                return place
            last = text
        return len(self._tokens)

    def _is_declaration(self) -> bool:
        text = self._peek()
        if text in TYPE_WORDS:
            return True
        if text in ("__attribute__", "__attribute") and self._peek(1) == "(":
            return is_word(self._behind_group(1))
        if not self._starts_type():
            return False
        following = self._peek(1)
        return is_word(following) or following == "*" or (following == "(" and self._peek(2) == "*")

    # -- declarations ---------------------------------------------------------------------------------

    def declaration(self) -> Iterator[Declared]:
        """The names that a declaration declares.  Raises nothing; stops where it is lost."""
        static = self._peek() == "static" or self._peek(1) == "static"
        base = self.specifiers()
        while self._at < len(self._tokens) and self._peek() not in (";", "{"):
            name, made = self._declarator(base)
            value = None
            while self._peek() in _ATTRIBUTES or (is_word(self._peek()) and self._peek() not in ("=", ",")):
                self._take()
                if self._peek() == "(":
                    self._skip_balanced()
            if self._peek() == ":":
                self._take()
                self._conditional()
            if self._peek() == "=":
                self._take()
                value = self.initializer()
                if made == ("name", AUTO):
                    made = ("typeof", value)
            if name is not None:
                yield Declared(name.text, made, name, value, static)
            if self._peek() != ",":
                break
            self._take()

    def specifiers(self) -> Type:
        """The type at the head of a declaration, without its declarators."""
        found: Type | None = None
        while self._at < len(self._tokens):
            text = self._peek()
            if text in _QUALIFIERS:
                self._take()
            elif text in _ATTRIBUTES:
                self._take()
                if self._peek() == "(":
                    self._skip_balanced()
            elif text in _TAGS:
                found = self._tagged()
            elif text in TYPEOF:
                self._take()
                found = self._typeof()
            elif text in _BASES:
                self._take()
                found = found or BASE
            elif text == AUTO:
                self._take()
                found = ("name", AUTO)
            elif is_word(text) and text not in KEYWORDS:
                following = self._peek(1)
                if found is not None and not text.startswith("__") and following.startswith("__"):
                    break  # the name, and an annotation behind it
                if found is None and text.startswith("__") and following == "(" and self._is_annotation():
                    self._take()
                    self._skip_balanced()
                elif found is None and self._is_type(text):
                    self._take()
                    found = ("name", text)
                elif is_word(following) or following == "*" or following in _ATTRIBUTES:
                    # an annotation (`__user`, `asmlinkage`), or a type nobody told us of
                    self._take()
                    if found is None and not text.startswith("__") and following == "*":
                        found = ("name", text)
                else:
                    break
            else:
                break
        return found or BASE

    def _is_annotation(self) -> bool:
        """`__printf(4, 0) struct task_struct *f(…)`: more of the declaration stands behind the parentheses."""
        behind = self._behind_group(1)
        return behind == "*" or (is_word(behind) and behind not in _ATTRIBUTES)

    def _tagged(self) -> Type:
        kind = self._take().text
        while self._peek() in _ATTRIBUTES:
            self._take()
            if self._peek() == "(":
                self._skip_balanced()
        tag = ""
        first = self._at
        if is_word(self._peek()) and self._peek() not in KEYWORDS:
            tag = self._take().text
        if self._peek() == "{":
            opening = self._tokens[self._at]
            start = self._at + 1
            self._skip_balanced()
            body = self._tokens[start : self._at - 1]
            if kind == "enum":
                return BASE
            return ("inline", opening.path, opening.at, tag, tuple(body))
        if kind == "enum":
            return BASE
        if not tag:
            self._at = first
            raise _LostError
        return ("struct", tag)

    def _typeof(self) -> Type:
        end = self._closing()
        inner = Parser(self._tokens[self._at + 1 : end], self._is_type)
        self._at = end + 1
        if inner._starts_type():
            return inner.type_name()
        return ("typeof", inner.expression_or_other())

    def type_name(self) -> Type:
        """A type as casts and sizeof have it."""
        return self._declarator(self.specifiers())[1]

    def _declarator(self, base: Type) -> tuple[Token | None, Type]:
        """A declarator around `base`: (its name or None, the type of that name)."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _LostError
        made = base
        while self._peek() in ("*", "^") or self._peek() in _QUALIFIERS or self._peek() in _ATTRIBUTES:
            text = self._take().text
            if text in _ATTRIBUTES and self._peek() == "(":
                self._skip_balanced()
            if text == "*":
                made = ("pointer", made)
        name: Token | None = None
        inner: tuple[int, int] | None = None
        # annotations before the name: `void fastcall f(…)`, `char __user *p`
        while is_word(self._peek()) and (is_word(self._peek(1)) or self._peek(1) == "*"):
            if (
                self._peek(1).startswith("__")
                and not self._peek().startswith("__")
                and (
                    self._peek(2) != "("
                    or self._peek(1) in _ATTRIBUTES
                    or self._behind_group(2) == "="
                    or self._is_type(self._peek())
                )
            ):
                break  # the annotation stands behind: `x __initdata = …`, `typedef struct s name __aligned(8);`
            self._take()
            while self._peek() == "*":
                self._take()
                made = ("pointer", made)
        if self._peek() == "(" and (self._peek(1) in ("*", "(", "^") or self._annotated_pointer()):
            end = self._closing()
            inner = (self._at + 1, end)
            self._at = end + 1
        elif (
            self._peek() == "("
            and is_word(self._peek(1))
            and self._peek(2) == ")"
            and (self._peek(3) == "(" or not self._starts_type(1))
        ):
            inner = (self._at + 1, self._at + 2)
            self._at += 3
        elif is_word(self._peek()) and self._peek() not in KEYWORDS:
            name = self._take()
        suffixes: list[tuple[str, Any]] = []
        while self._peek() in ("(", "["):
            if self._peek() == "[":
                self._skip_balanced()
                suffixes.append(("[", None))
            else:
                end = self._closing()
                suffixes.append(("(", tuple(self._tokens[self._at + 1 : end])))
                self._at = end + 1
        for kind, what in reversed(suffixes):
            made = ("pointer", made) if kind == "[" else ("function", made, what)
        if inner is not None:
            part = Parser(self._tokens[inner[0] : inner[1]], self._is_type)
            part._depth = self._depth
            name, made = part._declarator(made)
        self._depth -= 1
        return name, made

    def _behind_group(self, ahead: int) -> str:
        """What stands behind the bracketed group that begins `ahead` tokens from here."""
        depth = 0
        for place in range(self._at + ahead, len(self._tokens)):
            text = self._tokens[place].text
            depth += (text in ("(", "[", "{")) - (text in (")", "]", "}"))
            if depth == 0:
                return self._tokens[place + 1].text if place + 1 < len(self._tokens) else ""
        return ""

    def _annotated_pointer(self) -> bool:
        """`(fastcall *f)`"""
        return is_word(self._peek(1)) and self._peek(2) == "*" and not self._starts_type(1)

    def initializer(self) -> Node:
        """What stands behind `=`."""
        if self._texts[self._at] != "{":
            return self._assignment()
        self._take("{")
        items: list[tuple[tuple[tuple[str, str], ...], Node]] = []
        while self._texts[self._at] != "}":
            path: list[tuple[str, str]] = []
            while self._texts[self._at] in (".", "["):
                if self._texts[self._at] == ".":
                    self._take()
                    path.append((".", self._take().text))
                else:
                    start = self._at + 1
                    self._skip_balanced()
                    path.append(("[", " ".join(token.text for token in self._tokens[start : self._at - 1])))
            if path:
                if self._texts[self._at] == "=":
                    self._take()
            elif is_word(self._texts[self._at]) and self._texts[self._at + 1] == ":":
                path = [(":", self._take().text)]
                self._take(":")
            items.append((tuple(path), self._or_other(self.initializer, "}")))
            if self._texts[self._at] == ",":
                self._take()
        self._take("}")
        return ("list", items)

    # -- expressions ----------------------------------------------------------------------------------

    def expression(self) -> Node:
        """An expression, commas included.  Raises _LostError."""
        first = self._assignment()
        if self._peek() != ",":
            return first
        parts = [first]
        while self._peek() == ",":
            self._take()
            parts.append(self._assignment())
        return ("comma", parts)

    def _assignment(self) -> Node:
        if self._texts[self._at + 1] in _ENDS and self._depth < _DEEPEST:
            single = self._single()
            if single is not None:
                return single
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _LostError
        left = self._conditional()
        if self._texts[self._at] in _ASSIGN:
            token = self._take()
            value = self.initializer()
            left = ("assign", left, value, token) if token.text == "=" else ("binary", left, value)
        self._depth -= 1
        return left

    def _single(self) -> Node | None:
        """The operand that is one token, the most common one; None where it is none."""
        text = self._texts[self._at]
        if is_word(text):
            if text in KEYWORDS or text in _SIZES:
                return None
            self._at += 1
            return ("id", self._tokens[self._at - 1])
        if text[:1].isdigit() or text[:1] == '"':
            self._at += 1
            return OTHER
        return None

    def _conditional(self) -> Node:
        condition = self._operands()
        if self._texts[self._at] != "?":
            return condition
        self._take()
        one = condition if self._peek() == ":" else self.expression()
        self._take(":")
        return ("choice", [one, self._conditional()], condition)

    def _operands(self) -> Node:
        left = self._unary()
        while self._texts[self._at] in _BINARY:
            self._at += 1
            left = ("binary", left, self._unary())
        return left

    def _unary(self) -> Node:
        text = self._texts[self._at]
        if text in _PREFIX:
            self._take()
            self._depth += 1
            if self._depth > _DEEPEST:
                raise _LostError
            operand = self._unary()
            self._depth -= 1
            return ("unary", text, operand)
        if text in _SIZES:
            self._take()
            if self._texts[self._at] == "(":
                self._skip_balanced()
            else:
                self._unary()
            return OTHER
        if text == "(" and self._starts_type(1):
            end = self._closing()
            inner = Parser(self._tokens[self._at + 1 : end], self._is_type)
            made = inner.type_name()
            if inner._at < len(inner._tokens):
                raise _LostError
            self._at = end + 1
            if self._texts[self._at] == "{":
                return self._postfix(("cast", made, self.initializer()))
            return ("cast", made, self._unary())
        return self._postfix(self._primary())

    def _primary(self) -> Node:
        text = self._texts[self._at]
        if text == "(":
            if self._texts[self._at + 1] == "{":
                end = self._closing()
                inner = Parser(self._tokens[self._at + 2 : end - 1], self._is_type)
                self._at = end + 1
                return ("block", list(inner.statements()))
            self._take()
            inside = self.expression()
            self._take(")")
            return inside
        if is_word(text):
            if text in KEYWORDS:
                raise _LostError
            if text == "_Generic" and self._texts[self._at + 1] == "(":
                return self._generic()
            return ("id", self._take())
        if text.startswith('"'):
            while self._texts[self._at].startswith('"'):
                self._take()
            return OTHER
        if text[:1].isdigit():
            self._take()
            return OTHER
        raise _LostError

    def _generic(self) -> Node:
        """`_Generic(x, T: f, default: g)`: one of f and g."""
        self._take()
        end = self._closing()
        choices: list[Node] = []
        for part in split(self._tokens[self._at + 1 : end], ",")[1:]:
            colon = next((place for place, token in enumerate(part) if token.text == ":"), -1)
            if colon >= 0:
                choices.append(Parser(part[colon + 1 :], self._is_type).expression_or_other())
        self._at = end + 1
        return ("choice", choices, OTHER) if choices else OTHER

    def _postfix(self, node: Node) -> Node:
        while True:
            text = self._texts[self._at]
            if text == "(":
                opening = self._take()
                arguments: list[Node] = []
                while self._texts[self._at] != ")":
                    arguments.append(self._argument())
                    if self._texts[self._at] == ",":
                        self._take()
                    elif self._texts[self._at] != ")":
                        raise _LostError
                self._take(")")
                node = ("call", node, arguments, opening)
            elif text == "[":
                self._take()
                inside = self.expression()
                self._take("]")
                node = ("index", node, inside)
            elif text in ("->", "."):
                self._take()
                name = self._take()
                if not is_word(name.text):
                    raise _LostError
                node = ("member", node, name, text == "->")
            elif text in ("++", "--"):
                self._take()
            else:
                return node

    def _argument(self) -> Node:
        """An argument; one that is no expression (a type, an operator) is passed over."""
        return self._or_other(self._value, ")")

    def _value(self) -> Node:
        if self._peek() in TYPE_WORDS:
            raise _LostError
        return self._assignment()

    def _or_other(self, read: Callable[[], Node], end: str) -> Node:
        """One of a list with commas that ends with `end`; what is no C (`.rate = ???` under `#if 0`) costs no other."""
        start, nested = self._at, self._depth
        try:
            node = read()
            if self._peek() in (",", end):
                return node
        except _LostError:
            pass
        self._at, self._depth = start, nested
        depth = 0
        while self._at < len(self._tokens):
            text = self._peek()
            if depth == 0 and text in (",", end):
                return OTHER
            depth += (text in ("(", "[", "{")) - (text in (")", "]", "}"))
            self._at += 1
        raise _LostError


def children(node: Node) -> Iterator[Node]:
    """The nodes directly below."""
    tag = node[0]
    if tag in ("member", "unary", "cast", "return"):
        yield node[1] if tag in ("member", "return") else node[2]
    elif tag == "index":
        yield node[1]
        yield node[2]
    elif tag == "call":
        yield node[1]
        yield from node[2]
    elif tag == "choice":
        yield node[2]
        yield from node[1]
    elif tag in ("assign", "binary"):
        yield node[1]
        yield node[2]
    elif tag in ("comma", "block"):
        yield from node[1]
    elif tag == "list":
        for _, value in node[1]:
            yield value
    elif tag == "declare":
        for declared in node[1]:
            if declared.value is not None:
                yield declared.value


def declarations(tokens: list[Token], is_type: Callable[[str], bool]) -> list[Declared]:
    """What a declaration declares, as far as it can be read."""
    found: list[Declared] = []
    with contextlib.suppress(_LostError, RecursionError):
        found.extend(Parser(tokens, is_type).declaration())
    return found


def type_name(tokens: list[Token], is_type: Callable[[str], bool]) -> Type:
    """A type as casts have it, BASE where it cannot be read."""
    with contextlib.suppress(_LostError, RecursionError):
        return Parser(tokens, is_type).type_name()
    return BASE


def type_at(tokens: list[Token], is_type: Callable[[str], bool]) -> Type:
    """The type that these tokens begin with, BASE where it cannot be read."""
    with contextlib.suppress(_LostError, RecursionError):
        return Parser(tokens, is_type).specifiers()
    return BASE
