// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Checks of this host, as a table of functions. Each reports what is available and what a missing feature costs. */
#include "host_checks.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/human_units.h"
#include "cgroup/cgroupfs.h"
#include "format/score_text.h"

/* kernel: include/linux/proc_ns.h; constant for the initial namespaces */
#define CGROUP_NS_INIT_INO  0xEFFFFFFBu
#define PID_NS_INIT_INO     0xEFFFFFFCu
#define KERNEL_TESTED_MAJOR 5
#define KERNEL_TESTED_MINOR 10
#define NOFILE_ENOUGH \
	16384 /* three open files for each of 5,000 cgroups, where BPF does not sweep */

struct look {
	const char *root;
	struct finding *findings;
	size_t n;
};

__attribute__((format(printf, 4, 5))) static struct finding *
find(struct look *look, const char *check, enum verdict verdict, const char *format, ...)
{
	static struct finding spare; /* past the end: discarded */
	struct finding *f = look->n < FINDINGS_MOST ? &look->findings[look->n++] : &spare;
	va_list args;

	f->check = check;
	f->verdict = verdict;
	f->note[0] = 0;
	va_start(args, format);
	vsnprintf(f->value, sizeof(f->value), format, args);
	va_end(args);
	return f;
}

static void note(struct finding *f, const char *text)
{
	snprintf(f->note, sizeof(f->note), "%s", text);
}

static FILE *open_below(const struct look *look, const char *path)
{
	char full[PATH_MAX];

	snprintf(full, sizeof(full), "%s%s", look->root, path);
	return fopen(full, "re");
}

/* The number behind `key` in a file of "key: value" lines. */
static int read_number(const struct look *look, const char *path, const char *key, int base,
		       uint64_t *ret_value)
{
	_cleanup_fclose_ FILE *f = open_below(look, path);
	char line[256];

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key))) {
			*ret_value = strtoull(line + strlen(key), NULL, base);
			return 0;
		}
	return -ENODATA;
}

static void find_kernel(struct look *look)
{
	struct utsname u;
	unsigned int major = 0, minor = 0;
	struct finding *f;

	if (uname(&u))
		return;
	f = find(look, "kernel", FINDING_OK, "%s %s", u.release, u.machine);
	if (sscanf(u.release, "%u.%u", &major, &minor) == 2 &&
	    (major < KERNEL_TESTED_MAJOR ||
	     (major == KERNEL_TESTED_MAJOR && minor < KERNEL_TESTED_MINOR))) {
		f->verdict = FINDING_NOTE;
		note(f, "older than 5.10, the oldest that this is tested on");
	}
}

static void find_btf(struct look *look)
{
	_cleanup_fclose_ FILE *f = open_below(look, "/sys/kernel/btf/vmlinux");

	if (f)
		find(look, "btf", FINDING_OK, "/sys/kernel/btf/vmlinux");
	else
		note(find(look, "btf", FINDING_MISSING, "none (/sys/kernel/btf/vmlinux)"),
		     "no BPF: memory from cgroup files, OOM kills from counters and the kernel "
		     "log");
}

static const struct {
	unsigned int cap, instead; /* instead: one that includes it; the same: none */
	const char *name, *cost;
} capabilities[] = {
	{CAP_BPF, CAP_SYS_ADMIN, "CAP_BPF",
	 "no BPF: memory from cgroup files, OOM kills from counters and the kernel log"},
	{CAP_PERFMON, CAP_SYS_ADMIN, "CAP_PERFMON",
	 "no BPF tracing: OOM kills and stalls from files only"},
	{CAP_SYS_RESOURCE, CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE",
	 "cannot raise limits on locked memory and open files; pressure in steps of 2 s"},
	{CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE, "CAP_DAC_READ_SEARCH",
	 "cannot read the state of container runtimes: ids in place of names"},
	{CAP_SYSLOG, CAP_SYS_ADMIN, "CAP_SYSLOG",
	 "cannot read the kernel log: without BPF, victims are unknown"},
	{CAP_KILL, CAP_KILL, "CAP_KILL", "cannot terminate or kill processes of other users"},
};

