// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Runs the attach plan in a child and takes over what it got: the parent's half, and the order of
 * tries. How one variant is loaded and attached: attach.c. Never fails: whatever goes wrong becomes
 * a reason in words, and the files remain.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "attach.h"

#define CHILD_SECONDS \
	120 /* an emulated machine takes 20; then something is wrong, and files must do … */
#define STUCK_SECONDS 10 /* … or after this long without any CPU time of the child */

/*
 * Three functions take the place of libbpf's own: the dynamic linker finds ours first, and dlsym() the ones behind. In a program
 * without shared libraries `ld --wrap` does the same by other names.
 */
#ifdef HEADROOM_STATIC
#define OURS(name)   __wrap_##name
#define THEIRS(name) __real_##name
int OURS(bpf_btf_get_next_id)(__u32 start_id, __u32 *next_id);
struct btf *OURS(btf__load_vmlinux_btf)(void);
struct btf *THEIRS(btf__load_vmlinux_btf)(void);
void OURS(btf__free)(struct btf *btf);
void THEIRS(btf__free)(struct btf *btf);
#else
#define OURS(name)   name
#define THEIRS(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))
#endif

/*
 * To list the BTF of modules takes CAP_SYS_ADMIN; where that is missing, libbpf of the 1.1 that Debian 12 has gives up every object
 * with a weak function that this kernel lacks, though CAP_BPF and CAP_PERFMON would do for the rest. So there we say that there are
 * no modules.
 */
int OURS(bpf_btf_get_next_id)(__u32 start_id, __u32 *next_id)
{
	union bpf_attr attr = {.start_id = start_id};

	if (syscall(SYS_bpf, BPF_BTF_GET_NEXT_ID, &attr, sizeof(attr))) {
		errno = errno == EPERM ? ENOENT : errno;
		return -errno;
	}
	*next_id = attr.next_id;
	return 0;
}

/*
 * libbpf reads and parses all of the kernel's BTF (6 MB) for each object anew, which took most of the CPU time of a start. With these
 * two the first one is kept, and shared. Where libbpf is bound to its own functions, they are just not called by it.
 */
static struct btf *kernel_btf;

struct btf *OURS(btf__load_vmlinux_btf)(void)
{
	struct btf *(*load)(void) = THEIRS(btf__load_vmlinux_btf);

	if (!kernel_btf && load)
		kernel_btf = load();
	return kernel_btf;
}

void OURS(btf__free)(struct btf *btf)
{
	void (*release)(struct btf *) = THEIRS(btf__free);

	if (release && (!btf || btf != kernel_btf))
		release(btf);
}

static void reason_append(char *text, const char *variant, const char *reason)
{
	size_t used = strlen(text);

	snprintf(text + used, LOADER_REASON - used, "%s%s: %s", used ? "; " : "", variant, reason);
}

/* HEADROOM_WITHOUT="VARIANT;VARIANT" in the environment, names as in attach_plan.c: tests reach a fallback
 * so on any kernel. */
static bool switched_off(const char *variant)
{
	const char *list = getenv("HEADROOM_WITHOUT"), *at = list;
	size_t n = strlen(variant);

	while (at && (at = strstr(at, variant))) {
		if ((at == list || at[-1] == ';') && (at[n] == '\0' || at[n] == ';'))
			return true;
		at += n;
	}
	return false;
}

bool loader_transient(int error)
{
	switch (error) {
	case ENOMEM:
	case EAGAIN:
	case EINTR:
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case EBUSY:
		return true;
	default:
		return false;
	}
}

/* Tries a signal's variants in order; the last one needs nothing. */
static void signal_run(struct attach *attach, unsigned int id)
{
	struct loaded_signal *got = &attach->loaded->signal[id];
	unsigned int last = plan_variants(&plan[id]) - 1;

	for (unsigned int i = 0; i < last; i++) {
		const struct plan_variant *variant = &plan[id].variants[i];
		__u32 missing = variant->needs & ~attach->features;
		const char *before;
		char reason[96];
		int r;

		if (variant->with) {
			before = plan[id - 1].variants[attach->loaded->signal[id - 1].variant].name;
			if (strcmp(before, variant->with) != 0) {
				reason_append(got->skipped, variant->name,
					      "that sweep does not run");
				continue;
			}
		}
		if (switched_off(variant->name)) {
			reason_append(got->skipped, variant->name, "switched off");
			continue;
		}
		if (missing) {
			reason_append(got->skipped, variant->name, feature_missing(missing));
			continue;
		}
		r = variant->object
			    ? attach_variant(attach, variant, got->link, reason, sizeof(reason))
			    : 0;
		if (r < 0) {
			attach->loaded->again |= loader_transient(-r);
			reason_append(got->skipped, variant->name, reason);
			continue;
		}
		got->variant = i;
		return;
	}
	got->variant = last;
}

