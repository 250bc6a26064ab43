// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Which calls the processes need. What is not here they cannot do, whatever takes one over: run a program, trace or read another process,
 * mount, change user or namespace, load a module, use io_uring or the kernel's keys, set the clock. */
#include "syscall_filter.h"

#include <sys/syscall.h>

#include "cleanup.h"

/* The same on every architecture; the headers may be older. */
#ifndef __NR_close_range
#define __NR_close_range 436
#endif
#ifndef __NR_openat2
#define __NR_openat2 437
#endif
#ifndef __NR_open_tree
#define __NR_open_tree  428
#define __NR_move_mount 429
#define __NR_fsopen     430
#define __NR_fsconfig   431
#define __NR_fsmount    432
#define __NR_fspick     433
#endif
#ifndef __NR_io_uring_setup
#define __NR_io_uring_setup    425
#define __NR_io_uring_enter    426
#define __NR_io_uring_register 427
#endif
#ifndef __NR_pidfd_getfd
#define __NR_pidfd_getfd 438
#endif
#ifndef __NR_mount_setattr
#define __NR_mount_setattr 442
#endif
#ifndef __NR_faccessat2
#define __NR_faccessat2 439
#endif
#ifndef __NR_epoll_pwait2
#define __NR_epoll_pwait2 441
#endif
#ifndef __NR_process_mrelease
#define __NR_process_mrelease 448
#endif
#ifndef __NR_futex_waitv
#define __NR_futex_waitv 449
#endif
#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452
#endif

#if SYSCALL_FILTER_ARCHITECTURE
/* clang-format off: lists of words */
const uint16_t syscalls_common[] = {
	/* memory (mmap, mprotect: by their arguments) */
	__NR_brk,
	__NR_munmap,
	__NR_mremap,
	__NR_madvise,
	__NR_msync,
	__NR_mincore,
	__NR_membarrier,
	__NR_get_mempolicy,
	/* files */
	__NR_read,
	__NR_write,
	__NR_readv,
	__NR_writev,
	__NR_pread64,
	__NR_pwrite64,
	__NR_preadv,
	__NR_pwritev,
	__NR_preadv2,
	__NR_pwritev2,
	__NR_openat,
	__NR_openat2,
	__NR_close,
	__NR_close_range,
	__NR_lseek,
	__NR_fstat,
	__NR_newfstatat,
	__NR_statx,
	__NR_statfs,
	__NR_fstatfs,
	__NR_faccessat,
	__NR_faccessat2,
	__NR_getdents64,
	__NR_readlinkat,
	__NR_fcntl,
	__NR_flock,
	__NR_ftruncate,
	__NR_truncate,
	__NR_fallocate,
	__NR_fadvise64,
	__NR_fsync,
	__NR_fdatasync,
	__NR_sync_file_range,
	__NR_copy_file_range,
	__NR_sendfile,
	__NR_splice,
	__NR_renameat,
	__NR_renameat2,
	__NR_unlinkat,
	__NR_mkdirat,
	__NR_linkat,
	__NR_symlinkat,
	__NR_fchmod,
	__NR_fchmodat,
	__NR_fchmodat2,
	__NR_fchown,
	__NR_fchownat,
	__NR_utimensat,
	__NR_umask,
	__NR_getcwd,
	__NR_fgetxattr,
	__NR_getxattr,
	__NR_lgetxattr,
	__NR_dup,
	__NR_dup3,
	__NR_pipe2,
	__NR_memfd_create,
	__NR_ioctl,
	__NR_inotify_init1,
	__NR_inotify_add_watch,
	__NR_inotify_rm_watch,
	/* waiting, time */
	__NR_ppoll,
	__NR_pselect6,
	__NR_epoll_create1,
	__NR_epoll_ctl,
	__NR_epoll_pwait,
	__NR_epoll_pwait2,
	__NR_eventfd2,
	__NR_signalfd4,
	__NR_timerfd_create,
	__NR_timerfd_settime,
	__NR_timerfd_gettime,
	__NR_nanosleep,
	__NR_clock_nanosleep,
	__NR_clock_gettime,
	__NR_clock_getres,
	__NR_gettimeofday,
	__NR_setitimer,
	__NR_getitimer,
	/* sockets (socket, socketpair: by their arguments) */
	__NR_bind,
	__NR_listen,
	__NR_accept,
	__NR_accept4,
	__NR_connect,
	__NR_shutdown,
	__NR_getsockname,
	__NR_getpeername,
	__NR_getsockopt,
	__NR_setsockopt,
	__NR_sendto,
	__NR_recvfrom,
	__NR_sendmsg,
	__NR_recvmsg,
	__NR_sendmmsg,
	__NR_recvmmsg,
	/* signals, threads (clone: by its arguments), what the process is */
	__NR_rt_sigaction,
	__NR_rt_sigprocmask,
	__NR_rt_sigreturn,
	__NR_rt_sigpending,
	__NR_rt_sigtimedwait,
	__NR_rt_sigsuspend,
	__NR_sigaltstack,
	__NR_kill,
	__NR_tgkill,
	__NR_tkill,
	__NR_restart_syscall,
	__NR_futex,
	__NR_futex_waitv,
	__NR_set_robust_list,
	__NR_get_robust_list,
	__NR_set_tid_address,
	__NR_rseq,
	__NR_sched_yield,
	__NR_sched_getaffinity,
	__NR_sched_getparam,
	__NR_sched_getscheduler,
	__NR_sched_get_priority_max,
	__NR_sched_get_priority_min,
	__NR_getcpu,
	__NR_wait4,
	__NR_waitid,
	__NR_exit,
	__NR_exit_group,
	__NR_prctl,
	__NR_getrandom,
	__NR_uname,
	__NR_sysinfo,
	__NR_getpid,
	__NR_getppid,
	__NR_gettid,
	__NR_getpgid,
	__NR_getsid,
	__NR_getuid,
	__NR_geteuid,
	__NR_getgid,
	__NR_getegid,
	__NR_getresuid,
	__NR_getresgid,
	__NR_getgroups,
	__NR_getrusage,
	__NR_times,
	__NR_getpriority,
	__NR_prlimit64,
	__NR_capget,
#ifdef __x86_64__ /* older forms of the above */
	__NR_open,
	__NR_creat,
	__NR_stat,
	__NR_lstat,
	__NR_access,
	__NR_readlink,
	__NR_rename,
	__NR_unlink,
	__NR_mkdir,
	__NR_rmdir,
	__NR_link,
	__NR_symlink,
	__NR_chmod,
	__NR_chown,
	__NR_lchown,
	__NR_getdents,
	__NR_dup2,
	__NR_pipe,
	__NR_poll,
	__NR_select,
	__NR_epoll_create,
	__NR_epoll_wait,
	__NR_eventfd,
	__NR_signalfd,
	__NR_inotify_init,
	__NR_time,
	__NR_alarm,
	__NR_pause,
	__NR_getpgrp,
	__NR_arch_prctl,
	__NR_getrlimit,
	__NR_utimes,
#endif
};
const size_t syscalls_common_n = ARRAY_SIZE(syscalls_common);

