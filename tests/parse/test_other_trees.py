"""C as other trees than 2.6.11 have it: what kernels before and after it, and what students write into them."""



from __future__ import annotations

import pytest

CASES = {
    "a comment that speaks of a #define defines nothing": (
        """\
/*
 * The same for all, only a single #define is generated. Likewise,
 * each.
 */
int o1_f(struct o1_s *is) { return is->a; }
""",
        """
        5 function o1_f
        5 o1_f: type o1_s
        5 o1_f: member a
        """,
    ),
    "a macro's braces count with those of the macros in it": (
        """\
#define o2_HEAD(n) static inline int o2_##n(int a) {
#define o2_BOTH(n) o2_HEAD(n) return a; } o2_HEAD(n##_p) return a + 1; }
o2_BOTH(b)
#define o2_OPEN(n) { .name = n, .value = {
#define o2_ITEM(n, v) o2_OPEN(n) .low = v } }
struct o2_s o2_v[] = { o2_ITEM("a", 1), o2_ITEM("b", 2), };
int o2_last(void) { return 1; }
""",
        """
        1 macro o2_HEAD
        1 o2_HEAD: read o2_
        1 o2_HEAD: read a
        2 macro o2_BOTH
        2 o2_BOTH: macro o2_HEAD
        2 o2_BOTH: read a
        2 o2_BOTH: macro o2_HEAD
        2 o2_BOTH: read _p
        2 o2_BOTH: read a
        3 -: macro o2_BOTH
        3 -: read b
        4 macro o2_OPEN
        4 o2_OPEN: write name
        4 o2_OPEN: write value
        5 macro o2_ITEM
        5 o2_ITEM: macro o2_OPEN
        5 o2_ITEM: write low
        6 variable o2_v
        6 -: type o2_s
        6 -: macro o2_ITEM
        6 -: macro o2_ITEM
        7 function o2_last
        """,
    ),
    "a macro that is cut short opens nothing": (
        """\
#define o3_outer(p) ({ \\
	// a note
	(p); })
int o3_f(void *p) { return o3_outer(p) + 1; }
int o3_g(void *p) { return o3_outer(p); }
""",
        """
        1-2 macro o3_outer
        3 problem: cannot parse '})'
        3 -: read p
        4 function o3_f
        4 o3_f: macro o3_outer
        5 function o3_g
        5 o3_g: macro o3_outer
        """,
    ),
    "macros that are members of no struct but elsewhere": (
        """\
#define t2(r) do { r; } while (0);
struct o4_s { unsigned long t1, t2, t3; };
""",
        """
        1 macro t2
        2 member t1
        2 member t2
        2 member t3
        2 struct o4_s
        """,
    ),
    "a name that is an annotation elsewhere and a variable here": (
        """\
#include "o5.h"
long o5_f(struct o5_s *o5_local)
{
	o5_local->data = (long)o5_local;
	return o5_g((long)o5_local);
}
static inline unsigned char o5_inb(long address)
{
	return o5_read(address);
}
--- o5.h
#define o5_local static
#define o5_inb
""",
        """
        1 include "o5.h"
        o5.h:1 macro o5_local
        2-6 function o5_f
        o5.h:2 macro o5_inb
        2 o5_f: type o5_s
        4 o5_f: write data
        5 o5_f: direct o5_g
        7-10 function o5_inb static
        9 o5_inb: direct o5_read
        """,
    ),
    "words of segmented memory": (
        """\
#include "o6.h"
typedef unsigned char O6FAR o6_bytes;
struct o6_s O6FAR *o6_f(char O6FAR *p) { return o6_g(p); }
--- o6.h
#ifdef MSDOS
#define O6FAR far
#else
#define O6FAR
#endif
""",
        """
        1 include "o6.h"
        o6.h:1 -: read MSDOS
        2 typedef o6_bytes
        o6.h:2 macro O6FAR if=defined(MSDOS)
        o6.h:2 O6FAR: read far
        3 function o6_f
        3 o6_f: type o6_s
        3 o6_f: direct o6_g
        o6.h:4 macro O6FAR if=!defined(MSDOS)
        """,
    ),
    "pieces of names that begin with a digit": (
        """\
#define o7_in(r) o7_read(o7_##r)
int o7_f(void) { return o7_in(10_LAN_CFG) + o7_in(2k_ECC) + 0x1fUL + 1e3; }
int o7_g(void) { return 1; }
""",
        """
        1 macro o7_in
        1 o7_in: direct o7_read
        1 o7_in: read o7_
        2 function o7_f
        2 o7_f: macro o7_in
        2 o7_f: macro o7_in
        3 function o7_g
        """,
    ),
    "a qualifier by another name": (
        """\
#define o8_atomic _Atomic
struct o8_s { o8_atomic int a; o8_atomic unsigned long b; };
static o8_atomic int o8_v;
""",
        """
        1 macro o8_atomic
        2 member a
        2 member b
        2 struct o8_s
        3 variable o8_v static
        """,
    ),
    "the alignment of a value": (
        """\
int o9_f(struct o9_s *p) { return __alignof__(*p) - 1 + _Alignof(struct o9_s) + __alignof__(p->x); }
""",
        """
        1 function o9_f
        1 o9_f: type o9_s
        1 o9_f: type o9_s
        1 o9_f: member x
        """,
    ),
    "a loop's head and a statement that begins with no name": (
        """\
#define o10_for_each(p, l) for (p = l; p; p = p->next)
int o10_f(struct o10_s *l)
{
	struct o10_s *p;
	int n = 0;
	o10_for_each(p, l)
		++n;
	o10_for_each(p, l)
		(void)o10_g(p);
	return n;
}
""",
        """
        1 macro o10_for_each
        1 o10_for_each: member next
        2-11 function o10_f
        2 o10_f: type o10_s
        4 o10_f: type o10_s
        6 o10_f: macro o10_for_each
        8 o10_f: macro o10_for_each
        9 o10_f: direct o10_g
        """,
    ),
    "a level and a format in a call's arguments": (
        """\
void o11_f(int a)
{
	o11_print(O11_ERR o11_fmt("x %d\\n"), a);
}
""",
        """
        1-4 function o11_f
        3 o11_f: direct o11_print
        3 o11_f: read O11_ERR
        3 o11_f: direct o11_fmt
        """,
    ),
    "enumerators that macros make": (
        """\
#define O12_NAMES(X) X(a), X(b)
#define O12_ONE(n) O12_##n
#define O12_LIST O12_p, O12_q,
enum o12_all {
	O12_NAMES(O12_ONE)
};
enum o12_some { O12_ONE(x), O12_ONE(y), O12_last };
enum o12_more { O12_LIST O12_end };
""",
        """
        1 macro O12_NAMES
        1 O12_NAMES: read a
        1 O12_NAMES: read b
        2 macro O12_ONE
        2 O12_ONE: read O12_
        3 macro O12_LIST
        3 O12_LIST: read O12_p
        3 O12_LIST: read O12_q
        4-6 enum o12_all
        5 enumerator O12_a macro=O12_NAMES
        5 enumerator O12_b macro=O12_NAMES
        5 -: macro O12_NAMES
        7 enum o12_some
        7 enumerator O12_last
        7 enumerator O12_x macro=O12_ONE
        7 enumerator O12_y macro=O12_ONE
        7 -: macro O12_ONE
        7 -: read x
        7 -: macro O12_ONE
        7 -: read y
        8 enum o12_more
        8 enumerator O12_end
        """,
    ),
    "designators that macros make": (
        """\
#define O13_CHANNEL(n) [(n) - 1]
static int o13_v[][2] = {
	O13_CHANNEL( 1) = { 1, 2 },
	O13_CHANNEL( 2) = { o13_a, 4 },
};
""",
        """
        1 macro O13_CHANNEL
        2 variable o13_v static
        3 -: macro O13_CHANNEL
        4 -: macro O13_CHANNEL
        4 -: read o13_a
        """,
    ),
    "a pointer returned in K&R's style": (
        """\
static struct o15_s **o15_f(a, b)
struct o15_s *a ;
int b ;
{
	return a ? o15_g(a, b) : 0;
}
int o15_h(a) int a; { return a; }
""",
        """
        1-6 function o15_f static
        1 o15_f: type o15_s
        2 o15_f: type o15_s
        5 o15_f: direct o15_g
        7 function o15_h
        """,
    ),
    "a declaration among statements": (
        """\
void o16_f(void)
{
	int i = 0;
	extern o16_t *o16_g(unsigned long a);
	o16_h(i * o16_k(unsigned long));
}
""",
        """
        1-6 function o16_f
        4 prototype o16_g
        4 o16_f: type o16_t
        4 o16_f: read a
        5 o16_f: direct o16_h
        5 o16_f: direct o16_k
        """,
    ),
    "members that macros begin": (
        """\
#define O14_OWNER owner:
#define O14_THIS THIS_MODULE,
struct o14_s o14_v = {
	O14_OWNER O14_THIS
	read: o14_read,
};
""",
        """
        1 macro O14_OWNER
        1 O14_OWNER: read owner
        2 macro O14_THIS
        2 O14_THIS: read THIS_MODULE
        3 variable o14_v
        3 -: type o14_s
        5 -: write read
        5 -: read o14_read
        """,
    ),
}


@pytest.mark.parametrize("title", CASES)
def test_case(check, title):
    check(title)
