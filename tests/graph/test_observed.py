"""Calls that ftrace saw in a running kernel, in small: each was not found once."""

from __future__ import annotations

import pytest

from xref.graph.callgraph import CallGraph

FILES = {
    "include/linux/sysfs.h": """\
struct attribute { const char *name; };
struct kobj_attribute {
	struct attribute attr;
	long (*show)(struct kobj_attribute *attr, char *buf);
	long (*store)(struct kobj_attribute *attr, const char *buf);
};
#define __ATTR(_name, _mode, _show, _store) { \\
	.attr = { .name = #_name }, \\
	.show = _show, \\
	.store = _store, \\
}
#define __ATTR_RW(_name) __ATTR(_name, 0644, _name##_show, _name##_store)
""",
    "mm/huge.c": """\
#include <linux/sysfs.h>
static long defrag_show(struct kobj_attribute *attr, char *buf) { return 0; }
static long defrag_store(struct kobj_attribute *attr, const char *buf) { return 0; }
static struct kobj_attribute defrag_attr = __ATTR_RW(defrag);
long kobj_attr_show(struct kobj_attribute *kattr, char *buf)
{
	return kattr->show(kattr, buf);
}
""",
    "include/linux/stop_machine.h": """\
typedef int (*cpu_stop_fn_t)(void *arg);
#ifdef CONFIG_SMP
int stop_machine(cpu_stop_fn_t fn, void *data);
#else
static inline int stop_machine(cpu_stop_fn_t fn, void *data)
{
	return -1;
}
#endif
""",
    "kernel/stop_machine.c": """\
#include <linux/stop_machine.h>
int stop_machine(cpu_stop_fn_t fn, void *data)
{
	return fn(data);
}
""",
    "kernel/cpu.c": """\
#include <linux/stop_machine.h>
static int take_cpu_down(void *arg) { return 0; }
int takedown_cpu(void)
{
	return stop_machine(take_cpu_down, 0);
}
""",
    "include/linux/proc_fs.h": """\
struct seq_file;
#ifdef CONFIG_PROC_FS
struct proc_dir_entry *proc_create_single_data(const char *name, void *parent,
		int (*show)(struct seq_file *, void *), void *data);
#define proc_create_single(name, parent, show) proc_create_single_data(name, parent, show, 0)
#else
#define proc_create_single_data(name, parent, show, data) ({0;})
#define proc_create_single(name, parent, show) ({0;})
#endif
""",
    "fs/proc/generic.c": """\
#include <linux/proc_fs.h>
struct proc_dir_entry { union { void *ops; int (*single_show)(struct seq_file *, void *); }; };
struct proc_dir_entry *proc_create_reg(const char *name);
struct proc_dir_entry *proc_create_single_data(const char *name, void *parent,
		int (*show)(struct seq_file *, void *), void *data)
{
	struct proc_dir_entry *p = proc_create_reg(name);
	p->single_show = show;
	return p;
}
int proc_show(struct proc_dir_entry *de, struct seq_file *file)
{
	return de->single_show(file, 0);
}
""",
    "fs/proc/uptime.c": """\
#include <linux/proc_fs.h>
static int uptime_proc_show(struct seq_file *m, void *v) { return 0; }
int proc_uptime_init(void)
{
	struct proc_dir_entry *pde;
	pde = proc_create_single("uptime", 0, uptime_proc_show);
	return !pde;
}
""",
    "include/linux/percpu-defs.h": """\
#define __percpu
#ifndef PER_CPU_ATTRIBUTES
#define PER_CPU_ATTRIBUTES
#endif
#define PER_CPU_BASE_SECTION ".data..percpu"
#define __PCPU_ATTRS(sec) __percpu __attribute__((section(PER_CPU_BASE_SECTION sec))) PER_CPU_ATTRIBUTES
#define DEFINE_PER_CPU_SECTION(type, name, sec) __PCPU_ATTRS(sec) __typeof__(type) name
#define DEFINE_PER_CPU(type, name) DEFINE_PER_CPU_SECTION(type, name, "")
""",
    "kernel/time/hrtimer.c": """\
#include <linux/percpu-defs.h>
struct clock_base { int index; long (*get_time)(void); };
struct cpu_base { int lock; struct clock_base clock_base[2]; };
long ktime_get(void) { return 0; }
static long ktime_get_real(void) { return 0; }
DEFINE_PER_CPU(struct cpu_base, hrtimer_bases) =
{
	.lock = 0,
	.clock_base =
	{
		{
			.index = 0,
			.get_time = &ktime_get,
		},
		{
			.index = 1,
			.get_time = &ktime_get_real,
		},
	}
};
long hrtimer_now(struct clock_base *base)
{
	return base->get_time();
}
""",
    "kernel/module.c": """\
struct module { const char *version; };
char *kstrdup(const char *s) { return 0; }
struct module_attribute {
	void (*setup)(struct module *mod, const char *s);
	void (*free)(struct module *mod);
};
#define MODINFO_ATTR(field) \\
static void setup_modinfo_##field(struct module *mod, const char *s) \\
{ \\
	mod->field = kstrdup(s); \\
} \\
static void free_modinfo_##field(struct module *mod) \\
{ \\
	mod->field = 0; \\
} \\
static struct module_attribute modinfo_##field = { \\
	.setup = setup_modinfo_##field, \\
	.free = free_modinfo_##field, \\
};
MODINFO_ATTR(version);
void setup_modinfo(struct module *mod, struct module_attribute *attr)
{
	attr->setup(mod, 0);
}
""",
    "include/asm-generic/tlb.h": """\
#ifndef pmd_free_tlb
#define pmd_free_tlb(tlb, pmdp) do { __pmd_free_tlb(tlb, pmdp); } while (0)
#endif
void __pmd_free_tlb(void *tlb, void *pmdp);
""",
    "include/asm-generic/nopmd.h": "#define pmd_free_tlb(tlb, pmdp) do { } while (0)\n",
    "mm/pgtable.c": "#include <asm-generic/tlb.h>\nvoid __pmd_free_tlb(void *tlb, void *pmdp) { }\n",
    "mm/memory.c": """\
#ifdef CONFIG_NOPMD
#include <asm-generic/nopmd.h>
#endif
#include <asm-generic/tlb.h>
void free_pmd_range(void *tlb, void *pmd)
{
	pmd_free_tlb(tlb, pmd);
}
""",
    "include/crypto/hash.h": """\
struct crypto_tfm;
struct crypto_alg { int flags; int (*cra_init)(struct crypto_tfm *tfm); };
#define HASH_ALG_COMMON { \\
	unsigned int digestsize; \\
	struct crypto_alg base; \\
}
struct hash_alg_common HASH_ALG_COMMON;
struct shash_alg {
	int (*update)(int desc);
	union {
		struct HASH_ALG_COMMON;
		struct hash_alg_common halg;
	};
};
""",
    "crypto/crc32c.c": """\
#include <crypto/hash.h>
static int crc32c_cra_init(struct crypto_tfm *tfm) { return 0; }
static struct shash_alg alg = {
	.digestsize = 4,
	.base = {
		.flags = 1,
		.cra_init = crc32c_cra_init,
	}
};
int crypto_create_tfm(struct crypto_alg *alg, struct crypto_tfm *tfm)
{
	return alg->cra_init(tfm);
}
""",
    "include/linux/hook_defs.h": """\
HOOK(int, 0, file_open, struct file *file)
HOOK(void, , file_free, struct file *file)
""",
    "include/linux/hooks.h": """\
struct file;
union hook_options {
	#define HOOK(RET, DEFAULT, NAME, ...) RET (*NAME)(__VA_ARGS__);
	#include "hook_defs.h"
	#undef HOOK
};
struct hook_list { union hook_options hook; };
#define HOOK_INIT(NAME, HOOK) { .hook = { .NAME = HOOK } }
""",
    "include/linux/bpf_lsm.h": """\
#include <linux/hooks.h>
#define HOOK(RET, DEFAULT, NAME, ...) RET bpf_lsm_##NAME(__VA_ARGS__);
#include <linux/hook_defs.h>
#undef HOOK
""",
    "kernel/bpf/bpf_lsm.c": """\
#include <linux/bpf_lsm.h>
#define HOOK(RET, DEFAULT, NAME, ...) \\
noinline RET bpf_lsm_##NAME(__VA_ARGS__) \\
{ \\
	return DEFAULT; \\
}

#include <linux/hook_defs.h>
#undef HOOK
""",
    "security/bpf/hooks.c": """\
#include <linux/bpf_lsm.h>
static int bpf_sb_mount(struct file *file) { return 0; }
static struct hook_list bpf_hooks[] = {
	#define HOOK(RET, DEFAULT, NAME, ...) \\
	HOOK_INIT(NAME, bpf_lsm_##NAME),
	#include <linux/hook_defs.h>
	#undef HOOK
	HOOK_INIT(file_open, bpf_sb_mount),
};
""",
    "security/security.c": """\
#include <linux/hooks.h>
int security_file_open(struct hook_list *p, struct file *file)
{
	return p->hook.file_open(file);
}
""",
}  # fmt: skip

