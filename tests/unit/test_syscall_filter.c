// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What daemon and readers give up: each refused call is made, by a child that has the filter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/rights.h"
#include "base/syscall_filter.h"
#include "skip.h"

struct call {
	const char *what;
	long number, a, b, c;
	int error; /* 0: EPERM */
};

#define UNKNOWN 0x7fffffff /* no such call on this architecture */
#ifndef __NR_iopl
#define __NR_iopl UNKNOWN
#endif

/* None does anything if it is let through, but for those that fail in another way. */
static const struct call refused[] = {
	{"execve", __NR_execve, 0, 0, 0, 0},
	{"execveat", __NR_execveat, -1, 0, 0, 0},
	{"ptrace", __NR_ptrace, PTRACE_ATTACH, 0, 0, 0},
	{"process_vm_readv", __NR_process_vm_readv, 1, 0, 0, 0},
	{"process_vm_writev", __NR_process_vm_writev, 1, 0, 0, 0},
	{"kcmp", __NR_kcmp, 1, 1, 0, 0},
	{"pidfd_getfd", 438, -1, 0, 0, 0},
	{"mount", __NR_mount, 0, 0, 0, 0},
	{"umount2", __NR_umount2, 0, 0, 0, 0},
	{"pivot_root", __NR_pivot_root, 0, 0, 0, 0},
	{"chroot", __NR_chroot, 0, 0, 0, 0},
	{"open_tree", 428, -1, 0, 0, 0},
	{"move_mount", 429, -1, 0, 0, 0},
	{"fsopen", 430, 0, 0, 0, 0},
	{"mount_setattr", 442, -1, 0, 0, 0},
	{"setns", __NR_setns, -1, 0, 0, 0},
	{"unshare", __NR_unshare, 0, 0, 0, 0},
	{"clone into a user namespace", __NR_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0},
	{"clone into a mount namespace", __NR_clone, CLONE_NEWNS | SIGCHLD, 0, 0, 0},
	{"clone3", __NR_clone3, 0, 0, 0, ENOSYS},
	{"setuid", __NR_setuid, 0, 0, 0, 0},
	{"setresuid", __NR_setresuid, 0, 0, 0, 0},
	{"setgid", __NR_setgid, 0, 0, 0, 0},
	{"setgroups", __NR_setgroups, 0, 0, 0, 0},
	{"capset", __NR_capset, 0, 0, 0, 0},
	{"keyctl", __NR_keyctl, 0, 0, 0, 0},
	{"add_key", __NR_add_key, 0, 0, 0, 0},
	{"request_key", __NR_request_key, 0, 0, 0, 0},
	{"io_uring_setup", 425, 0, 0, 0, 0},
	{"io_uring_enter", 426, -1, 0, 0, 0},
	{"userfaultfd", __NR_userfaultfd, -1, 0, 0, 0},
	{"init_module", __NR_init_module, 0, 0, 0, 0},
	{"finit_module", __NR_finit_module, -1, 0, 0, 0},
	{"delete_module", __NR_delete_module, 0, 0, 0, 0},
	{"kexec_load", __NR_kexec_load, 0, -1, 0, 0},
	{"reboot", __NR_reboot, 0, 0, 0, 0},
	{"swapon", __NR_swapon, 0, 0, 0, 0},
	{"acct", __NR_acct, 1, 0, 0, 0},
	{"syslog", __NR_syslog, 99, 0, 0, 0},
	{"settimeofday", __NR_settimeofday, 0, 1, 0, 0},
	{"clock_settime", __NR_clock_settime, 99, 0, 0, 0},
	{"sethostname", __NR_sethostname, 0, -1, 0, 0},
	{"personality", __NR_personality, 0xffffffff, 0, 0, 0},
	{"mknodat", __NR_mknodat, -1, 0, 0, 0},
	{"fanotify_init", __NR_fanotify_init, -1, 0, 0, 0},
	{"seccomp", __NR_seccomp, 99, 0, 0, 0},
	{"iopl", __NR_iopl, 0, 0, 0, 0},
	{"socket: IPv4", __NR_socket, AF_INET, SOCK_DGRAM, 0, 0},
	{"socket: netlink", __NR_socket, AF_NETLINK, SOCK_RAW, 0, 0},
	{"socket: packet", __NR_socket, AF_PACKET, SOCK_RAW, 0, 0},
	{"socket: vsock", __NR_socket, AF_VSOCK, SOCK_STREAM, 0, 0},
	{"socket: a family 32 above AF_UNIX", __NR_socket, 32 + AF_UNIX, SOCK_STREAM, 0, 0},
	{"socket: family -1", __NR_socket, -1, SOCK_STREAM, 0, 0},
	{"socketpair: TIPC", __NR_socketpair, AF_TIPC, SOCK_STREAM, 0, 0},
	{"mmap: writable and executable", __NR_mmap, 0, 4096, PROT_WRITE | PROT_EXEC, 0},
	{"mprotect: executable", __NR_mprotect, 0, 4096, PROT_READ | PROT_EXEC, 0},
	{"pkey_mprotect", __NR_pkey_mprotect, 0, 4096, PROT_EXEC, 0},
	{"the last number of the table", 511, 0, 0, 0, 0},
	{"a number beyond", 100000, 0, 0, 0, 0},
#ifdef __x86_64__
	{"getpid of x32", 0x40000000 + __NR_getpid, 0, 0, 0, 0},
	{"execve of x32", 0x40000000 + 520, 0, 0, 0, 0},
#endif
};

