"""Calls that only some configurations make, and functions' addresses that come to their calls by roundabout ways."""

from __future__ import annotations

import pytest

from xref.graph.callgraph import CallGraph

FILES = {
    # a function here, a macro there, in one header and in two
    "include/linux/module.h": """\
#ifdef CONFIG_MODULES
extern int __load(int wait, const char *name);
#define load(name) __load(1, name)
#else
static inline int load(const char *name) { return -38; }
#endif
#ifdef CONFIG_DEBUG
extern void take_nested(int *lock, int class);
#else
#define take_nested(lock, class) take(lock)
#endif
extern void take(int *lock);
""",
    "include/linux/lock.h": """\
#ifdef CONFIG_RT
#include <linux/lock_rt.h>
#else
static inline int try_lock(int *lock) { return raw_try(lock); }
#endif
extern int raw_try(int *lock);
extern int rt_try(int *lock);
""",
    "include/linux/lock_rt.h": "#define try_lock(lock) rt_try(lock)\n",
    "kernel/lock.c": """\
#include <linux/lock.h>
#include <linux/module.h>
int raw_try(int *lock) { return 1; }
int rt_try(int *lock) { return 1; }
int __load(int wait, const char *name) { return 0; }
void take(int *lock) { }
#ifdef CONFIG_DEBUG
void take_nested(int *lock, int class) { }
#endif
int user(int *lock)
{
	load("x");
	take_nested(lock, 1);
	return try_lock(lock);
}
""",
    # inline functions of one name in two headers of which one is included
    "include/asm-generic/page.h": """\
#ifdef FOLDED
#include <asm-generic/folded.h>
#else
static inline void free_level(int *level) { release_page(level); }
#endif
""",
    "include/asm-generic/folded.h": "static inline void free_level(int *level) { nothing(level); }\n",
    "mm/page.c": """\
void release_page(int *page) { }
void nothing(int *page) { }
""",
    "mm/memory.c": "#include <asm-generic/page.h>\nvoid free_levels(int *level)\n{\n\tfree_level(level);\n}\n",
    # a header that counts on what is included before it
    "security/label.h": "static inline void put_label(int *label) { drop(label); }\nvoid drop(int *label);\n",
    "security/task.h": "static inline void free_context(int *context) { put_label(context); }\n",
    "security/lsm.c": """\
#include "label.h"
#include "task.h"
void drop(int *label) { }
void task_free(int *context)
{
	free_context(context);
}
""",
    # a macro that hands a function on to another, and one whose argument is a macro
    "include/linux/once.h": """\
#define once(func, ...) ({ static int done; if (!done) { done = 1; func(__VA_ARGS__); } })
#define random_once(bytes) once(get_random, bytes)
#define note(fmt) log_wrap(_note, fmt)
#define log_wrap(_p_func, fmt) ({ _p_func(fmt); })
#define note_once(fmt) once(note, fmt)
void get_random(int *bytes);
int _note(const char *text);
""",
    "lib/random.c": """\
#include <linux/once.h>
void get_random(int *bytes) { }
int _note(const char *text) { return 0; }
void seed(int *bytes)
{
	random_once(bytes);
}
void warn(void)
{
	note_once("low");
}
""",
    # what a type chooses
    "include/linux/slab.h": """\
struct args { int size; };
struct cache { void (*ctor)(void *); };
struct cache *create_args(const char *name, int size, struct args *args, void (*ctor)(void *));
struct cache *create_plain(const char *name, int size, int align, void (*ctor)(void *));
#define create(name, size, third, ctor) \\
	_Generic((third), struct args *: create_args, default: create_plain)(name, size, third, ctor)
#define outer_of(p, type, member) \\
	_Generic(p, const typeof(*(p)) *: ((const type *)(p)), default: ((type *)(p)))
struct sock { int x; };
struct tcp_sock { struct sock sk; struct timer pacing; };
#define tcp_sk(p) outer_of(p, struct tcp_sock, sk)
""",
    "mm/slab.c": """\
struct timer { void (*function)(struct timer *); };
#include <linux/slab.h>
struct cache *create_args(const char *name, int size, struct args *args, void (*ctor)(void *))
{
	return set_up(ctor);
}
struct cache *create_plain(const char *name, int size, int align, void (*ctor)(void *))
{
	return set_up(ctor);
}
static struct cache one;
struct cache *set_up(void (*ctor)(void *))
{
	one.ctor = ctor;
	return &one;
}
void make_object(struct cache *cache, void *object)
{
	cache->ctor(object);
}
static void init_node(void *node) { }
void node_init(void)
{
	create("node", 8, 0, init_node);
}
static void pace(struct timer *timer) { }
void init_timers(struct sock *sk)
{
	tcp_sk(sk)->pacing.function = pace;
}
void run(struct timer *timer)
{
	timer->function(timer);
}
""",
    # a parameter of a function's type that is only handed on; a member that is; a local declared by what it gets
    "net/append.c": """\
static int copy_bits(void *from, int length) { return 0; }
static int append_one(void *from, int fill(void *from, int length))
{
	return fill(from, 1);
}
int append(void *from, int fill(void *from, int length))
{
	return append_one(from, fill);
}
int send(void *data)
{
	return append(data, copy_bits);
}
""",
    "lib/rbtree.c": """\
struct callbacks { void (*rotate)(int *one, int *other); };
static void turn(int *one, int *other) { }
static const struct callbacks mine = { .rotate = turn };
static void insert_augmented(int *node, void (*augment_rotate)(int *one, int *other))
{
	augment_rotate(node, node);
}
void insert(int *node, const struct callbacks *augment)
{
	insert_augmented(node, augment->rotate);
}
""",
    "fs/proc.c": """\
#define typeof_member(T, m) typeof(((T *)0)->m)
struct proc_ops { int (*proc_open)(int *inode); };
static int stat_open(int *inode) { return 0; }
static const struct proc_ops stat_ops = { .proc_open = stat_open };
int reg_open(const struct proc_ops *ops, int *inode)
{
	typeof_member(struct proc_ops, proc_open) open;

	open = ops->proc_open;
	if (open)
		return open(inode);
	return 0;
}
""",
    # another name of a function; a macro that hands one to a function; a stub of what is handed on
    "include/linux/flush.h": """\
void __flush(int cpu);
#define flush __flush
struct head { void (*func)(struct head *); };
void call_later(struct head *head, void (*func)(struct head *));
#ifdef CONFIG_LOG
int log_text(const char *text);
#else
static inline int log_text(const char *text) { return 0; }
#endif
#define log_call(f, text) ({ f(text); })
#define say(text) log_call(log_text, text)
""",
    "kernel/flush.c": """\
#include <linux/flush.h>
void __flush(int cpu) { }
void call_later(struct head *head, void (*func)(struct head *))
{
	func(head);
}
static void free_node(struct head *head) { }
#define node_free(n) call_later((n), free_node)
void drop_node(struct head *node)
{
	node_free(node);
	flush(1);
	say("dropped");
}
""",
    "kernel/log.c": "#include <linux/flush.h>\n#ifdef CONFIG_LOG\nint log_text(const char *text) { return 1; }\n#endif\n",
    # types: an annotation behind an unnamed struct, one of two headers' structs, an annotation behind a typedef's name
    "include/linux/work.h": """\
#define __randomize_layout __attribute__((randomize_layout))
#define __aligned(x) __attribute__((aligned(x)))
struct work { void (*func)(struct work *work); };
struct mm { struct { int count; struct work put_work; } __randomize_layout; long bitmap[]; };
struct __single { int node; void (*done)(int info); };
typedef struct __single single_t
	__aligned(sizeof(struct __single));
#ifdef CONFIG_TINY_WORK
#include <linux/work_tiny.h>
#else
#include <linux/work_tree.h>
#endif
#ifdef __ASSEMBLY__
#define __per %gs:
#else
#define __per
#endif
#define DEFINE_PER(type, name) extern __per typeof(type) name; __per typeof(type) name
#define WORK_INIT(f) (struct work){ .func = (f), }
""",
    "include/linux/work_tiny.h": "struct usage { int idle; };\n",
    "include/linux/work_tree.h": "struct usage { struct work gp_work; };\n",
    "kernel/work.c": """\
#include <linux/work.h>
static void put_mm(struct work *work) { }
static void end_period(struct work *work) { }
static void wake_log(struct work *work) { }
static void remote(int info) { }
static DEFINE_PER(struct work, log_work) = WORK_INIT(wake_log);
void set_up(struct mm *mm, struct usage *usage, single_t *single)
{
	mm->put_work.func = put_mm;
	usage->gp_work.func = end_period;
	single->done = remote;
}
void run_work(struct work *work, single_t *single)
{
	__auto_type done = single->done;

	work->func(work);
	done(1);
}
""",
    # a block behind a macro that pastes the name of what it calls; a function that is a macro in another configuration
    "fs/open.c": """\
#define SYSCALL_DEFINE1(name, type, arg) \\
	static long __do_sys_##name(type arg); \\
	long __x64_sys_##name(const int *regs) { return __do_sys_##name((type)regs[0]); } \\
	static long __do_sys_##name(type arg)
#define DEFINE_CLASS(_name, _type, _init, _init_args...) \\
	static inline _type class_##_name##_constructor(_init_args) { _type t = _init; return t; }
#define CLASS(_name, var) long var = class_##_name##_constructor
static long get_fd(int fd) { return fd; }
DEFINE_CLASS(fd, long, get_fd(fd), int fd)
SYSCALL_DEFINE1(chmod, int, fd)
{
	CLASS(fd, f)(fd);
	return f;
}
""",
    "include/linux/proc.h": """\
typedef void *(make_t)(int size);
struct entry { int (*show)(int *file); make_t *make; };
#ifdef CONFIG_PROC
struct entry *create_data(const char *name, int (*show)(int *file), make_t *make);
#define create(name, show, make) create_data(name, show, make)
#else
#define create_data(name, show, make) ({ 0; })
#define create(name, show, make) create_data(name, show, make)
#endif
""",
    "fs/entry.c": """\
#include <linux/proc.h>
static struct entry first;
struct entry *create_data(const char *name, int (*show)(int *file), make_t *make)
{
	first.show = show;
	first.make = make;
	return &first;
}
void show_entry(struct entry *entry, int *file)
{
	entry->show(file);
	entry->make(1);
}
""",
    "fs/uptime.c": """\
#include <linux/proc.h>
static int show_uptime(int *file) { return 0; }
static void *make_uptime(int size) { return 0; }
void uptime_init(void)
{
	create("uptime", show_uptime, make_uptime);
}
""",
    # a thread's function, which waits in a register
    "arch/x86/include/asm/switch_to.h": """\
struct frame { unsigned long bx; };
static inline void kthread_frame_init(struct frame *frame, int (*fun)(void *))
{
	frame->bx = (unsigned long)fun;
}
""",
    "arch/x86/kernel/process.c": """\
#include <asm/switch_to.h>
struct clone_args { int (*fn)(void *); };
void ret_from_fork(int *prev, int *regs, int (*fn)(void *), void *arg)
{
	fn(arg);
}
void copy_thread(struct frame *frame, const struct clone_args *args)
{
	kthread_frame_init(frame, args->fn);
}
static int threadd(void *unused) { return 0; }
void start(struct frame *frame)
{
	struct clone_args args = { .fn = threadd };

	copy_thread(frame, &args);
}
""",
    # names of functions that a macro makes out of its argument
    "include/linux/device.h": """\
struct attribute { const char *name; int (*show)(char *text); int (*store)(const char *text); };
#define __ATTR(_name, _show, _store) { .name = #_name, .show = _show, .store = _store }
#define __ATTR_RW(_name) __ATTR(_name, _name##_show, _name##_store)
#define DEVICE_ATTR_RW(_name) struct attribute dev_attr_##_name = __ATTR_RW(_name)
""",
    "drivers/base/core.c": """\
#include <linux/device.h>
static int online_show(char *text) { return 0; }
static int online_store(const char *text) { return 0; }
static DEVICE_ATTR_RW(online);
int attr_show(struct attribute *attribute, char *text)
{
	return attribute->show(text);
}
""",
}

