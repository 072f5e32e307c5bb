"""Calls and references: who calls what through what, and what each mention does with a name."""

# ruff: noqa: E101  the tabs are those of the C

from __future__ import annotations

import pytest

CASES = {
    "calls through members": (
        """\
void e1_f(struct e1_dev *dev, int i)
{
	dev->open(dev);
	dev->ops->start(dev);
	dev->ops.stop(dev);
	(*dev->poll)(dev);
	(dev->ops->run)(dev);
	(**dev->deep)(dev);
	dev->list[i].each(dev);
	dev->table[i](dev);
	dev->grid[i][e1_pick(i)](dev);
	e1_ops(dev)->call(dev);
	(&dev->inner)->go(dev);
	((struct e1_dev *) i)->cast(dev);
	e1_array[i]->entry(dev);
	dev->next->next->chain(dev->arg(1), dev->other());
}
""",
        """
        1-17 function e1_f
        3 e1_f: indirect dev->open .open
        4 e1_f: indirect dev->ops->start .start
        5 e1_f: indirect dev->ops.stop .stop
        6 e1_f: indirect (*dev->poll) .poll
        7 e1_f: indirect (dev->ops->run) .run
        8 e1_f: indirect (**dev->deep) .deep
        9 e1_f: indirect dev->list[i].each .each
        10 e1_f: indirect dev->table[i] .table
        11 e1_f: indirect dev->grid[i][e1_pick(i)] .grid
        11 e1_f: direct e1_pick
        12 e1_f: direct e1_ops
        12 e1_f: indirect e1_ops(dev)->call .call
        13 e1_f: indirect (&dev->inner)->go .go
        14 e1_f: indirect ((struct e1_dev *) i)->cast .cast
        15 e1_f: indirect e1_array[i]->entry .entry
        16 e1_f: indirect dev->next->next->chain .chain
        16 e1_f: indirect dev->arg .arg
        16 e1_f: indirect dev->other .other
        """,
    ),
    "calls through variables and parameters": (
        """\
int (*e2_hook)(int);
static int (*e2_table[4])(int);
int e2_f(int (*fn)(int), int i)
{
	int (*local)(int) = fn;
	e2_fn_t typed = fn, *more = &typed;

	fn(1);
	(*fn)(2);
	local(3);
	typed(4);
	(*more)(5);
	e2_hook(6);
	(*e2_hook)(7);
	e2_table[i](8);
	(*e2_table[i])(9);
	((int (*)(int)) i)(10);
	return (i ? fn : local)(11);
}
""",
        """
        1 variable e2_hook
        2 variable e2_table static
        3-19 function e2_f
        8 e2_f: indirect fn
        9 e2_f: indirect (*fn)
        10 e2_f: indirect local
        11 e2_f: indirect typed
        12 e2_f: indirect (*more)
        13 e2_f: indirect e2_hook
        14 e2_f: indirect (*e2_hook)
        15 e2_f: indirect e2_table[i]
        16 e2_f: indirect (*e2_table[i])
        17 e2_f: indirect ((int (*)(int)) i)
        18 e2_f: indirect (i ? fn : local)
        """,
    ),
    "calls in every place": (
        """\
int e3_global = e3_size;
int e3_f(int a)
{
	int b = e3_init(a), c[e3_bound()];
	for (b = e3_from(); e3_until(b); b = e3_step(b))
		;
	while (e3_head() == 0);
	do { e3_body(); } while (e3_tail());
	switch (e3_switch()) {
	case 1: e3_case();
	default: e3_default();
	}
	if (e3_left() && e3_right() || !e3_not())
		return e3_return(e3_inner(e3_innermost()));
	else if (e3_else())
		b = a ? e3_yes() : e3_no();
	c[e3_index()] = -e3_minus();
	*e3_pointer() = (int) e3_cast();
	e3_comma1(), e3_comma2();
	(void) e3_void();
	(e3_parenthesized)(a);
	return e3_chain(1)(2);
}
""",
        """
        1 variable e3_global
        2-23 function e3_f
        4 e3_f: direct e3_init
        4 e3_f: direct e3_bound
        5 e3_f: direct e3_from
        5 e3_f: direct e3_until
        5 e3_f: direct e3_step
        7 e3_f: direct e3_head
        8 e3_f: direct e3_body
        8 e3_f: direct e3_tail
        9 e3_f: direct e3_switch
        10 e3_f: direct e3_case
        11 e3_f: direct e3_default
        13 e3_f: direct e3_left
        13 e3_f: direct e3_right
        13 e3_f: direct e3_not
        14 e3_f: direct e3_return
        14 e3_f: direct e3_inner
        14 e3_f: direct e3_innermost
        15 e3_f: direct e3_else
        16 e3_f: direct e3_yes
        16 e3_f: direct e3_no
        17 e3_f: direct e3_index
        17 e3_f: direct e3_minus
        18 e3_f: direct e3_pointer
        18 e3_f: direct e3_cast
        19 e3_f: direct e3_comma1
        19 e3_f: direct e3_comma2
        20 e3_f: direct e3_void
        21 e3_f: direct e3_parenthesized
        22 e3_f: direct e3_chain
        22 e3_f: indirect e3_chain(1)
        """,
    ),
    "casts and declarations are no calls": (
        """\
typedef int e4_t;
int e4_f(int a)
{
	int (*e4_fn)(int), (e4_odd);
	int e4_local(int);
	e4_t (*p)(e4_t) = (e4_t (*)(e4_t)) a;
	return (e4_t)(a) + sizeof (e4_t) + (e4_t)e4_real(a) + (int)(a);
}
""",
        """
        1 typedef e4_t
        2-8 function e4_f
        7 e4_f: direct e4_real
        """,
    ),
    "what a mention does": (
        """\
int e5_v, e5_w, e5_a[4], *e5_p;
struct e5_s { int m; struct e5_s *n; } e5_s;
void e5_f(void)
{
	e5_v = e5_w;
	e5_v += 1;
	e5_v <<= 2;
	e5_v == e5_w;
	e5_v <= 3;
	e5_v++;
	--e5_v;
	e5_a[e5_w] = 1;
	e5_a[1]++;
	e5_p = &e5_v;
	e5_p = e5_w & e5_v;
	e5_p = e5_w && e5_v;
	*e5_p = e5_v;
	e5_s.m = 1;
	e5_s.n->m = e5_s.n->n->m;
	e5_use(&e5_s.n->m, &e5_s);
	e5_s.n->n++;
	if (!e5_v)
		return;
}
""",
        """
        1 variable e5_v
        1 variable e5_w
        1 variable e5_a
        1 variable e5_p
        2 struct e5_s
        2 member m
        2 member n
        2 variable e5_s
        3-24 function e5_f
        20 e5_f: direct e5_use
        5 e5_f: write e5_v
        6 e5_f: write e5_v
        7 e5_f: write e5_v
        8 e5_f: read e5_v
        9 e5_f: read e5_v
        10 e5_f: write e5_v
        11 e5_f: write e5_v
        14 e5_f: address e5_v
        15 e5_f: read e5_v
        16 e5_f: read e5_v
        17 e5_f: read e5_v
        22 e5_f: read e5_v
        5 e5_f: read e5_w
        8 e5_f: read e5_w
        12 e5_f: read e5_w
        15 e5_f: read e5_w
        16 e5_f: read e5_w
        12 e5_f: write e5_a
        13 e5_f: write e5_a
        18 e5_f: write m
        19 e5_f: write m
        19 e5_f: member m
        20 e5_f: address m
        19 e5_f: member n
        19 e5_f: member n
        19 e5_f: member n
        20 e5_f: member n
        21 e5_f: member n
        21 e5_f: write n
        """,
    ),
    "types where they are mentioned": (
        """\
typedef struct e6_s { int m; } e6_t;
union e6_u;
enum e6_e { E6_A };
e6_t *e6_f(e6_t *a, const struct e6_s *b, enum e6_e c)
{
	e6_t *local = (e6_t *) b;
	size_t n = sizeof(e6_t) + sizeof(struct e6_s);
	union e6_u *u = e6_alloc(sizeof(union e6_u));
	return local;
}
""",
        """
        1 struct e6_s
        1 member m
        1 typedef e6_t
        3 enum e6_e
        3 enumerator E6_A
        4-10 function e6_f
        8 e6_f: direct e6_alloc
        4 e6_f: type e6_t
        4 e6_f: type e6_t
        6 e6_f: type e6_t
        6 e6_f: type e6_t
        7 e6_f: type e6_t
        4 e6_f: type e6_s
        7 e6_f: type e6_s
        2 -: type e6_u
        8 e6_f: type e6_u
        8 e6_f: type e6_u
        4 e6_f: type e6_e
        """,
    ),
    "a local does not hide the tag of its name": (
        """\
struct e9_file { int pos; };
union e9_u { int a; };
enum e9_e { E9_A };
int e9_f(struct e9_file *e9_file, union e9_u *e9_u)
{
	enum e9_e e9_e = E9_A;
	struct e9_file other = *e9_file;
	return sizeof(struct e9_file) + e9_u->a + e9_e;
}
""",
        """
        1 struct e9_file
        1 member pos
        2 union e9_u
        2 member a
        3 enum e9_e
        3 enumerator E9_A
        4-9 function e9_f
        4 e9_f: type e9_file
        4 e9_f: type e9_u
        6 e9_f: type e9_e
        6 e9_f: read E9_A
        7 e9_f: type e9_file
        8 e9_f: type e9_file
        8 e9_f: member a
        """,
    ),
    "local names hide nothing elsewhere": (
        """\
int e7_shadow;
int e7_f(int e7_shadow)
{
	return e7_shadow + e7_g();
}
int e7_g(void)
{
	int e7_f = 1;
	e7_shadow = e7_f;
	return e7_shadow;
}
int e7_h(struct e7_s *s)
{
	return s->e7_shadow + e7_f(1);
}
""",
        """
        1 variable e7_shadow
        2-5 function e7_f
        4 e7_f: direct e7_g
        6-11 function e7_g
        12-15 function e7_h
        14 e7_h: direct e7_f
        9 e7_g: write e7_shadow
        10 e7_g: read e7_shadow
        14 e7_h: member e7_shadow
        """,
    ),
    "calls in strings of asm": (
        """\
void e8_f(int x)
{
	asm volatile("1:\\n\\tcall e8_target\\n"
		     "\\tjmp e8_other"
		     : : "r" (x));
	__asm__("call *%0" : : "r" (e8_pointer));
	e8_print("call e8_never");
}
""",
        """
        1-8 function e8_f
        3 e8_f: direct e8_target
        4 e8_f: direct e8_other
        7 e8_f: direct e8_print
        6 e8_f: read e8_pointer
        """,
    ),
    "macro bodies call, in the macro's name": (
        """\
#define e9_wake(q) __e9_wake(q, 1)
#define e9_swap(a, b) do { e9_lock(); (a) = e9_load(b); (b)->put(a); } while (0)
#define e9_alias e9_real
#define e9_text "e9_not(1)" /* e9_never(2) */
#define e9_paste(n) e9_pre_##n(1)
#define e9_param(fn) fn(1)
#define e9_make(n) static int e9_get_##n(void) { return e9_value(n); }
void e9_f(void) { e9_wake(e9_alias); e9_param(e9_target); }
""",
        """
        1 macro e9_wake
        1 e9_wake: direct __e9_wake
        2 macro e9_swap
        2 e9_swap: direct e9_lock
        2 e9_swap: direct e9_load
        3 macro e9_alias
        4 macro e9_text
        5 macro e9_paste
        6 macro e9_param
        7 macro e9_make
        7 e9_make: direct e9_value
        8 function e9_f
        8 e9_f: macro e9_wake
        8 e9_f: macro e9_param
        8 e9_f: read e9_target
        3 e9_alias: read e9_real
        """,
    ),
}


@pytest.mark.parametrize("title", CASES)
def test_expressions(title, check):
    check(title)