const uint16_t syscalls_daemon[] = {
	__NR_bpf,
	__NR_perf_event_open,
	__NR_open_by_handle_at,
	__NR_name_to_handle_at,
	__NR_pidfd_open,
	__NR_pidfd_send_signal,
	__NR_process_mrelease,
	__NR_mlock,
	__NR_mlock2,
	__NR_mlockall,
	__NR_munlock,
	__NR_munlockall,
	__NR_sched_setscheduler,
	__NR_sched_setparam,
	__NR_sched_setaffinity,
	__NR_setpriority,
	__NR_setrlimit,
};
const size_t syscalls_daemon_n = ARRAY_SIZE(syscalls_daemon);

const uint16_t syscalls_refused[] = {
	/* modules, other kernels */
	__NR_init_module,
	__NR_finit_module,
	__NR_delete_module,
	__NR_kexec_load,
	__NR_kexec_file_load,
	__NR_reboot,
	/* the clock */
	__NR_settimeofday,
	__NR_clock_settime,
	__NR_adjtimex,
	__NR_clock_adjtime,
	/* mounts, and what is below another root; namespaces (clone, unshare: by their arguments) */
	__NR_mount,
	__NR_umount2,
	__NR_pivot_root,
	__NR_chroot,
	__NR_open_tree,
	__NR_move_mount,
	__NR_fsopen,
	__NR_fsconfig,
	__NR_fsmount,
	__NR_fspick,
	__NR_mount_setattr,
	__NR_setns,
	/* other processes */
	__NR_ptrace,
	__NR_process_vm_readv,
	__NR_process_vm_writev,
	__NR_kcmp,
	__NR_pidfd_getfd,
	/* keys; what reaches past filters or eases an attack on the kernel */
	__NR_keyctl,
	__NR_add_key,
	__NR_request_key,
	__NR_io_uring_setup,
	__NR_io_uring_enter,
	__NR_io_uring_register,
	__NR_userfaultfd,
	/* swap, accounting, quota */
	__NR_swapon,
	__NR_swapoff,
	__NR_acct,
	__NR_quotactl,
	__NR_vhangup,
	__NR_nfsservctl,
	__NR_lookup_dcookie,
#ifdef __x86_64__
	__NR_iopl,
	__NR_ioperm,
	__NR_modify_ldt,
	__NR_uselib,
	__NR_ustat,
	__NR_sysfs,
	__NR__sysctl,
	__NR_create_module,
	__NR_get_kernel_syms,
	__NR_query_module,
#endif
};
const size_t syscalls_refused_n = ARRAY_SIZE(syscalls_refused);
/* clang-format on */
#else
const uint16_t syscalls_common[1], syscalls_daemon[1], syscalls_refused[1];
const size_t syscalls_common_n, syscalls_daemon_n, syscalls_refused_n;
#endif