EDGES = [
    # names that a macro pastes in the value of a variable
    ("kobj_attr_show", "defrag_show", "field"),
    # handed to what a header declares, or for another configuration has a body for
    ("stop_machine", "take_cpu_down", "param"),
    # handed to a function that is a macro in another configuration
    ("proc_show", "uptime_proc_show", "field"),
    # the value of a variable that a macro makes, structs in structs
    ("hrtimer_now", "ktime_get", "field"),
    ("hrtimer_now", "ktime_get_real", "field"),
    # functions, and a variable with them, of one use of a macro
    ("setup_modinfo", "setup_modinfo_version", "field"),
    # a macro of two headers, one for each configuration
    ("free_pmd_range", "__pmd_free_tlb", "macro"),
    # a struct whose members are a macro
    ("crypto_create_tfm", "crc32c_cra_init", "field"),
    # a list in a header that each file includes with its own macro
    ("security_file_open", "bpf_sb_mount", "field"),
    ("security_file_open", "bpf_lsm_file_open", "field"),
]


@pytest.fixture(scope="module")
def graph(graph_of) -> CallGraph:
    return graph_of(FILES, arch="x86")


@pytest.mark.parametrize(("caller", "callee", "kind"), EDGES)
def test_edge(graph, caller, callee, kind):
    edges = [edge for node in graph.nodes(caller) for edge in graph.callees(node) if edge.callee == callee]
    assert kind in {edge.kind for edge in edges}
    assert all(edge.confidence != "name" for edge in edges)
    assert caller in {edge.caller for node in graph.nodes(callee) for edge in graph.callers(node)}
