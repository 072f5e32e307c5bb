"""What the parser takes for a definition: each construct of C and of the kernel's C, in text of our own."""

from __future__ import annotations

import pytest

CASES = {
    "a plain function, and one below it": (
        """\
int d1_first(int a)
{
	return a;
}

static int d1_second(void) { return d1_first(1); }
""",
        """
        1-4 function d1_first
        6 function d1_second static
        6 d1_second: direct d1_first
        """,
    ),
    "the first declaration of a file is static": (
        """\
#include "d2.h"
static int d2_first;
static int d2_second;
""",
        """
        1 include "d2.h"
        2 variable d2_first static
        3 variable d2_second static
        """,
    ),
    "type on an earlier line, blank before the parenthesis": (
        """\
static unsigned long
d3_a (int x)
{
	return d3_b (x);
}

struct d3_s *
d3_b
(int x)
{
	return 0;
}
""",
        """
        2-5 function d3_a static
        4 d3_a: direct d3_b
        8-12 function d3_b
        """,
    ),
    "names in parentheses": (
        """\
typedef unsigned char (d30_read_t)(void *data, int reg);
typedef unsigned long long int (d30_long_t)(void);
typedef void (d30_write_t)(void *data);
unsigned long (d30_declared)(int x);
unsigned int (d30_defined)(int x)
{
	return d30_declared(x);
}
""",
        """
        1 typedef d30_read_t
        2 typedef d30_long_t
        3 typedef d30_write_t
        4 prototype d30_declared
        5-8 function d30_defined
        7 d30_defined: direct d30_declared
        """,
    ),
    "K and R parameters": (
        """\
static int d4_old(dev, name, fn)
	struct d4_dev *dev;
	char *name;
	int (*fn)();
{
	return fn(dev, name);
}

d4_implicit(x)
{
	return d4_old(0, 0, 0);
}
""",
        """
        1-7 function d4_old static
        6 d4_old: indirect fn
        9-12 function d4_implicit
        11 d4_implicit: direct d4_old
        """,
    ),
    "attributes everywhere": (
        """\
__attribute__((noinline)) static int d5_before(void) { return 1; }
static __attribute__((always_inline)) inline int d5_between(void) { return 1; }
int __attribute__((regparm(3))) d5_after_type(void) { return 1; }
int d5_parameter(int a __attribute__((unused)), __attribute__((unused)) int b)
{
	int c __attribute__((aligned(8))) = a;
	return c;
}
int d5_declared(const char *format, ...) __attribute__((format(printf, 1, 2)));
struct d5_packed { int x; } __attribute__((packed));
struct __attribute__((packed)) d5_packed_too { int y __attribute__((aligned(4))); };
int d5_data __attribute__((section(".data"))) = 3;
static int d5_more __attribute__((unused)), d5_list __attribute__((unused));
typedef int d5_type __attribute__((aligned(16)));
""",
        """
        1 function d5_before static
        2 function d5_between static
        3 function d5_after_type
        4-8 function d5_parameter
        9 prototype d5_declared
        10 struct d5_packed
        10 member x
        11 struct d5_packed_too
        11 member y
        12 variable d5_data
        13 variable d5_more static
        13 variable d5_list static
        14 typedef d5_type
        """,
    ),
    "functions that return odd things": (
        """\
int (*d6_pointer(int which))(void)
{
	return 0;
}
void (*d6_signal(int sig, void (*handler)(int)))(int);
struct d6_made { int a; } d6_struct(void) { struct d6_made m = { 1 }; return m; }
const char *const *d6_names(void) { return 0; }
unsigned d6_bits(void) { return 0; }
""",
        """
        1-4 function d6_pointer
        5 prototype d6_signal
        6 struct d6_made
        6 member a
        6 function d6_struct
        7 function d6_names
        8 function d6_bits
        """,
    ),
    "parameters of function type": (
        """\
int d7_append(int getfrag(void *from, char *to), void *from)
{
	return getfrag(from, 0);
}
int d7_arrays(int a[], char b[static 4], int (*c)[3])
{
	return a[0];
}
int d7_prototype(int (*)(void), int (*named)(int));
""",
        """
        1-4 function d7_append
        3 d7_append: indirect getfrag
        5-8 function d7_arrays
        9 prototype d7_prototype
        """,
    ),
    "extern C": (
        """\
#ifdef __cplusplus
extern "C" {
#endif
int d8_one(void);
extern int d8_two;
int d8_three(void) { return d8_one(); }
#ifdef __cplusplus
}
#endif
""",
        """
        4 prototype d8_one
        5 prototype d8_two
        6 function d8_three
        6 d8_three: direct d8_one
        """,
    ),
    "members of every shape": (
        """\
struct d9_s {
	int one, *two, three[4];
	unsigned flag:1, :3, other:4;
	unsigned :0;
	int (*call)(struct d9_s *self, int arg);
	void (*table[8])(void), (**indirect)(void);
	union {
		int in_union;
		struct { char deep; };
	};
	struct d9_inner { long l; } inner, *more;
	enum d9_e { D9_A, D9_B = 4, D9_C, } kind;
	struct d9_s *next;
	char tail[0];
	d9_fn_t *typed;
};
union d9_u { int i; float f; };
""",
        """
        1-16 struct d9_s
        2 member one
        2 member two
        2 member three
        3 member flag
        3 member other
        5 member call
        6 member table
        6 member indirect
        8 member in_union
        9 member deep
        11 struct d9_inner
        11 member l
        11 member inner
        11 member more
        12 enum d9_e
        12 enumerator D9_A
        12 enumerator D9_B
        12 enumerator D9_C
        12 member kind
        13 member next
        14 member tail
        15 member typed
        17 union d9_u
        17 member i
        17 member f
        """,
    ),
    "enums and forward declarations": (
        """\
struct d10_ahead;
enum { D10_X, D10_Y = (1 << 2), D10_Z = D10_Y | 1 };
enum d10_e {
	D10_FIRST = 'a',
	D10_LAST
};
union d10_u *d10_p;
""",
        """
        2 enumerator D10_X
        2 enumerator D10_Y
        2 enumerator D10_Z
        3-6 enum d10_e
        4 enumerator D10_FIRST
        5 enumerator D10_LAST
        7 variable d10_p
        2 -: read D10_Y
        1 -: type d10_ahead
        """,
    ),
    "typedefs of every shape": (
        """\
typedef int d11_int, *d11_pointer, d11_array[3];
typedef int (*d11_callback)(int a, void (*inner)(int));
typedef int d11_function(void *);
typedef struct d11_tag { int m; } d11_struct, *d11_structp;
typedef struct { int n; } d11_anonymous;
typedef enum d11_en { D11_A } d11_enum;
typedef unsigned long long d11_u64;
typedef __typeof__(sizeof(0)) d11_size;
typedef unsigned short wchar_t;
""",
        """
        1 typedef d11_int
        1 typedef d11_pointer
        1 typedef d11_array
        2 typedef d11_callback
        3 typedef d11_function
        4 struct d11_tag
        4 member m
        4 typedef d11_struct
        4 typedef d11_structp
        5 member n
        5 typedef d11_anonymous
        6 enum d11_en
        6 enumerator D11_A
        6 typedef d11_enum
        7 typedef d11_u64
        8 typedef d11_size
        9 typedef wchar_t
        """,
    ),
    "variables of every shape": (
        """\
int d12_a, *d12_b, d12_c[3], (*d12_d)(void), (*d12_e[2])(int);
static const char d12_text[] = "{ not a block";
extern int d12_declared, d12_also;
extern int d12_with_value = 3;
struct d12_s { int m; } d12_here, *d12_there = &d12_here;
struct { int unnamed; } d12_anonymous;
static struct d12_s d12_list[] = { { 1 }, { .m = 2 }, [4] = { 3 }, [5 ... 6] = { m: 4 } };
int (*d12_handlers[])(void) = { d12_one, &d12_two };
char *d12_char = (char []) { 'a', '\\'', '"', 0 };
unsigned d12_unsigned = 1u;
long d12_f(void), d12_g;
""",
        """
        1 variable d12_a
        1 variable d12_b
        1 variable d12_c
        1 variable d12_d
        1 variable d12_e
        2 variable d12_text static
        3 prototype d12_declared
        3 prototype d12_also
        4 variable d12_with_value
        5 struct d12_s
        5 member m
        5 variable d12_here
        5 variable d12_there
        6 member unnamed
        6 variable d12_anonymous
        7 variable d12_list static
        8 variable d12_handlers
        9 variable d12_char
        10 variable d12_unsigned
        11 prototype d12_f
        11 variable d12_g
        5 -: address d12_here
        7 -: write m
        7 -: write m
        """,
    ),
    "labels, case ranges, computed goto": (
        """\
int d13_f(int x)
{
	__label__ local;
	static void *table[] = { &&d13_first, &&d13_second };
	switch (x) {
	case 1 ... 4:
	case 'a'...'z':
		goto d13_first;
	default:
		break;
	}
	if (x > 1)
		goto *table[x];
d13_first:
	x++;
d13_second: __attribute__((unused))
	if (x) {
		goto d13_last;
	}
local:
d13_last:
}
""",
        """
        1-22 function d13_f
        14 label d13_first
        16 label d13_second
        20 label local
        21 label d13_last
        4 d13_f: label d13_first
        4 d13_f: label d13_second
        8 d13_f: label d13_first
        18 d13_f: label d13_last
        """,
    ),
    "locals are no definitions": (
        """\
struct d14_s { int m; };
int d14_f(struct d14_s *arg)
{
	int local = arg->m, other[3], (*pointer)(int);
	static int kept = 1;
	extern int d14_elsewhere;
	int d14_declared(int);
	struct d14_s s = { .m = local };
	struct d14_inner { int in; } inner;
	enum { D14_IN } e;
	typedef int d14_local_t;
	for (int i = 0; i < 3; i++)
		other[i] = pointer(i);
	kept += d14_declared(kept);
	return d14_elsewhere + s.m;
}
""",
        """
        1 struct d14_s
        1 member m
        2-16 function d14_f
        6 prototype d14_elsewhere
        9 struct d14_inner
        9 member in
        10 enumerator D14_IN
        11 typedef d14_local_t
        13 d14_f: indirect pointer
        14 d14_f: direct d14_declared
        4 d14_f: member m
        8 d14_f: write m
        15 d14_f: member m
        """,
    ),
    "register variables in a register": (
        """\
register unsigned long d15_sp asm("esp");
void d15_f(void)
{
	register long r0 asm("r0") = 1;
	register long r1 __asm__ ("%r1");
	asm volatile("int $0x80" : "=r" (r0) : "r" (r1), [in] "m" (d15_sp) : "memory", "cc");
	__asm__ __volatile__("nop");
	asm goto("jmp %l[out]" : : : : out);
out:
	return;
}
asm(".globl d15_top\\n"
    "d15_top: nop");
""",
        """
        1 variable d15_sp
        2-11 function d15_f
        9 label out
        6 d15_f: read d15_sp
        8 d15_f: label out
        """,
    ),
    "a nested function": (
        """\
int d16_outer(int x)
{
	int d16_inner(int y) { return x + y; }
	return d16_inner(2);
}
""",
        """
        1-5 function d16_outer
        3 function d16_inner
        4 d16_outer: direct d16_inner
        """,
    ),
    "form feeds, tabs and line joins": (
        """\
\x0c
int\td17_f(\\
	int a)
{
	return d17_g \\
(a);
}
\x0c
int d17_h;\x0b
""",
        """
        2-7 function d17_f
        9 variable d17_h
        5 d17_f: direct d17_g
        """,
    ),
    "text that only looks like code": (
        """\
/* int d18_no(void) { */
// int d18_never(void) { \\
   int d18_joined(void) {
const char *d18_s = "int d18_in(void) {" " /* " "*/ } \\" {";
char d18_c = '{', d18_d = '\\'', d18_e = '"';
int d18_f(void) { return '}'; } /* a /* b */
""",
        """
        4 variable d18_s
        5 variable d18_c
        5 variable d18_d
        5 variable d18_e
        6 function d18_f
        """,
    ),
    "old designators and casts of braces": (
        """\
struct d19_ops d19_o = {
	open: d19_open,
	.sub.deep = d19_deep,
	[0] { 1, 2 },
	.list = { [1] = d19_one, d19_two },
	.cast = (struct d19_t) { .f = d19_f },
	.nested = (d19_fn) d19_cast,
};
""",
        """
        1 variable d19_o
        2 -: read d19_open
        3 -: read d19_deep
        5 -: read d19_one
        5 -: read d19_two
        6 -: write f
        6 -: read d19_f
        7 -: read d19_cast
        7 -: type d19_fn
        2 -: write open
        3 -: member sub
        """,
    ),
    "function pointers and their stores": (
        """\
static int d20_run(void) { return 0; }
struct d20_ops { int (*run)(void); };
static struct d20_ops d20_table = { .run = d20_run };
void d20_set(struct d20_ops *ops)
{
	ops->run = d20_run;
	ops->run = &d20_run;
	d20_take(d20_run);
	if (ops->run == d20_run)
		ops->run();
}
""",
        """
        1 function d20_run static
        2 struct d20_ops
        2 member run
        3 variable d20_table static
        4-11 function d20_set
        8 d20_set: direct d20_take
        10 d20_set: indirect ops->run .run
        3 -: write run
        3 -: address d20_run
        6 d20_set: write run
        7 d20_set: write run
        9 d20_set: member run
        10 d20_set: member run
        6 d20_set: address d20_run
        7 d20_set: address d20_run
        8 d20_set: address d20_run
        9 d20_set: address d20_run
        """,
    ),
    "two functions of one name in one file": (
        """\
#ifdef CONFIG_D21
int d21_f(void) { return 1; }
#else
static inline int d21_f(void) { return 0; }
#endif
""",
        """
        2 function d21_f if=defined(CONFIG_D21)
        4 function d21_f static if=!defined(CONFIG_D21)
        """,
    ),
    "no newline at the end": ("int d22_f(void) { return 0; }", "1 function d22_f"),
    "stray semicolons": (
        """\
;
int d23_f(void) { ; ; };
struct d23_s { int a; ; };
;
""",
        """
        2 function d23_f
        3 struct d23_s
        3 member a
        """,
    ),
    "a compound literal and an alignment": (
        """\
_Static_assert(sizeof(int) == 4, "int");
_Alignas(16) static int d24_aligned;
int d24_f(void)
{
	d24_take(&(struct d24_s) { .a = 1, .b = { 2 } });
	return _Generic(1, int: d24_i, default: d24_d)(1) + _Alignof(int) + __alignof__(struct d24_s);
}
""",
        """
        2 variable d24_aligned static
        3-7 function d24_f
        5 d24_f: direct d24_take
        """,
    ),
}


@pytest.mark.parametrize("title", CASES)
def test_definitions(title, check):
    check(title)
