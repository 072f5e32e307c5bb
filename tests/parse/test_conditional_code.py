"""`#if` in places where C itself cannot be cut: every branch is seen, and each fact once."""

# ruff: noqa: E101  the tabs are those of the C

from __future__ import annotations

import pytest

CASES = {
    "two heads, one body": (
        """\
#ifdef CONFIG_C1
int __init c1_module_init(void)
#else
struct c1_table *__init c1_init(int id)
#endif
{
	c1_work(1);
	return 0;
}
int c1_after(void) { return 0; }
--- init.h
#define __init __attribute__((section(".init")))
""",
        """
        init.h:1 macro __init
        2-9 function c1_module_init if=defined(CONFIG_C1)
        4-9 function c1_init if=!defined(CONFIG_C1)
        7 c1_init: direct c1_work
        10 function c1_after
        """,
    ),
    "the head's storage class depends": (
        """\
#ifndef CONFIG_C2
static
#endif
int c2_f(void)
{
	return 0;
}
#ifdef CONFIG_C2_INLINE
inline
#else
extern
#endif
int c2_g(void) { return c2_f(); }
""",
        """
        4-7 function c2_f static
        13 function c2_g
        13 c2_g: direct c2_f
        """,
    ),
    "an if that one branch opens": (
        """\
int c3_f(int x)
{
#ifdef CONFIG_C3
	if (c3_test(x)) {
#else
	if (x) {
#endif
		c3_yes(x);
	} else
#ifdef CONFIG_C3_MORE
	if (c3_more(x))
		c3_some(x);
	else
#endif
		c3_no(x);
	return x;
}
int c3_after(void) { return 0; }
""",
        """
        1-17 function c3_f
        4 c3_f: direct c3_test
        8 c3_f: direct c3_yes
        11 c3_f: direct c3_more
        12 c3_f: direct c3_some
        15 c3_f: direct c3_no
        18 function c3_after
        """,
    ),
    "a brace that depends, at both ends": (
        """\
void c4_f(int x)
{
#if C4_LEVEL > 1
	while (c4_again()) {
#endif
		c4_work(x);
#if C4_LEVEL > 1
	}
#endif
	c4_last();
}
""",
        """
        1-11 function c4_f
        4 c4_f: direct c4_again
        6 c4_f: direct c4_work
        10 c4_f: direct c4_last
        3 c4_f: read C4_LEVEL
        7 c4_f: read C4_LEVEL
        """,
    ),
    "a condition cut in an expression": (
        """\
int c5_f(int a)
{
	if (a == 1
#ifdef CONFIG_C5
	    || c5_other(a)
#else
	    || c5_third(a)
#endif
	   )
		return c5_call(a,
#ifdef CONFIG_C5
			       c5_one());
#else
			       c5_two());
#endif
	return 0;
}
""",
        """
        1-17 function c5_f
        5 c5_f: direct c5_other
        7 c5_f: direct c5_third
        10 c5_f: direct c5_call
        12 c5_f: direct c5_one
        14 c5_f: direct c5_two
        """,
    ),
    "members, enumerators and initialisers that depend": (
        """\
struct c6_s {
	int always;
#ifdef CONFIG_C6
	int sometimes;
#elif defined(CONFIG_C6_OTHER)
	int other;
#else
	int never;
#endif
};
enum c6_e {
	C6_A
#ifdef CONFIG_C6
	, C6_B
#endif
};
static struct c6_s c6_v = {
	.always = 1,
#ifdef CONFIG_C6
	.sometimes = c6_value(),
#endif
};
""",
        """
        1-10 struct c6_s
        2 member always
        4 member sometimes if=defined(CONFIG_C6)
        6 member other if=!defined(CONFIG_C6) && defined(CONFIG_C6_OTHER)
        8 member never if=!defined(CONFIG_C6) && !defined(CONFIG_C6_OTHER)
        11-16 enum c6_e
        12 enumerator C6_A
        14 enumerator C6_B if=defined(CONFIG_C6)
        17 variable c6_v static
        20 -: direct c6_value
        """,
    ),
    "what #if 0 holds is marked, and what is no C there costs nothing": (
        """\
#if 0
int c7_dead(void) { return c7_call(); }
#endif
#if 0
} ... it's no C at all { (
#endif
int c7_alive(void) { return 1; }
#if 1
int c7_live(void) { return 2; }
#else
} } } ((
#endif
""",
        """
        2 function c7_dead if=0
        2 c7_dead: direct c7_call
        7 function c7_alive
        9 function c7_live if=1
        """,
    ),
    "a stray quote in what is left out": (
        """\
#if 0
no "quote ends here, and it isn't missed
#endif
int c16_f(void) { return 1; }
#error who said "that
const char *c16_s = "x";
int c16_g(void) { return c16_f(); }
""",
        """
        4 function c16_f
        6 variable c16_s
        7 function c16_g
        7 c16_g: direct c16_f
        """,
    ),
    "conditions are told as they nest": (
        """\
#if defined(CONFIG_C8) && !defined(MODULE)
#ifdef CONFIG_C8_SUB	/* with a word to it */
int c8_a;
#else
int c8_b;
#endif
#elif C8_VERSION >= 0x020600 || \\
      C8_FORCE
int c8_c;
#else
int c8_d;
#endif
#if !defined CONFIG_C8_X
int c8_e;
#endif
#if ! defined ( CONFIG_C8_Y )
int c8_f;
#endif
""",
        """
        3 variable c8_a if=defined(CONFIG_C8) && !defined(MODULE) && defined(CONFIG_C8_SUB)
        5 variable c8_b if=defined(CONFIG_C8) && !defined(MODULE) && !defined(CONFIG_C8_SUB)
        9 variable c8_c if=!(defined(CONFIG_C8) && !defined(MODULE)) && C8_VERSION >= 0x020600 || C8_FORCE
        11 variable c8_d if=!(defined(CONFIG_C8) && !defined(MODULE)) && !(C8_VERSION >= 0x020600 || C8_FORCE)
        14 variable c8_e if=!defined(CONFIG_C8_X)
        17 variable c8_f if=!defined(CONFIG_C8_Y)
        """,
    ),
    "a header's guard is no condition": (
        """\
#include "guarded.h"
--- guarded.h
/* A comment first. */
#ifndef _C9_H
#define _C9_H
int c9_f(void);
#ifdef CONFIG_C9
int c9_g(void);
#endif
#endif /* _C9_H */
""",
        """
        1 include "guarded.h"
        guarded.h:3 macro _C9_H
        guarded.h:4 prototype c9_f
        guarded.h:6 prototype c9_g if=defined(CONFIG_C9)
        """,
    ),
    "directives in odd shapes": (
        """\
  #  include   <c10.h>
#	include "c10-own.h"	/* why */
# define C10_A 1
#define C10_B(x) \\
	c10_call(x); \\
	c10_again(x)
#if /* a comment
	over two lines */ defined(CONFIG_C10)
#include C10_NAME
#endif
#error don't
#pragma pack(1)
#
#undef C10_A
int c10_f(void)
{
#define C10_LOCAL 4
	return C10_LOCAL
#undef C10_LOCAL
		;
}
""",
        """
        1 include <c10.h>
        2 include "c10-own.h"
        3 macro C10_A
        4-6 macro C10_B
        5 C10_B: direct c10_call
        6 C10_B: direct c10_again
        15-21 function c10_f
        17 macro C10_LOCAL
        """,
    ),
    "parameters and arguments that depend": (
        """\
static int c11_f(int a,
#ifdef CONFIG_C11
		 int b,
#endif
		 int c)
{
	return c11_g(a,
#ifdef CONFIG_C11
		     b,
#endif
		     c);
}
int c11_after(void) { return 0; }
""",
        """
        1-12 function c11_f static
        7 c11_f: direct c11_g
        13 function c11_after
        """,
    ),
    "an else whose if is elsewhere": (
        """\
int c12_f(int x)
{
#ifdef CONFIG_C12
	if (x)
		c12_a();
	else
#else
	if (!x)
#endif
	{
		c12_b();
	}
#ifdef CONFIG_C12
	switch (x) {
	case 1:
#endif
		c12_c();
#ifdef CONFIG_C12
	}
#endif
	return 0;
}
""",
        """
        1-22 function c12_f
        5 c12_f: direct c12_a
        11 c12_f: direct c12_b
        17 c12_f: direct c12_c
        """,
    ),
    "functions that end in different branches": (
        """\
int c13_f(void)
{
	c13_start();
#ifdef CONFIG_C13
	return c13_one();
}
int c13_g(void)
{
	c13_more();
#endif
	return 0;
}
int c13_after(void) { return c13_f(); }
""",
        """
        1-6 function c13_f
        3 c13_f: direct c13_start
        7-12 function c13_g if=defined(CONFIG_C13)
        5 c13_f: direct c13_one
        9 c13_g: direct c13_more
        13 function c13_after
        13 c13_after: direct c13_f
        """,
    ),
    "assembly in a header for both": (
        """\
#include "both.h"
--- both.h
#ifdef __ASSEMBLY__
	.macro c14_save reg
	stw	\\reg, 0(r1)
	.endm
#else
int c14_f(void);
#endif
""",
        """
        1 include "both.h"
        both.h:2-4 macro c14_save if=defined(__ASSEMBLY__)
        both.h:6 prototype c14_f if=!defined(__ASSEMBLY__)
        """,
    ),
    "an unfinished #if and a stray #endif": (
        """\
#endif
int c15_f(void) { return 0; }
#else
int c15_g(void) { return 0; }
#ifdef CONFIG_C15
int c15_h(void) { return 0; }
""",
        """
        2 function c15_f
        4 function c15_g
        6 function c15_h if=defined(CONFIG_C15)
        """,
    ),
}


@pytest.mark.parametrize("title", CASES)
def test_conditional_code(title, check):
    check(title)