/* Before 5.11 maps are charged to RLIMIT_MEMLOCK. Returns whether the limit is out of the way. */
static bool memlock_raise(void)
{
	const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	struct rlimit now;

	if (setrlimit(RLIMIT_MEMLOCK, &all) == 0)
		return true;
	if (getrlimit(RLIMIT_MEMLOCK, &now) == 0) {
		now.rlim_cur = now.rlim_max;
		setrlimit(RLIMIT_MEMLOCK, &now);
	}
	return false;
}

/* Can a map be made at all? In words if not, else NULL; *ret_again: a later try may do better. */
static const char *bpf_refused(bool memlock_raised, bool *ret_again)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "headroom_probe", 0, 0, RECORDS_BYTES, NULL);
	int error = errno;

	if (fd >= 0) {
		close(fd);
		return NULL;
	}
	*ret_again = loader_transient(error);
	switch (error) {
	case ENOSYS:
		return "this kernel has no bpf()";
	case EINVAL:
		return "this kernel's BPF has no ring buffer (5.8)";
	case ENOMEM:
		return "no memory for a map";
	case EPERM:
		/* a small map fits any limit; the ring buffer does not */
		fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "headroom_probe", 4, 8, 1, NULL);
		if (fd < 0)
			return "not permitted (needs root, or CAP_BPF and CAP_PERFMON)";
		close(fd);
		*ret_again = true; /* what other processes of this user charge may go down */
		return memlock_raised
			       ? "a map was refused (EPERM)"
			       : "RLIMIT_MEMLOCK is too low, raising it needs CAP_SYS_RESOURCE";
	default:
		return "bpf() failed";
	}
}

static void child_load(const struct loader_config *config, struct loaded *loaded)
{
	struct attach attach = {.config = config, .loaded = loaded};
	const char *refused;
	struct btf *btf;
	bool again;

	attach_quiet();
	attach.memlock_raised = memlock_raise();
	refused = bpf_refused(attach.memlock_raised, &again);
	if (refused) {
		loader_none(refused, loaded);
		loaded->again = again;
		return;
	}
	btf = btf__load_vmlinux_btf();
	if (!btf) {
		again = loader_transient(errno);
		loader_none(again ? "no memory to read the kernel's BTF"
				  : "no BTF (/sys/kernel/btf/vmlinux is missing)",
			    loaded);
		loaded->again = again;
		return;
	}
	attach.features = features_probe(btf, "/proc/kallsyms", &attach.bpf.stats_index);
	btf__free(btf);
	if (config->v1)
		attach.features |= NEEDS(FEATURE_V1);
	if (access(KPROBE_PMU, F_OK) == 0)
		attach.features |= NEEDS(FEATURE_KPROBE);
	attach_init(&attach);
	for (unsigned int i = 0; i < SIGNAL_COUNT; i++)
		signal_run(&attach, i);
}

static int send_report(int socket, const struct loader_report *report, const int *fds, size_t n_fds)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(LOADER_FDS * sizeof(int))];
	} control = {};
	struct iovec part = {(void *)report, sizeof(*report)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (n_fds) {
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, n_fds * sizeof(int));
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
	}
	return sendmsg(socket, &message, MSG_NOSIGNAL) == sizeof(*report) ? 0 : -errno;
}

static _Noreturn void child_main(const struct loader_config *config, int socket)
{
	struct loader_report report;
	struct loaded loaded;
	int fds[LOADER_FDS];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "headroomd-load");
	loader_none("", &loaded);
	child_load(config, &loaded);
	loader_report_encode(&loaded, &report, fds);
	/* No destructor runs: they would detach what was just attached. */
	_exit(send_report(socket, &report, fds, report.n_fds) < 0);
}