static void find_capabilities(struct look *look)
{
	uint64_t effective = 0;
	size_t missing = 0;

	if (read_number(look, "/proc/self/status", "CapEff:", 16, &effective)) {
		note(find(look, "capabilities", FINDING_NOTE, "unknown"),
		     "cannot read /proc/self/status");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++)
		if (!(effective &
		      (1ULL << capabilities[i].cap | 1ULL << capabilities[i].instead))) {
			note(find(look, "capabilities", FINDING_MISSING, "no %s",
				  capabilities[i].name),
			     capabilities[i].cost);
			missing++;
		}
	if (!missing)
		find(look, "capabilities", FINDING_OK, "all present");
}

static void find_cgroups(struct look *look)
{
	_cleanup_free_ struct cgroupfs *fs = calloc(1, sizeof(*fs));
	int r = fs ? cgroupfs_find(look->root, fs) : -ENOMEM;
	struct finding *f;

	if (r) {
		note(find(look, "cgroups", FINDING_FATAL, "no memory cgroups: %s", strerror(-r)),
		     "mount cgroup2, or boot without cgroup_disable=memory");
		return;
	}
	f = find(look, "cgroups", FINDING_OK, "%s, memory in %.100s",
		 cgroupfs_layout_name(fs->layout), fs->memory);
	if (fs->layout != CGROUP_V2) {
		f->verdict = FINDING_NOTE;
		note(f, "memory is on v1: no pressure per container, no reclaim, no throttle");
	} else if (!fs->controller) {
		f->verdict = FINDING_FATAL;
		note(f, "the root has no memory controller: boot without cgroup_disable=memory");
	} else if (!fs->delegated) {
		f->verdict = FINDING_NOTE;
		note(f, "no group below the root has the memory controller: write +memory to "
			"cgroup.subtree_control");
	}
	if (fs->read_only)
		note(find(look, "cgroups", FINDING_NOTE, "mounted read-only"), "cannot set limits");
	if (fs->partial)
		note(find(look, "cgroups", FINDING_NOTE,
			  "only the part below %.100s is mounted here",
			  fs->base[0] ? fs->base : "some group"),
		     "limits of parents are not visible: mount the host's /sys/fs/cgroup");
}

static void find_namespace(struct look *look, const char *check, const char *path, ino_t initial,
			   const char *cost)
{
	char full[PATH_MAX];
	struct stat st;

	snprintf(full, sizeof(full), "%s%s", look->root, path);
	if (stat(full, &st))
		return;
	if (st.st_ino == initial)
		find(look, check, FINDING_OK, "of the host");
	else
		note(find(look, check, FINDING_NOTE, "private"), cost);
}

static void find_namespaces(struct look *look)
{
	find_namespace(look, "cgroup_namespace", "/proc/self/ns/cgroup", CGROUP_NS_INIT_INO,
		       "cgroup paths are relative: run headroomd with --cgroupns=host");
	find_namespace(look, "pid_namespace", "/proc/self/ns/pid", PID_NS_INIT_INO,
		       "pids are not the host's: run headroomd with --pid=host");
}

static void find_psi(struct look *look)
{
	uint64_t total = 0;
	int r = read_number(look, "/proc/pressure/memory", "some avg10=", 10, &total);

	if (!r)
		find(look, "psi", FINDING_OK, "/proc/pressure/memory");
	else
		note(find(look, "psi", FINDING_MISSING, "none: %s", strerror(-r)),
		     "risk without pressure; boot with psi=1");
}

static void find_swap(struct look *look)
{
	uint64_t kib = 0;
	char text[UNITS_TEXT];

	if (read_number(look, "/proc/meminfo", "SwapTotal:", 10, &kib))
		return;
	if (kib)
		find(look, "swap", FINDING_OK, "%s", units_bytes(kib * 1024, text));
	else
		note(find(look, "swap", FINDING_NOTE, "none"),
		     "anonymous memory is not reclaimable: low pressure does not mean low risk");
}