EDGES = [
    ("user", "__load", "macro"),
    ("user", "load", "direct"),
    ("user", "take", "macro"),
    ("user", "take_nested", "direct"),
    ("user", "rt_try", "macro"),
    ("user", "try_lock", "direct"),
    ("free_context", "put_label", "direct"),
    ("seed", "get_random", "macro"),
    ("warn", "_note", "macro"),
    ("node_init", "create_args", "macro"),
    ("node_init", "create_plain", "macro"),
    ("make_object", "init_node", "field"),
    ("run", "pace", "field"),
    ("append_one", "copy_bits", "param"),
    ("insert_augmented", "turn", "param"),
    ("reg_open", "stat_open", "field"),
    ("attr_show", "online_show", "field"),
    ("__do_sys_chmod", "class_fd_constructor", "macro"),
    ("show_entry", "show_uptime", "field"),
    ("show_entry", "make_uptime", "field"),
    ("ret_from_fork", "threadd", "param"),
    ("drop_node", "__flush", "macro"),
    ("call_later", "free_node", "param"),
    ("drop_node", "log_text", "macro"),
    ("run_work", "put_mm", "field"),
    ("run_work", "end_period", "field"),
    ("run_work", "wake_log", "field"),
    ("run_work", "remote", "field"),
]


@pytest.fixture(scope="module")
def graph(graph_of) -> CallGraph:
    return graph_of(FILES)


@pytest.mark.parametrize(("caller", "callee", "kind"), EDGES)
def test_edge(graph, caller, callee, kind):
    edges = [edge for node in graph.nodes(caller) for edge in graph.callees(node) if edge.callee == callee]
    assert kind in {edge.kind for edge in edges}
    assert all(edge.confidence != "name" for edge in edges)


@pytest.mark.parametrize(("caller", "callee", "kind"), EDGES)
def test_callers_agree(graph, caller, callee, kind):
    into = {edge.caller for node in graph.nodes(callee) for edge in graph.callers(node)}
    assert caller in into


@pytest.mark.parametrize(("caller", "callee", "kind"), EDGES)
def test_the_searches_arrays_have_it(graph, caller, callee, kind):
    near = {each.partition("@")[0] for node in graph.nodes(callee) for each in graph.adjacency.callers(node)}
    assert caller in near


def test_inline_functions_of_both_headers_are_called(graph):
    edges = [edge for edge in graph.callees("free_levels") if edge.callee == "free_level"]
    assert {(edge.callee_def or "").partition(":")[0] for edge in edges} == {
        "include/asm-generic/page.h",
        "include/asm-generic/folded.h",
    }