static const struct call refused_to_readers[] = {
	{"bpf", __NR_bpf, -1, 0, 0, 0},
	{"perf_event_open", __NR_perf_event_open, 0, 0, 0, 0},
	{"open_by_handle_at", __NR_open_by_handle_at, -1, 0, 0, 0},
	{"sched_setscheduler", __NR_sched_setscheduler, 0, -1, 0, 0},
	{"mlockall", __NR_mlockall, 0, 0, 0, 0},
	{"pidfd_send_signal", __NR_pidfd_send_signal, -1, 0, 0, 0},
};

static const struct syscall_filter of_daemon = {.more = syscalls_daemon,
						.families = FAMILY(AF_UNIX)};
static const struct syscall_filter of_reader = {.families = FAMILY(AF_UNIX)};
static const struct syscall_filter of_exporter = {
	.families = FAMILY(AF_UNIX) | FAMILY(AF_INET) | FAMILY(AF_INET6) | FAMILY(AF_NETLINK)};

static bool is_refused(const struct call *call)
{
	int wanted = call->error ?: EPERM;

	errno = 0;
	if (call->number == UNKNOWN)
		return true;
	if (syscall(call->number, call->a, call->b, call->c, 0, 0, 0) == -1 && errno == wanted)
		return true;
	fprintf(stderr, "%s: %s instead of %s\n", call->what, strerror(errno), strerror(wanted));
	return false;
}

static int all_refused(const struct call *calls, size_t n)
{
	int wrong = 0;

	for (size_t i = 0; i < n; i++)
		wrong += !is_refused(&calls[i]);
	return wrong;
}

static void load(struct syscall_filter filter)
{
	int r;

	if (filter.more)
		filter.n = syscalls_daemon_n;
	r = rights_close() ?: syscall_filter_load(&filter);
	if (r == -EOPNOTSUPP || r == -ECANCELED)
		_exit(77);
	if (r) {
		fprintf(stderr, "no filter: %s\n", strerror(-r));
		_exit(99);
	}
}

static void in_child(int (*fn)(void))
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(fn());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		SKIP("not in a sanitized build, on this architecture or on this kernel");
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* To the supervisor, and so to commands. */
static const char *const refused_to_all[] = {
	"ptrace",
	"process_vm_readv",
	"process_vm_writev",
	"kcmp",
	"pidfd_getfd",
	"mount",
	"umount2",
	"pivot_root",
	"chroot",
	"open_tree",
	"move_mount",
	"fsopen",
	"mount_setattr",
	"setns",
	"clone3",
	"clone into a user namespace",
	"keyctl",
	"add_key",
	"request_key",
	"io_uring_setup",
	"userfaultfd",
	"init_module",
	"finit_module",
	"delete_module",
	"kexec_load",
	"reboot",
	"swapon",
	"acct",
	"settimeofday",
	"clock_settime",
	"iopl",
#ifdef __x86_64__
	"getpid of x32",
#endif
};

static int supervisor_child(void)
{
	int r = rights_close() ?: syscall_filter_refuse(), wrong = 0;
	size_t found = 0;
	pid_t pid;

	if (r == -EOPNOTSUPP || r == -ECANCELED)
		_exit(77);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		for (size_t k = 0; k < ARRAY_SIZE(refused_to_all); k++)
			if (!strcmp(refused[i].what, refused_to_all[k])) {
				found++;
				wrong += !is_refused(&refused[i]);
			}
	wrong += unshare(CLONE_NEWNS) != -1 || unshare(CLONE_FILES) != 0;
	/* Whatever program a command is; and another filter on top. */
	pid = fork();
	if (!pid) {
		execl("/bin/sh", "sh", "-c", "cat /proc/self/status >/dev/null && exit 3",
		      (char *)NULL);
		_exit(1);
	}
	if (waitpid(pid, &r, 0) != pid || !WIFEXITED(r) || WEXITSTATUS(r) != 3)
		wrong++;
	load(of_daemon);
	return wrong + (found != ARRAY_SIZE(refused_to_all)) +
	       all_refused(refused, ARRAY_SIZE(refused));
}
static void test_supervisor(void **state) { in_child(supervisor_child); }

static int daemon_child(void)
{
	load(of_daemon);
	return all_refused(refused, ARRAY_SIZE(refused));
}

static int reader_child(void)
{
	load(of_reader);
	return all_refused(refused, ARRAY_SIZE(refused)) +
	       all_refused(refused_to_readers, ARRAY_SIZE(refused_to_readers));
}

