/*
 * What the usual macros of kernel trees are, for trees (or parts of one) that do not define them.
 *
 * Read like any header of the tree, but last: a name that the tree defines is what the tree says it is, if
 * what it says can be understood.
 * The bodies say no more than the parser needs: is it an annotation, and what does it define.
 */

/* Calling conventions and linkage. */
#define asmlinkage __attribute__((regparm(0)))	/* arguments on the stack */
#define fastcall __attribute__((regparm(3)))	/* arguments in registers */
#define CPP_ASMLINKAGE extern "C"
#define FASTCALL(x) x __attribute__((regparm(3)))
#define noinline __attribute__((noinline))
#define __always_inline inline
#define __noreturn __attribute__((noreturn))
#define __weak __attribute__((weak))
#define __visible __attribute__((externally_visible))
#define notrace __attribute__((no_instrument_function))
#define noinstr __attribute__((noinline))
#define __private __attribute__((noderef))
#define __bpf_kfunc __attribute__((used))
#define nokprobe_inline inline

/* Sections: when the code or data is there, and where. */
#define __init __attribute__((section(".init.text")))
#define __exit __attribute__((section(".exit.text")))
#define __initdata __attribute__((section(".init.data")))
#define __exitdata __attribute__((section(".exit.data")))
#define __initconst __attribute__((section(".init.rodata")))
#define __initmv __attribute__((section(".init.data")))
#define __init_or_module __attribute__((section(".init.text")))
#define __initdata_or_module __attribute__((section(".init.data")))
#define __devinit __attribute__((section(".devinit.text")))
#define __devexit __attribute__((section(".devexit.text")))
#define __devinitdata __attribute__((section(".devinit.data")))
#define __devexitdata __attribute__((section(".devexit.data")))
#define __devinitconst __attribute__((section(".devinit.rodata")))
#define __cpuinit __attribute__((section(".cpuinit.text")))
#define __cpuexit __attribute__((section(".cpuexit.text")))
#define __cpuinitdata __attribute__((section(".cpuinit.data")))
#define __meminit __attribute__((section(".meminit.text")))
#define __meminitdata __attribute__((section(".meminit.data")))
#define __memexit __attribute__((section(".memexit.text")))
#define __net_init __attribute__((section(".init.text")))
#define __net_exit __attribute__((section(".exit.text")))
#define __net_initdata __attribute__((section(".init.data")))
#define __ref __attribute__((section(".ref.text")))
#define __refdata __attribute__((section(".ref.data")))
#define __refconst __attribute__((section(".ref.rodata")))
#define __head __attribute__((section(".head.text")))
#define __sched __attribute__((section(".sched.text")))
#define __lockfunc __attribute__((section(".spinlock.text")))
#define __kprobes __attribute__((section(".kprobes.text")))
#define __read_mostly __attribute__((section(".data.read_mostly")))
#define __ro_after_init __attribute__((section(".data.ro_after_init")))
#define __nosavedata __attribute__((section(".data.nosave")))
#define __latent_entropy __attribute__((latent_entropy))
#define __section(x) __attribute__((section(x)))

/* Alignment and layout. */
#define __packed __attribute__((packed))
#define __aligned(x) __attribute__((aligned(x)))
#define __cacheline_aligned __attribute__((aligned(64)))
#define __cacheline_aligned_in_smp __attribute__((aligned(64)))
#define ____cacheline_aligned __attribute__((aligned(64)))
#define ____cacheline_aligned_in_smp __attribute__((aligned(64)))
#define ____cacheline_internodealigned_in_smp __attribute__((aligned(64)))
#define __page_aligned_data __attribute__((aligned(4096)))
#define __page_aligned_bss __attribute__((aligned(4096)))
#define __randomize_layout __attribute__((randomize_layout))
#define __no_randomize_layout __attribute__((no_randomize_layout))
#define __designated_init __attribute__((designated_init))
#define __counted_by(x) __attribute__((counted_by(x)))
#define __counted_by_le(x) __attribute__((counted_by(x)))

/* What sparse is told: address spaces, locks, byte order. */
#define __user __attribute__((noderef, address_space(1)))
#define __kernel __attribute__((address_space(0)))
#define __iomem __attribute__((noderef, address_space(2)))
#define __percpu __attribute__((noderef, address_space(3)))
#define __rcu __attribute__((noderef, address_space(4)))
#define __force __attribute__((force))
#define __safe __attribute__((safe))
#define __nocast __attribute__((nocast))
#define __bitwise __attribute__((bitwise))
#define __bitwise__ __attribute__((bitwise))
#define __acquires(x) __attribute__((context(x, 0, 1)))
#define __releases(x) __attribute__((context(x, 1, 0)))
#define __must_hold(x) __attribute__((context(x, 1, 1)))