static int receive_report(int socket, struct loaded *ret)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(LOADER_FDS * sizeof(int))];
	} control = {};
	struct loader_report report;
	struct iovec part = {&report, sizeof(report)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	const struct cmsghdr *header;
	int fds[LOADER_FDS], r;
	size_t n_fds = 0;
	ssize_t n;

	do
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
		n_fds = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(header), n_fds * sizeof(int));
	}
	r = message.msg_flags & MSG_CTRUNC ? -EMFILE
					   : loader_report_decode(&report, n, fds, n_fds, ret);
	for (size_t i = 0; r < 0 && i < n_fds; i++)
		close(fds[i]);
	return r;
}

static __u64 cpu_ns_of(pid_t child)
{
	clockid_t clock;

	return clock_getcpuclockid(child, &clock) ? 0 : clock_ns(clock);
}

/* Until the child has answered or ended: 0; -ETIMEDOUT: it is stopped or blocked, or takes too long. */
static int child_wait(pid_t child, int socket, char *reason, size_t reason_bytes)
{
	__u64 begin = clock_mono_ns(), moved = begin, now = begin, cpu = 0, last = 0;
	struct pollfd answer = {.fd = socket, .events = POLLIN};

	while (now - begin < CHILD_SECONDS * NS_PER_SEC) {
		if (poll(&answer, 1, 500) > 0)
			return 0;
		now = clock_mono_ns();
		cpu = cpu_ns_of(child);
		if (cpu != last)
			moved = now;
		last = cpu;
		if (now - moved > STUCK_SECONDS * NS_PER_SEC) {
			snprintf(reason, reason_bytes, "the loader hung: no CPU time for %d s",
				 STUCK_SECONDS);
			return -ETIMEDOUT;
		}
	}
	snprintf(reason, reason_bytes, "the loader did not finish within %d s", CHILD_SECONDS);
	return -ETIMEDOUT;
}

static void child_reap(pid_t child, bool failed, char *reason, size_t reason_bytes)
{
	const char *name;
	int status;
	pid_t pid;

	do
		pid = waitpid(child, &status, 0);
	while (pid < 0 && errno == EINTR);
	if (!failed || pid != child || *reason)
		return;
	if (WIFSIGNALED(status)) {
		name = sigabbrev_np(WTERMSIG(status));
		snprintf(reason, reason_bytes, "the loader was ended by SIG%s", name ?: "?");
	} else {
		snprintf(reason, reason_bytes, "the loader exited with status %d and no answer",
			 WEXITSTATUS(status));
	}
}

static void none_now(const char *reason, struct loaded *ret)
{
	loader_none(reason, ret);
	ret->again = true;
}

void loader_run(const struct loader_config *config, struct loaded *ret)
{
	_cleanup_close_ int mine = -1, childs = -1;
	char reason[96] = "";
	int pair[2], r;
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		none_now("no socket pair for the loader", ret);
		return;
	}
	mine = pair[0];
	childs = pair[1];
	child = fork();
	if (child == 0)
		child_main(config, childs);
	if (child < 0) {
		none_now("no process for the loader", ret);
		return;
	}
	close(take_fd(childs));
	r = child_wait(child, mine, reason, sizeof(reason)) ?: receive_report(mine, ret);
	kill(child, SIGKILL); /* it has ended, is about to, or will not by itself */
	if (r == -EMFILE)
		snprintf(reason, sizeof(reason), "too few descriptors (RLIMIT_NOFILE)");
	child_reap(child, r < 0, reason, sizeof(reason));
	if (r < 0)
		none_now(reason, ret);
}

void loaded_done(struct loaded *loaded)
{
	for (unsigned int i = 0; i < MAP_HANDED; i++)
		if (loaded->map[i] >= 0)
			close(take_fd(loaded->map[i]));
	for (unsigned int i = 0; i < SIGNAL_COUNT; i++)
		for (unsigned int k = 0; k < LOADER_LINKS; k++)
			if (loaded->signal[i].link[k] >= 0)
				close(take_fd(loaded->signal[i].link[k]));
}
