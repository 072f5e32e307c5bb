"""What newer kernels brought: calls that only macros, assembly or tables of calls tell of."""



from __future__ import annotations

import pytest

from xref.graph.callgraph import CallGraph

FILES = {
    "include/linux/syscalls.h": """\
#define __alias(symbol) __attribute__((__alias__(#symbol)))
#define SYSCALL_STUB(abi, name) \\
	long __##abi##_sys_##name(const struct pt_regs *regs) \\
	{ \\
		return __se_sys_##name(regs->di); \\
	}
#define SYSCALL_DEFINE1(name, type, arg) \\
	static long __se_sys_##name(long arg); \\
	static inline long __do_sys_##name(type arg); \\
	SYSCALL_STUB(x64, name) \\
	static long __se_sys_##name(long arg) \\
	{ \\
		return __do_sys_##name((type)arg); \\
	} \\
	static inline long __do_sys_##name(type arg)
#define SYSCALL_DEFINE0(name) \\
	static long __do_sys_##name(const struct pt_regs *unused); \\
	long __x64_sys_##name(const struct pt_regs *regs) __alias(__do_sys_##name); \\
	static long __do_sys_##name(const struct pt_regs *unused)
""",
    "arch/x86/entry/syscalls/syscall_64.tbl": "0\tcommon\tdup\tsys_dup\n1\tcommon\tgetpid\tsys_getpid\n",
    "arch/x86/entry/syscall_64.c": """\
#define __SYSCALL(nr, sym) case nr: return __x64_##sym(regs);
long x64_sys_call(const struct pt_regs *regs, unsigned int nr)
{
	switch (nr) {
#include <asm/syscalls_64.h>
	}
	return -38;
}
""",
    "kernel/sys.c": """\
#include <linux/syscalls.h>
long ksys_dup(int fd) { return fd; }
long task_pid(void) { return 1; }
SYSCALL_DEFINE1(dup, int, fd)
{
	return ksys_dup(fd);
}
SYSCALL_DEFINE0(getpid)
{
	return task_pid();
}
""",
    "kernel/softirq.c": """\
#define CALL_ARG0 "call %c[__func]\\n"
#define call_on_stack(stack, func, asm_call) \\
	asm volatile("mov %[tos], %%rsp\\n" asm_call : : [tos] "r" (stack), [__func] "i" (func))
#define softirq_on_own_stack() call_on_stack(0, __do_softirq, CALL_ARG0)
struct pv_cpu_ops { void (*safe_halt)(void); };
struct paravirt_patch { struct pv_cpu_ops cpu; };
struct paravirt_patch pv_ops;
#define paravirt_ptr(op) [paravirt_opptr] "m" (pv_ops.op)
#define PVOP_VCALL(op, ...) asm volatile("call *%[paravirt_opptr]" : : paravirt_ptr(op), ##__VA_ARGS__)
void __do_softirq(void) { }
static void native_safe_halt(void) { }
struct paravirt_patch pv_ops = { .cpu.safe_halt = native_safe_halt };
void do_softirq(void)
{
	softirq_on_own_stack();
}
void safe_halt(void)
{
	PVOP_VCALL(cpu.safe_halt);
}
""",
    "kernel/timer.c": """\
struct timer_list { void (*function)(struct timer_list *); };
#define timer_setup(timer, callback) init_timer_key(timer, callback)
static void init_timer_key(struct timer_list *timer, void (*func)(struct timer_list *))
{
	timer->function = func;
}
static void retransmit(struct timer_list *timer) { }
static __printf(2, 0) void setup_both(struct timer_list *timer, void (*handler)(struct timer_list *))
{
	timer_setup(timer, handler);
}
void start(struct timer_list *timer)
{
	setup_both(timer, retransmit);
}
void call_timer_fn(struct timer_list *timer)
{
	timer->function(timer);
}
""",
    "include/linux/tiny.h": "#define note_switch(preempt) do { tiny_switch(); } while (0)\nvoid tiny_switch(void);\n",
    "kernel/rcu/tiny.c": "void tiny_switch(void)\n{\n}\n",
    "include/linux/tree.h": "void note_switch(int preempt);\n",
    "include/linux/update.h": (
        "#ifdef CONFIG_TINY\n#include <linux/tiny.h>\n#else\n#include <linux/tree.h>\n#endif\n"
    ),
    "kernel/rcu/tree.c": (
        "#include <linux/update.h>\nstatic void local_part(void) { }\n#include \"tree_plugin.h\"\n"
    ),
    "kernel/rcu/tree_plugin.h": "void note_switch(int preempt)\n{\n\tlocal_part();\n}\n",
    "kernel/sched.c": "#include <linux/update.h>\nvoid schedule(void)\n{\n\tnote_switch(1);\n}\n",
    "arch/x86/include/asm/idtentry.h": """\
#ifndef __ASSEMBLY__
#define DECLARE_IDTENTRY(vector, func) void asm_##func(void); void func(void)
#else
#define DECLARE_IDTENTRY(vector, func) \\
	idtentry vector asm_##func func has_error_code=0
#endif
DECLARE_IDTENTRY(14, exc_page_fault);
""",
    "arch/x86/entry/entry_64.S": """\
.macro idtentry_body cfunc
	call	\\cfunc
	jmp	error_return
.endm
.macro idtentry vector asmsym cfunc has_error_code:req
SYM_CODE_START(\\asmsym)
	idtentry_body \\cfunc
SYM_CODE_END(\\asmsym)
.endm
#include <asm/idtentry.h>
""",
    "arch/x86/mm/fault.c": "void exc_page_fault(void)\n{\n}\n",
}  # fmt: skip