static const char *limit_text(rlim_t limit, bool bytes, char text[UNITS_TEXT])
{
	if (limit == RLIM_INFINITY)
		return strcpy(text, "unlimited");
	if (bytes)
		return units_bytes(limit, text);
	snprintf(text, UNITS_TEXT, "%llu", (unsigned long long)limit);
	return text;
}

static void find_limits(struct look *look)
{
	struct rlimit memlock, nofile;
	uint64_t effective = 0;
	char text[UNITS_TEXT];
	struct finding *f;
	bool may_raise, may_lock;

	read_number(look, "/proc/self/status", "CapEff:", 16, &effective);
	may_raise = effective & 1ULL << CAP_SYS_RESOURCE;
	may_lock = effective & 1ULL << CAP_IPC_LOCK;
	if (getrlimit(RLIMIT_MEMLOCK, &memlock) || getrlimit(RLIMIT_NOFILE, &nofile))
		return;
	f = find(look, "memlock", FINDING_OK, "%s%s", limit_text(memlock.rlim_max, true, text),
		 may_lock ? ", not enforced here" : "");
	if (!may_lock && !may_raise && memlock.rlim_max != RLIM_INFINITY) {
		f->verdict = FINDING_NOTE;
		note(f, "up to kernel 5.10 BPF maps count against it: raise it "
			"(LimitMEMLOCK=infinity)");
	}
	f = find(look, "nofile", FINDING_OK, "%s", limit_text(nofile.rlim_max, false, text));
	if (!may_raise && nofile.rlim_max < NOFILE_ENOUGH) {
		f->verdict = FINDING_NOTE;
		note(f, "without BPF sweep: files of some cgroups are reopened on each sweep");
	}
}

static bool is_tmpfs(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

/* As board/board_path.c chooses. */
static void find_board_place(struct look *look)
{
	if (is_tmpfs("/run"))
		find(look, "board_place", FINDING_OK, "/run/headroom/board, on tmpfs");
	else if (is_tmpfs("/dev/shm"))
		find(look, "board_place", FINDING_OK,
		     "/dev/shm/headroom/board, on tmpfs: /run is not");
	else
		note(find(look, "board_place", FINDING_NOTE, "/run/headroom/board, not on tmpfs"),
		     "a blocked disk can block the daemon: mount a tmpfs at /run");
}

static void (*const questions[])(struct look *look) = {
	find_kernel, find_btf,  find_capabilities, find_cgroups,     find_namespaces,
	find_psi,    find_swap, find_limits,       find_board_place,
};

size_t host_checks_run(const char *root, struct finding findings[FINDINGS_MOST])
{
	struct look look = {.root = root, .findings = findings};

	for (size_t i = 0; i < ARRAY_SIZE(questions); i++)
		questions[i](&look);
	return look.n;
}

/* Too few to judge, or within the targets (docs/explanation/forecast.md: warn precision .5, recall .95, 80% intervals), with a margin
 * for chance. */
static bool good_enough(uint64_t part, uint64_t all, unsigned int least, double share)
{
	return all < least || (double)part >= share * (double)all;
}

void finding_of_score(const struct hr_score *s, struct finding *ret_finding)
{
	bool good = good_enough(s->warn.right, s->warn.right + s->warn.wrong, 10, 0.5) &&
		    good_enough(s->oom_kills.warned, s->oom_kills.warned + s->oom_kills.missed, 10,
				0.8) &&
		    good_enough(s->intervals_covered, s->intervals, 100, 0.6);
	char alarms[SCORE_TEXT], times[SCORE_TEXT];

	score_alarms_text(s, alarms);
	score_times_text(s, times);
	*ret_finding =
		(struct finding){.check = "forecasts", .verdict = good ? FINDING_OK : FINDING_NOTE};
	snprintf(ret_finding->value, sizeof(ret_finding->value), "%.159s",
		 *alarms ? alarms : "no alarms or OOM kills judged yet");
	snprintf(ret_finding->note, sizeof(ret_finding->note), "%s", times);
}

const char *verdict_word(enum verdict verdict)
{
	static const char *const words[] = {"ok", "note", "missing", "fatal"};

	return words[verdict];
}