/* Hints to the compiler about functions and values. */
#define __must_check __attribute__((warn_unused_result))
#define __deprecated __attribute__((deprecated))
#define __attribute_used__ __attribute__((used))
#define __attribute_pure__ __attribute__((pure))
#define __attribute_const__ __attribute__((const))
#define __used __attribute__((used))
#define __maybe_unused __attribute__((unused))
#define __always_unused __attribute__((unused))
#define __pure __attribute__((pure))
#define __cold __attribute__((cold))
#define __hot __attribute__((hot))
#define __malloc __attribute__((malloc))
#define __printf(a, b) __attribute__((format(printf, a, b)))
#define __scanf(a, b) __attribute__((format(scanf, a, b)))
#define __alloc_size(x, ...) __attribute__((alloc_size(x)))
#define __no_sanitize_address __attribute__((no_sanitize_address))
#define __no_kcsan __attribute__((no_sanitize_thread))
#define __no_profile __attribute__((no_profile_instrument_function))
#define __free(x) __attribute__((cleanup(x)))
#define __cleanup(x) __attribute__((cleanup(x)))
#define __deprecated_for_modules __attribute__((deprecated))

/* Macros that define functions: a body follows. */
#define SYSCALL_DEFINE0(name) asmlinkage long sys_##name(void)
#define SYSCALL_DEFINE1(name, ...) asmlinkage long sys_##name(void)
#define SYSCALL_DEFINE2(name, ...) asmlinkage long sys_##name(void)
#define SYSCALL_DEFINE3(name, ...) asmlinkage long sys_##name(void)
#define SYSCALL_DEFINE4(name, ...) asmlinkage long sys_##name(void)
#define SYSCALL_DEFINE5(name, ...) asmlinkage long sys_##name(void)
#define SYSCALL_DEFINE6(name, ...) asmlinkage long sys_##name(void)
#define COMPAT_SYSCALL_DEFINE0(name) asmlinkage long compat_sys_##name(void)
#define COMPAT_SYSCALL_DEFINE1(name, ...) asmlinkage long compat_sys_##name(void)
#define COMPAT_SYSCALL_DEFINE2(name, ...) asmlinkage long compat_sys_##name(void)
#define COMPAT_SYSCALL_DEFINE3(name, ...) asmlinkage long compat_sys_##name(void)
#define COMPAT_SYSCALL_DEFINE4(name, ...) asmlinkage long compat_sys_##name(void)
#define COMPAT_SYSCALL_DEFINE5(name, ...) asmlinkage long compat_sys_##name(void)
#define COMPAT_SYSCALL_DEFINE6(name, ...) asmlinkage long compat_sys_##name(void)
#define BPF_CALL_0(name) u64 name(void)
#define BPF_CALL_1(name, ...) u64 name(void)
#define BPF_CALL_2(name, ...) u64 name(void)
#define BPF_CALL_3(name, ...) u64 name(void)
#define BPF_CALL_4(name, ...) u64 name(void)
#define BPF_CALL_5(name, ...) u64 name(void)

/* Macros that define variables. */
#define DEFINE_PER_CPU(type, name) __typeof__(type) name
#define DECLARE_PER_CPU(type, name) extern __typeof__(type) name
#define DEFINE_PER_CPU_SHARED_ALIGNED(type, name) __typeof__(type) name
#define DEFINE_SPINLOCK(x) spinlock_t x = 0
#define DEFINE_RWLOCK(x) rwlock_t x = 0
#define DEFINE_MUTEX(x) struct mutex x = {0}
#define DEFINE_IDA(name) struct ida name = {0}
#define DEFINE_IDR(name) struct idr name = {0}
#define DEFINE_TIMER(name, function) struct timer_list name = {0}
#define DECLARE_MUTEX(name) struct semaphore name = {0}
#define DECLARE_RWSEM(name) struct rw_semaphore name = {0}
#define DECLARE_WAITQUEUE(name, task) wait_queue_t name = {0}
#define DECLARE_WAIT_QUEUE_HEAD(name) wait_queue_head_t name = {0}
#define DECLARE_COMPLETION(name) struct completion name = {0}
#define DECLARE_WORK(name, function) struct work_struct name = {0}
#define DECLARE_DELAYED_WORK(name, function) struct delayed_work name = {0}
#define DECLARE_TASKLET(name, function, ...) struct tasklet_struct name = {0}
#define DECLARE_BITMAP(name, bits) unsigned long name[1]
#define LIST_HEAD(name) struct list_head name = {0}
#define HLIST_HEAD(name) struct hlist_head name = {0}
#define LLIST_HEAD(name) struct llist_head name = {0}
#define EXPORT_SYMBOL(name) extern int name;
#define EXPORT_SYMBOL_GPL(name) extern int name;
#define module_init(function) static initcall_t __initcall_##function = function;
#define module_exit(function) static exitcall_t __exitcall_##function = function;