static void *a_thread(void *arg)
{
	*(int *)arg = all_refused(refused, ARRAY_SIZE(refused)) + 1;
	return NULL;
}

/* A thread that began before the filter has it, too. */
static void *a_thread_before(void *arg)
{
	int *state = arg;

	while (__atomic_load_n(&state[0], __ATOMIC_ACQUIRE) == 0)
		sched_yield();
	return a_thread(&state[1]);
}

static int threads_child(void)
{
	pthread_t before, after;
	int state[2] = {0, 0}, later = 0;

	if (pthread_create(&before, NULL, a_thread_before, state))
		return 98;
	load(of_daemon);
	__atomic_store_n(&state[0], 1, __ATOMIC_RELEASE);
	if (pthread_create(&after, NULL, a_thread, &later) || pthread_join(before, NULL) ||
	    pthread_join(after, NULL))
		return 97;
	return state[1] - 1 + later - 1;
}

static int allowed_child(void)
{
	const int pages = MAP_PRIVATE | MAP_ANONYMOUS;
	int fds[2], status, r = 0;
	pid_t pid;

	load(of_daemon);
	r |= mmap(NULL, 4096, PROT_READ | PROT_WRITE, pages, -1, 0) == MAP_FAILED;
	r |= (mmap(NULL, 4096, PROT_READ | PROT_EXEC, pages, -1, 0) == MAP_FAILED) << 1;
	r |= (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0) << 2;
	r |= (socket(AF_UNIX, SOCK_STREAM, 0) < 0) << 3;
	r |= (open("/proc/self/status", O_RDONLY | O_CLOEXEC) < 0) << 4;
	pid = fork();
	if (!pid)
		_exit(3);
	r |= (pid < 0 || waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != 3) << 5;
	r |= (syscall(__NR_bpf, 9999, NULL, 0) >= 0 || errno == EPERM) << 6;
	return r;
}

static int exporter_child(void)
{
	static const struct call packet = {"socket: packet", __NR_socket, AF_PACKET,
					   SOCK_RAW,         0,           0};

	load(of_exporter);
	return !is_refused(&packet) + 2 * (socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM) +
	       4 * (socket(AF_NETLINK, SOCK_RAW, 0) < 0 && errno == EPERM);
}

static void test_daemon(void **state) { in_child(daemon_child); }
static void test_reader(void **state) { in_child(reader_child); }
static void test_threads(void **state) { in_child(threads_child); }
static void test_allowed(void **state) { in_child(allowed_child); }
static void test_exporter(void **state) { in_child(exporter_child); }

static int rights_child(void)
{
	const uint64_t keep = RIGHT(CAP_KILL) | RIGHT(CAP_SYS_NICE);
	struct rights had, has;
	struct rlimit core;
	int bounded, r = 0;

	rights_get(&had);
	bounded = rights_keep(keep, keep);
	r |= rights_close() != 0 || rights_get(&has) != 0;
	r |= (has.permitted != (had.permitted & keep) || has.effective & ~keep) << 1;
	r |= (has.ambient || has.inheritable) << 2;
	r |= (bounded == 0 ? has.bounding != (had.bounding & keep) : bounded != -EPERM) << 3;
	r |= (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) << 4;
	r |= (!RIGHTS_SANITIZED && prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) << 5;
	r |= (getrlimit(RLIMIT_CORE, &core) || core.rlim_max) << 6;
	return r;
}

static bool opens(const char *path, int how) { return open(path, how | O_CLOEXEC, 0600) >= 0; }

/* What is open stays so. */
static int files_child(enum rights_files may)
{
	const bool reads = may == RIGHTS_FILES_READ;
	int before = open("/proc/self/status", O_RDONLY | O_CLOEXEC), r;
	char byte;

	rights_close();
	r = rights_files(may);
	if (r == -ENOSYS || r == -EOPNOTSUPP)
		return 77;
	r = r != 0 || read(before, &byte, 1) != 1;
	r |= (opens("/proc/self/status", O_RDONLY) != reads) << 1;
	r |= (opens("/", O_RDONLY | O_DIRECTORY) != reads) << 2;
	r |= opens("/dev/null", O_WRONLY) << 3;
	r |= opens("/tmp/headroom-test-rights", O_WRONLY | O_CREAT | O_EXCL) << 4;
	r |= (mkdir("/tmp/headroom-test-rights", 0700) == 0) << 5;
	return r;
}

static int files_none_child(void) { return files_child(RIGHTS_FILES_NONE); }
static int files_read_child(void) { return files_child(RIGHTS_FILES_READ); }
static void test_files_none(void **state) { in_child(files_none_child); }
static void test_files_read(void **state) { in_child(files_read_child); }

static void test_rights(void **state) { in_child(rights_child); }

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_supervisor), cmocka_unit_test(test_daemon),
		cmocka_unit_test(test_reader),     cmocka_unit_test(test_threads),
		cmocka_unit_test(test_allowed),    cmocka_unit_test(test_exporter),
		cmocka_unit_test(test_rights),     cmocka_unit_test(test_files_none),
		cmocka_unit_test(test_files_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
