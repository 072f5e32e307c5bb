"""C that only a macro's meaning makes C: annotations, loop heads, makers, odd arguments; learnt from the tree."""

# ruff: noqa: E101  the tabs are those of the C

from __future__ import annotations

import pytest

CASES = {
    "annotations learnt from the tree": (
        """\
#include "m1.h"
m1_linkage int m1_f(char __m1_user *buffer)
{
	char __m1_user *__m1_force *p = (char __m1_user *__m1_force *) buffer;
	return m1_g(p);
}
int m1_fast m1_g(void *p) m1_noreturn;
int m1_fast m1_g(void *p) { return m1_h(p); }
static int m1_init m1_h(void *p) { return 0; }
struct m1_s { int a; } m1_packed;
static struct m1_s m1_data m1_v = { 1 };
m1_deprecated("use m1_h") int m1_old(void);
m1_export int m1_exported;
--- m1.h
#define m1_linkage __attribute__((regparm(0)))
#define __m1_user
#define __m1_force __attribute__((force))
#define m1_fast m1_linkage
#define m1_init __attribute__((__section__(".init.text"))) m1_cold
#define m1_cold __attribute__((cold))
#define m1_data m1_section(".data")
#define m1_section(s) __attribute__((section(s)))
#define m1_packed __attribute__((packed))
#define m1_noreturn __attribute__((noreturn))
#define m1_deprecated(why) __attribute__((deprecated(why)))
#define m1_export extern m1_visible
#define m1_visible
""",
        """
        1 include "m1.h"
        2-6 function m1_f
        5 m1_f: direct m1_g
        7 prototype m1_g
        8 function m1_g
        8 m1_g: direct m1_h
        9 function m1_h static
        10 struct m1_s
        10 member a
        11 variable m1_v static
        12 -: macro m1_deprecated
        12 prototype m1_old
        13 prototype m1_exported
        m1.h:1 macro m1_linkage
        m1.h:2 macro __m1_user
        m1.h:3 macro __m1_force
        m1.h:4 macro m1_fast
        m1.h:5 macro m1_init
        m1.h:6 macro m1_cold
        m1.h:7 macro m1_data
        m1.h:7 m1_data: macro m1_section
        m1.h:8 macro m1_section
        m1.h:9 macro m1_packed
        m1.h:10 macro m1_noreturn
        m1.h:11 macro m1_deprecated
        m1.h:12 macro m1_export
        m1.h:13 macro m1_visible
        """,
    ),
    "a prototype's name wrapped in a macro": (
        """\
#define M2_FAST(x) x __attribute__((regparm(3)))
extern int M2_FAST(m2_f(int a));
extern struct m2_s *M2_FAST(m2_g(void));
extern void M2_FAST(m2_h(void (*call)(int)));
#define M2_P(args) args
int m2_old M2_P((int a, char *b));
""",
        """
        1 macro M2_FAST
        2 prototype m2_f
        3 prototype m2_g
        4 prototype m2_h
        2 -: macro M2_FAST
        3 -: macro M2_FAST
        4 -: macro M2_FAST
        5 macro M2_P
        6 prototype m2_old
        6 -: macro M2_P
        """,
    ),
    "macro followed by a block or a statement": (
        """\
#define m3_for_each(pos, head) for (pos = (head)->next; pos != (head); pos = pos->next)
#define m3_if_debug if (m3_debug)
#define m3_forever for (;;)
void m3_f(struct m3_list *head)
{
	struct m3_list *pos;

	m3_for_each(pos, head) {
		m3_use(pos);
	}
	m3_for_each (pos, head)
		m3_other(pos);
	m3_for_each(pos, m3_head(head))
		if (m3_test(pos))
			continue;
		else
			break;
	m3_if_debug {
		m3_say();
	}
	m3_if_debug m3_say();
	m3_forever
		m3_use(head);
	m3_unknown_each(pos, head) {
		m3_last(pos);
	}
}
""",
        """
        1 macro m3_for_each
        2 macro m3_if_debug
        3 macro m3_forever
        4-27 function m3_f
        8 m3_f: macro m3_for_each
        9 m3_f: direct m3_use
        11 m3_f: macro m3_for_each
        12 m3_f: direct m3_other
        13 m3_f: macro m3_for_each
        13 m3_f: direct m3_head
        14 m3_f: direct m3_test
        19 m3_f: direct m3_say
        21 m3_f: direct m3_say
        23 m3_f: direct m3_use
        24 m3_f: direct m3_unknown_each
        25 m3_f: direct m3_last
        """,
    ),
    "macros that bring their own semicolon": (
        """\
#define M4_TRAP(x) do { if (!(x)) m4_trap(#x); } while (0);
#define M4_LOCALS int m4_flags; int m4_mask;
#define M4_LEAVE m4_leave(); return 0;
int m4_f(int x)
{
	M4_LOCALS
	M4_TRAP(x == 1)
	M4_TRAP(m4_check(x))
	m4_work();
	if (x)
		M4_TRAP(x)
	else
		m4_work();
	switch (x) {
	case 1:
		M4_TRAP(x)
	}
	M4_LEAVE
}
int m4_after(void) { return 0; }
""",
        """
        1 macro M4_TRAP
        1 M4_TRAP: direct m4_trap
        2 macro M4_LOCALS
        3 macro M4_LEAVE
        3 M4_LEAVE: direct m4_leave
        4-19 function m4_f
        7 m4_f: macro M4_TRAP
        8 m4_f: macro M4_TRAP
        8 m4_f: direct m4_check
        9 m4_f: direct m4_work
        11 m4_f: macro M4_TRAP
        13 m4_f: direct m4_work
        16 m4_f: macro M4_TRAP
        20 function m4_after
        """,
    ),
    "types, statements, operators and nothing as arguments": (
        """\
int m5_f(void *p)
{
	struct m5_s *s = m5_container(p, struct m5_s, member.sub[0]);
	m5_assert(s, return m5_fail(s););
	m5_assert(s->x == 1, goto out);
	m5_list(unsigned long, int (*)(void), const char *, struct m5_s);
	if (m5_compare(s->a, <, m5_limit()))
		m5_empty(, s, );
	m5_block({ m5_inside(s); }, s);
	m5_bits(s, 7:4);
	return m5_size(char[3]) + va_arg(p, struct m5_s *)->x + offsetof(struct m5_s, a.b[2]);
out:
	return sizeof(struct m5_s) + sizeof(int) + __builtin_types_compatible_p(int, typeof(p));
}
""",
        """
        1-14 function m5_f
        3 m5_f: direct m5_container
        4 m5_f: direct m5_assert
        4 m5_f: direct m5_fail
        5 m5_f: direct m5_assert
        6 m5_f: direct m5_list
        7 m5_f: direct m5_compare
        7 m5_f: direct m5_limit
        8 m5_f: direct m5_empty
        9 m5_f: direct m5_block
        9 m5_f: direct m5_inside
        10 m5_f: direct m5_bits
        11 m5_f: direct m5_size
        11 m5_f: direct va_arg
        11 m5_f: direct offsetof
        12 label out
        13 m5_f: direct __builtin_types_compatible_p
        5 m5_f: label out
        """,
    ),
    "strings pasted with macros": (
        """\
#define M6_ERR "<3>"
#define M6_NAME "m6"
static const char m6_version[] = M6_NAME " version " M6_VERSION("1") "\\n";
void m6_f(int x)
{
	m6_printk(M6_ERR "%s: " M6_NAME "\\n", x ? "a" M6_NAME : M6_NAME "b");
	m6_printk(M6_ERR M6_NAME);
	m6_say("one"
	       "two" __FILE__ ": %d\\n", m6_value(x));
	asm("# " M6_NAME " %0" : : "r" (x));
}
""",
        """
        1 macro M6_ERR
        2 macro M6_NAME
        3 variable m6_version static
        3 -: direct M6_VERSION
        4-11 function m6_f
        6 m6_f: direct m6_printk
        7 m6_f: direct m6_printk
        8 m6_f: direct m6_say
        9 m6_f: direct m6_value
        """,
    ),
    "pieces of expressions": (
        """\
#define M7_HZ * 100
#define M7_MINS * 60 M7_HZ
#define M7_CAST (unsigned long)
#define M7_STAR *
#define M7_RETURN return
int m7_f(int x)
{
	int M7_STAR p = 0;
	m7_wait(2 M7_MINS);
	x = 5 M7_HZ + M7_CAST x;
	m7_call(x);
	M7_RETURN m7_last(x);
}
""",
        """
        1 macro M7_HZ
        2 macro M7_MINS
        3 macro M7_CAST
        4 macro M7_STAR
        5 macro M7_RETURN
        6-13 function m7_f
        9 m7_f: direct m7_wait
        11 m7_f: direct m7_call
        12 m7_f: direct m7_last
        """,
    ),
    "macros that define variables": (
        """\
#define M8_LIST(name) struct m8_list name = { &(name), &(name) }
#define DEFINE_M8_CPU(type, name) __attribute__((section(".percpu"))) __typeof__(type) per_cpu__##name
#define DECLARE_M8_CPU(type, name) extern __typeof__(type) per_cpu__##name
#define M8_TIMER(_name, _function) struct m8_timer _name = { .function = (_function) }
static M8_LIST(m8_head);
DEFINE_M8_CPU(unsigned long, m8_count) = 0;
DEFINE_M8_CPU(struct m8_stat, m8_stats);
DECLARE_M8_CPU(int, m8_elsewhere);
static M8_TIMER(m8_timer, m8_expire);
M8_LIST(m8_public);
void m8_f(void)
{
	M8_LIST(local);
	static M8_LIST(kept);
	m8_use(&local, &kept, &m8_head);
}
""",
        """
        1 macro M8_LIST
        2 macro DEFINE_M8_CPU
        3 macro DECLARE_M8_CPU
        4 macro M8_TIMER
        5 -: macro M8_LIST
        5 variable m8_head static macro=M8_LIST
        6 -: macro DEFINE_M8_CPU
        6 variable m8_count macro=DEFINE_M8_CPU
        6 variable per_cpu__m8_count macro=DEFINE_M8_CPU
        7 -: macro DEFINE_M8_CPU
        7 variable m8_stats macro=DEFINE_M8_CPU
        7 variable per_cpu__m8_stats macro=DEFINE_M8_CPU
        8 -: macro DECLARE_M8_CPU
        8 prototype m8_elsewhere macro=DECLARE_M8_CPU
        8 prototype per_cpu__m8_elsewhere macro=DECLARE_M8_CPU
        9 -: macro M8_TIMER
        9 variable m8_timer static macro=M8_TIMER
        10 -: macro M8_LIST
        10 variable m8_public macro=M8_LIST
        11-16 function m8_f
        13 m8_f: macro M8_LIST
        14 m8_f: macro M8_LIST
        15 m8_f: direct m8_use
        9 -: read m8_expire
        15 m8_f: address m8_head
        """,
    ),
    "macros that define functions": (
        """\
#define M9_FNS(bit, name) \\
static inline void set_m9_##name(struct m9_s *s) { m9_set(bit, s); } \\
static inline int m9_##name(const struct m9_s *s) \\
{ \\
	return m9_test(bit, s); \\
}
#define M9_ATTR(_name) \\
static ssize_t show_##_name(char *buf) { return m9_print(buf, _name); } \\
M9_FILE(_name)
#define M9_FILE(_name) struct m9_file file_##_name = { .show = show_##_name }
M9_FNS(M9_Dirty, dirty)
M9_FNS(M9_Clean,
       clean)
M9_ATTR(speed);
int m9_after(void) { return 0; }
""",
        """
        1-6 macro M9_FNS
        2 M9_FNS: direct m9_set
        5 M9_FNS: direct m9_test
        7-9 macro M9_ATTR
        8 M9_ATTR: direct m9_print
        9 M9_ATTR: macro M9_FILE
        10 macro M9_FILE
        11 -: macro M9_FNS
        11 function set_m9_dirty static macro=M9_FNS
        11 function m9_dirty static macro=M9_FNS
        12 -: macro M9_FNS
        12-13 function set_m9_clean static macro=M9_FNS
        12-13 function m9_clean static macro=M9_FNS
        14 -: macro M9_ATTR
        14 function show_speed static macro=M9_ATTR
        14 variable file_speed macro=M9_ATTR
        15 function m9_after
        """,
    ),
    "macros that make a function's head": (
        """\
#define M10_DEFINE0(name) long m10_##name(void)
#define M10_DEFINE2(name, ...) M10_DEFINEx(2, _##name, __VA_ARGS__)
#define M10_MAP2(t, a, ...) t a, M10_MAP1(__VA_ARGS__)
#define M10_MAP1(t, a) t a
#define M10_DEFINEx(x, name, ...) \\
	static long do_m10##name(M10_MAP##x(__VA_ARGS__)); \\
	long m10##name(M10_MAP##x(__VA_ARGS__)) { return do_m10##name(0, 0); } \\
	static long do_m10##name(M10_MAP##x(__VA_ARGS__))
#define M10_INTERRUPT(name) m10_irq_t name(int irq, void *dev)
M10_DEFINE0(zero)
{
	return m10_work();
}
M10_DEFINE2(two, int, fd,
	    char *, buf)
{
	return m10_work(fd, buf);
}
static M10_INTERRUPT(m10_handler)
{
	return m10_handle(irq, dev);
}
""",
        """
        1 macro M10_DEFINE0
        2 macro M10_DEFINE2
        2 M10_DEFINE2: macro M10_DEFINEx
        3 macro M10_MAP2
        3 M10_MAP2: macro M10_MAP1
        4 macro M10_MAP1
        5-8 macro M10_DEFINEx
        9 macro M10_INTERRUPT
        10 -: macro M10_DEFINE0
        10-13 function m10_zero macro=M10_DEFINE0
        12 m10_zero: direct m10_work
        14 -: macro M10_DEFINE2
        14-18 function m10_two macro=M10_DEFINE2
        14-18 function do_m10_two static macro=M10_DEFINE2
        17 m10_two: direct m10_work
        19 -: macro M10_INTERRUPT
        19-22 function m10_handler static macro=M10_INTERRUPT
        21 m10_handler: direct m10_handle
        """,
    ),
    "a maker that asks another by a pasted name": (
        """\
#define m11_check_int(name, p) static inline int *m11_check_##name(void) { return (p); }
#define m11_named(name, value, type) m11_check_##type(name, &(value)) m11_call(name, type)
#define m11_call(name, type) static struct m11_s m11_param_##name = { m11_set_##type }
#define m11_param(name, type) m11_named(name, name, type)
static int debug;
m11_param(debug, int);
""",
        """
        1 macro m11_check_int
        2 macro m11_named
        2 m11_named: macro m11_call
        3 macro m11_call
        4 macro m11_param
        4 m11_param: macro m11_named
        5 variable debug static
        6 -: macro m11_param
        6 function m11_check_debug static macro=m11_param
        6 variable m11_param_debug static macro=m11_param
        """,
    ),
    "members by macros": (
        """\
#define M12_COMMON int type; struct m12_s *next;
#define M12_BITMAP(name, bits) unsigned long name[(bits) / 32]
#define M12_HEAD(type) struct { struct type *first; }
struct m12_s {
	M12_COMMON
	M12_BITMAP(m12_mask, 64);
	int m12_plain;
	M12_HEAD(m12_s) m12_list;
};
#define M12_MORE int more;
struct m12_two { M12_COMMON M12_MORE char m12_last; };
struct m12_both { M12_COMMON M12_MORE };
struct m12_ended { M12_COMMON M12_MORE M12_COMMON; };
""",
        """
        1 macro M12_COMMON
        2 macro M12_BITMAP
        3 macro M12_HEAD
        4-9 struct m12_s
        6 -: macro M12_BITMAP
        6 member m12_mask macro=M12_BITMAP
        7 member m12_plain
        8 -: macro M12_HEAD
        8 member m12_list
        10 macro M12_MORE
        11 struct m12_two
        11 member m12_last
        12 struct m12_both
        13 struct m12_ended
        """,
    ),
    "macros at file level that define nothing": (
        """\
#define M13_EXPORT(sym) extern int m13_dummy
#define M13_LICENSE(text)
#define M13_INIT(fn) static int (*__m13_##fn)(void) = fn
#define M13_TWO(a, b)
#define M13_BARE(a)
static int m13_start(void) { return 0; }
M13_EXPORT(m13_start);
M13_LICENSE("GPL");
M13_INIT(m13_start);
M13_TWO(m13_start, m13_else);
M13_BARE(m13_start)
M13_UNKNOWN(m13_start);
int m13_after(void) { return 0; }
""",
        """
        1 macro M13_EXPORT
        2 macro M13_LICENSE
        3 macro M13_INIT
        4 macro M13_TWO
        5 macro M13_BARE
        6 function m13_start static
        7 -: macro M13_EXPORT
        8 -: macro M13_LICENSE
        9 -: macro M13_INIT
        9 variable __m13_m13_start static macro=M13_INIT
        10 -: macro M13_TWO
        11 -: macro M13_BARE
        12 -: direct M13_UNKNOWN
        13 function m13_after
        7 -: address m13_start
        9 -: address m13_start
        10 -: address m13_start
        11 -: address m13_start
        12 -: address m13_start
        """,
    ),
    "macro calls as lvalues and in chains": (
        """\
#define m14_pending() m14_stat[m14_cpu()].pending
#define M14_CB(skb) ((struct m14_cb *)&((skb)->cb[0]))
#define m14_current m14_get_current()
void m14_f(struct m14_skb *skb)
{
	m14_pending() = 0;
	m14_pending() |= 4;
	M14_CB(skb)->seq = 1;
	M14_CB(skb)->ops->call(skb);
	m14_current->state = m14_current->flags;
	m14_sk(skb)->run(skb, m14_nested(m14_sk(skb)));
}
""",
        """
        1 macro m14_pending
        1 m14_pending: direct m14_cpu
        2 macro M14_CB
        3 macro m14_current
        3 m14_current: direct m14_get_current
        4-12 function m14_f
        6 m14_f: macro m14_pending
        7 m14_f: macro m14_pending
        8 m14_f: macro M14_CB
        9 m14_f: macro M14_CB
        9 m14_f: indirect M14_CB(skb)->ops->call .call
        11 m14_f: direct m14_sk
        11 m14_f: indirect m14_sk(skb)->run .run
        11 m14_f: direct m14_nested
        11 m14_f: direct m14_sk
        8 m14_f: write seq
        10 m14_f: write state
        10 m14_f: member flags
        """,
    ),
    "statement expressions and typeof": (
        """\
#define m15_max(x, y) ({ typeof(x) _x = (x); typeof(y) _y = m15_id(y); _x > _y ? _x : _y; })
#define m15_wait(cond) \\
({	int __rc; \\
	m15_release(); \\
	__rc = cond; \\
	if (!__rc) \\
		m15_schedule(); \\
	__rc; \\
})
int m15_f(int a)
{
	int b = ({ int c = m15_g(a); c + 1; });
	typeof(*m15_p) *d = m15_h(({ a; }));
	return m15_max(a, m15_wait(b == m15_g(2)));
}
""",
        """
        1 macro m15_max
        1 m15_max: direct m15_id
        2-9 macro m15_wait
        4 m15_wait: direct m15_release
        7 m15_wait: direct m15_schedule
        10-15 function m15_f
        12 m15_f: direct m15_g
        13 m15_f: direct m15_h
        14 m15_f: macro m15_max
        14 m15_f: macro m15_wait
        14 m15_f: direct m15_g
        13 m15_f: read m15_p
        """,
    ),
    "one name, a macro and a function": (
        """\
#ifdef CONFIG_M16
#define m16_f(x) m16_real(x)
#else
static inline int m16_f(int x) { return x; }
#endif
#define m16_g m16_h
int m16_h(int x) { return m16_f(x); }
int m16_i(int x) { return m16_g(x); }
int (m16_f2)(int x) { return (m16_h)(x); }
""",
        """
        2 macro m16_f if=defined(CONFIG_M16)
        2 m16_f: direct m16_real
        4 function m16_f static if=!defined(CONFIG_M16)
        6 macro m16_g
        7 function m16_h
        7 m16_h: direct m16_f
        8 function m16_i
        8 m16_i: macro m16_g
        9 function m16_f2
        9 m16_f2: direct m16_h
        """,
    ),
    "macros in pairs open and close blocks": (
        """\
#define M17_BEGIN do { int m17_x;
#define M17_END } while (0)
#define M17_TRY(x) if (m17_try(x)) {
#define M17_DONE }
int m17_f(int x)
{
	M17_BEGIN;
	m17_a();
	M17_END;
	M17_TRY(x)
		m17_b();
	M17_DONE
	return 0;
}
int m17_after(void) { return 0; }
""",
        """
        1 macro M17_BEGIN
        2 macro M17_END
        3 macro M17_TRY
        3 M17_TRY: direct m17_try
        4 macro M17_DONE
        5-14 function m17_f
        8 m17_f: direct m17_a
        10 m17_f: macro M17_TRY
        11 m17_f: direct m17_b
        15 function m17_after
        """,
    ),
    "a loop's end by a macro": (
        """\
#define m19_while_more(p) while ((p = p->next) != 0)
struct m19 { struct m19 *next; };
int m19_f(struct m19 *p)
{
	do {
		if (m19_a(p))
			break;
	} m19_while_more(p);
	return m19_b();
}
int m19_after(void) { return 0; }
""",
        """
        1 macro m19_while_more
        2 struct m19
        2 member next
        3-10 function m19_f
        6 m19_f: direct m19_a
        8 m19_f: macro m19_while_more
        9 m19_f: direct m19_b
        11 function m19_after
        """,
    ),
    "a macro that is its own name": (
        """\
#ifndef m20_own
static inline unsigned long m20_own(int cpu) { return m20_a(cpu); }
#endif
--- m20.h
unsigned long m20_own(int cpu);
#define m20_own m20_own
""",
        """
        m20.h:1 prototype m20_own
        m20.h:2 macro m20_own
        2 function m20_own static if=!defined(m20_own)
        2 m20_own: direct m20_a
        """,
    ),
    "an alias is a function, a weak one stands in for what is not there": (
        """\
#define M21_ALIAS(x) long x(void) __attribute__((alias("m21_real")));
#define M21_COND(x) long x(void) __attribute__((weak, alias("m21_ni")));
long m21_real(void) { return 1; }
M21_ALIAS(m21_also)
M21_COND(m21_missing)
""",
        """
        1 macro M21_ALIAS
        2 macro M21_COND
        3 function m21_real
        4 -: macro M21_ALIAS
        4 function m21_also macro=M21_ALIAS
        5 -: macro M21_COND
        """,
    ),
    "a list in a file of macro uses": (
        """\
enum m18_e {
#define M18_X(name, value) M18_##name = value,
#include "m18.def"
#undef M18_X
	M18_LAST
};
static const char *m18_names[] = {
#define M18_X(name, value) [value] = #name,
#include "m18.def"
#undef M18_X
};
--- m18.def
M18_X(one, 1)
M18_X(two, 2)
""",
        """
        1-6 enum m18_e
        2 macro M18_X
        3 include "m18.def"
        5 enumerator M18_LAST
        7 variable m18_names static
        8 macro M18_X
        9 include "m18.def"
        """,
    ),
}


@pytest.mark.parametrize("title", CASES)
def test_macro_code(title, check):
    check(title)