EDGES = [
    # wrappers of system calls, by the prefix that the dispatcher's macro has
    ("x64_sys_call", "__x64_sys_dup", "syscall"),
    ("__x64_sys_dup", "__se_sys_dup", "macro"),
    ("__se_sys_dup", "__do_sys_dup", "macro"),
    ("__do_sys_dup", "ksys_dup", "direct"),
    # an alias
    ("__x64_sys_getpid", "__do_sys_getpid", "macro"),
    ("__do_sys_getpid", "task_pid", "direct"),
    # operands of inline assembly: a function, a pointer to one
    ("do_softirq", "__do_softirq", "macro"),
    ("safe_halt", "native_safe_halt", "field"),
    # a pointer handed on by a macro, in a function with an annotation before its type
    ("call_timer_fn", "retransmit", "field"),
    # a macro in one configuration, a function in the other; the function in a part of a file
    ("schedule", "tiny_switch", "macro"),
    ("schedule", "note_switch", "direct"),
    ("note_switch", "local_part", "direct"),
    # the assembler's own macros
    ("asm_exc_page_fault", "exc_page_fault", "asm"),
]


@pytest.fixture(scope="module")
def graph(graph_of) -> CallGraph:
    return graph_of(FILES, arch="x86")


@pytest.mark.parametrize(("caller", "callee", "kind"), EDGES)
def test_edge(graph, caller, callee, kind):
    edges = [edge for node in graph.nodes(caller) for edge in graph.callees(node) if edge.callee == callee]
    assert kind in {edge.kind for edge in edges}
    assert all(edge.confidence != "name" for edge in edges)


@pytest.mark.parametrize(("caller", "callee", "kind"), EDGES)
def test_callers_agree(graph, caller, callee, kind):
    into = {edge.caller for node in graph.nodes(callee) for edge in graph.callers(node)}
    assert caller in into


def test_what_the_block_calls_its_wrapper_does_not(graph):
    for name in ("__x64_sys_dup", "__se_sys_dup", "__x64_sys_getpid"):
        called = {edge.callee for node in graph.nodes(name) for edge in graph.callees(node)}
        assert called.isdisjoint({"ksys_dup", "task_pid"}), name
