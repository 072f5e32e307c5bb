"""Which struct's member a name means where it stands."""

from __future__ import annotations

import pytest

from xref.graph.callgraph import CallGraph
from xref.graph.member_at import Members
from xref.graph.members import Holdings
from xref.graph.members import Layouts
from xref.index.build import index_tree
from xref.index.meaning import Meaning
from xref.index.query import Index

FILES = {
    "include/net.h": """\
struct sock;
struct proto {
	int (*send)(struct sock *sk, int len);
	int len;
};
typedef struct {
	int len;
	union { int seq; int cookie; };
} ring_t;
struct sock {
	struct proto *prot;
	struct { int len; } queue;
	ring_t rings[4];
	int send;
};
struct tcp_sock { struct sock inet; int len; };
static inline struct tcp_sock *tcp_sk(struct sock *sk) { return (struct tcp_sock *)sk; }
#define CB(sk) ((struct proto *)&((sk)->queue))
extern struct sock *sock_of(int fd);
""",
    "net/a.c": """\
#include "../include/net.h"
static int a_send(struct sock *sk, int len) { return len; }
struct proto a_prot = {
	.send = a_send, .len = 1,
};
struct proto old = { len: 2, send: a_send };
struct sock many[] = { [1].queue.len = 3, [2] = { .prot = &a_prot, .queue = { .len = 4 } } };
int run(struct sock *sk, int fd)
{
	struct proto local = { .len = 5 };
	ring_t *ring = &sk->rings[fd];
	ring->seq = ring->len;			/* ring_t */
	if (sk->prot->len) (sk)->send = 1;
	sk->queue.len = tcp_sk(sk)->len + CB(sk)->len;
	sock_of(fd)->rings[1].cookie = ((struct proto *)0)->len;
	return sk->prot->send(sk, local.len) + unknown(fd)->len + fd ? local.len : 0;
}
#define LEN(x) ((x)->len)
""",
    "net/latin.c": "#include \"../include/net.h\"\nint l(struct sock *s) { return /* é */ s->prot->len; }\n",
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    root = tmp_path_factory.mktemp("members")
    for path, text in FILES.items():
        (root / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
        (root / "tree" / path).write_text(text)
    index_tree(root / "x.db", root / "tree", jobs=1)
    return Index(root / "x.db")


@pytest.fixture(scope="module")
def members(index: Index) -> Members:
    graph = CallGraph(index)
    return Members(graph.places, Layouts(graph.places), Holdings(index, graph.pointers))


def asked(members: Members, name: str, code: str, path: str = "net/a.c") -> Meaning:
    """What `name` means where the file says `code`, at the end of it."""
    text = FILES[path].encode()
    at = text.index(code.encode()) + len(code.encode())
    line = text.count(b"\n", 0, at) + 1
    found = members.meaning(name, path, line, at - text.rfind(b"\n", 0, at) - len(name))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "code", "struct", "line"),
    [
        ("rings", "= &sk->rings", "struct sock", 13),
        ("seq", "ring->seq", "ring_t", 8),
        ("len", "= ring->len", "ring_t", 7),
        ("len", "if (sk->prot->len", "struct proto", 4),
        ("send", "(sk)->send", "struct sock", 14),
        ("queue", "	sk->queue", "struct sock", 12),
        ("len", "	sk->queue.len", "struct sock", 12),
        ("len", "tcp_sk(sk)->len", "struct tcp_sock", 16),
        ("len", "CB(sk)->len", "struct proto", 4),
        ("cookie", "sock_of(fd)->rings[1].cookie", "ring_t", 8),
        ("len", "((struct proto *)0)->len", "struct proto", 4),
        ("send", "return sk->prot->send", "struct proto", 3),
        ("len", "(sk, local.len", "struct proto", 4),
        ("send", "	.send", "struct proto", 3),
        ("len", "a_send, .len", "struct proto", 4),
        ("len", "old = { len", "struct proto", 4),
        ("send", "2, send", "struct proto", 3),
        ("queue", "[1].queue", "struct sock", 12),
        ("len", "[1].queue.len", "struct sock", 12),
        ("prot", "{ .prot", "struct sock", 11),
        ("len", ".queue = { .len", "struct sock", 12),
        ("len", "local = { .len", "struct proto", 4),
    ],
)
def test_the_struct_is_that_of_the_expression(
    members: Members, name: str, code: str, struct: str, line: int
) -> None:
    found = asked(members, name, code)
    assert found.member is not None
    assert (found.member.struct, found.definition.file, found.definition.line) == (struct, "include/net.h", line)
    assert found.definition.kind == "member"


def test_columns_count_bytes(members: Members) -> None:
    found = asked(members, "len", "s->prot->len", "net/latin.c")
    assert found.member is not None
    assert found.member.struct == "struct proto"


def test_a_pointer_tells_what_is_stored_in_it(members: Members) -> None:
    found = asked(members, "send", "return sk->prot->send")
    assert found.member is not None
    assert (found.member.stores, found.member.calls, found.member.slot) == (2, 1, "proto")
    at_home = asked(members, "send", "	int (*send", "include/net.h")
    assert at_home.member == found.member
    assert at_home.seen == "here"


def test_where_the_type_is_not_known_the_structs_are_told(members: Members) -> None:
    for name, code in (("len", "unknown(fd)->len"), ("len", "((x)->len")):
        found = asked(members, name, code)
        assert found.member is not None
        assert found.member.struct is None
        assert found.member.total == 4
        assert {each.struct for each in found.member.candidates} == {
            "struct proto", "ring_t", "struct sock", "struct tcp_sock",
        }  # fmt: skip


def test_what_is_no_member_means_what_it_does_elsewhere(members: Members) -> None:
    found = asked(members, "a_send", ".send = a_send")
    assert (found.definition.kind, found.definition.line, found.member) == ("function", 2, None)
    assert asked(members, "sock_of", "	sock_of").member is None


def test_a_place_that_is_none_is_no_fault(members: Members) -> None:
    for line, column in ((1, 1), (999, 999), (8, 500), (12, 1)):
        found = members.meaning("len", "net/a.c", line, column)
        assert found is None or found.definition.name == "len"
