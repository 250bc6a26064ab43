// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Checks of this host, as a table of functions. Each reports what is available and what a missing feature costs. */
#include "enforce/capabilities.h"
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
#include "base/own_uid.h"
#include "cgroup/cgroupfs.h"
#include "cgroup/pid_cgroup.h"
#include "collect/other_killers.h"
#include "collect/meminfo.h"
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

static void find_lockdown(struct look *look)
{
	_cleanup_fclose_ FILE *f = open_below(look, "/sys/kernel/security/lockdown");
	char line[128];
	const char *level = f && fgets(line, sizeof(line), f) ? strchr(line, '[') : NULL;

	if (!level)
		return;
	level++;
	if (strncmp(level, "confidentiality", 15))
		find(look, "lockdown", FINDING_OK, "%.*s", (int)strcspn(level, "]\n"), level);
	else
		note(find(look, "lockdown", FINDING_MISSING, "confidentiality"),
		     "the kernel refuses BPF to read its memory: boot with lockdown=integrity, or "
		     "memory is read from cgroup files");
}

static void find_capabilities(struct look *look)
{
	uint64_t effective = 0;
	size_t missing = 0;

	if (read_number(look, "/proc/self/status", "CapEff:", 16, &effective)) {
		note(find(look, "capabilities", FINDING_NOTE, "unknown"),
		     "cannot read /proc/self/status");
		return;
	}
	for (size_t i = 0; i < daemon_capabilities_n; i++) {
		const struct daemon_capability *c = &daemon_capabilities[i];

		if (!c->missed || effective & (1ULL << c->capability | 1ULL << c->instead))
			continue;
		note(find(look, "capabilities", FINDING_MISSING, "no %s", c->name), c->cost);
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

/* The kubelet sets the variable in every pod, where nothing has docker's options. */
static void find_namespaces(struct look *look)
{
	bool pod = getenv("KUBERNETES_SERVICE_HOST") != NULL;

	find_namespace(look, "cgroup_namespace", "/proc/self/ns/cgroup", CGROUP_NS_INIT_INO,
		       pod ? "cgroup paths are relative: mount the host's / and run headroomd with "
			     "--root, as deploy/kubernetes does"
			   : "cgroup paths are relative: run headroomd with --cgroupns=host");
	find_namespace(look, "pid_namespace", "/proc/self/ns/pid", PID_NS_INIT_INO,
		       pod ? "pids are not the host's: set hostPID: true in the pod's spec"
			   : "pids are not the host's: run headroomd with --pid=host");
}

static void find_hidden(struct look *look)
{
	if (proc_hides_from_us(look->root))
		note(find(look, "processes", FINDING_MISSING, "hidden from this user (hidepid)"),
		     "without CAP_SYS_PTRACE headroomd signals none; mount /proc without hidepid, "
		     "or "
		     "give it that right");
	else if (proc_hides_processes(look->root))
		note(find(look, "processes", FINDING_NOTE, "hidden from other users (hidepid)"),
		     "the resolver sees none: no command lines");
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

/* Swap that is kept in memory is named, with what that costs. */
static void find_swap(struct look *look)
{
	char text[UNITS_TEXT], worth[UNITS_TEXT], free[UNITS_TEXT];
	struct host_sample s;
	struct finding *f;
	struct host *host;
	bool zram;

	if (host_open(look->root, &host))
		return;
	if (host_read(host, &s))
		s.swap_total = RECORD_UNKNOWN;
	host_close(host);
	if (s.swap_total == RECORD_UNKNOWN)
		return;
	zram = s.zram_swap_total;
	if (s.swap_total && s.swap_cost_milli != UINT32_MAX) {
		f = find(look, "swap", FINDING_NOTE, "%s, %s", units_bytes(s.swap_total, text),
			 !zram                              ? "behind zswap"
			 : s.zram_swap_total < s.swap_total ? "in part on zram"
							    : "on zram");
		snprintf(f->note, sizeof(f->note),
			 "swapped pages stay in memory, compressed to %u%% (%s): %s of free swap "
			 "are worth %s",
			 s.swap_cost_milli / 10, s.swap_cost_measured ? "measured" : "assumed",
			 units_bytes(s.swap_free, free),
			 units_bytes(host_sample_swap_worth(&s), worth));
	} else if (s.swap_total) {
		find(look, "swap", FINDING_OK, "%s", units_bytes(s.swap_total, text));
	} else {
		note(find(look, "swap", FINDING_NOTE, "none"),
		     "anonymous memory is not reclaimable: low pressure does not mean low risk");
	}
}

static void find_huge_pages(struct look *look)
{
	uint64_t huge = 0, total = 0;
	char text[UNITS_TEXT], of[UNITS_TEXT];

	if (read_number(look, "/proc/meminfo", "Hugetlb:", 10, &huge) || !huge ||
	    read_number(look, "/proc/meminfo", "MemTotal:", 10, &total) || huge > total)
		return;
	note(find(look, "huge_pages", FINDING_NOTE, "%s of %s reserved",
		  units_bytes(huge << 10, text), units_bytes(total << 10, of)),
	     "only programs that ask for huge pages can use them: shares of the host's memory are "
	     "of the rest");
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

static void find_other_killers(struct look *look)
{
	char text[128];

	if (other_killers_find(look->root, text, sizeof(text)) > 0)
		note(find(look, "other_killers", FINDING_NOTE, "%s", text),
		     "ends processes, too, when memory is short: its victim may be another one");
	else if (proc_hides_from_us(look->root))
		note(find(look, "other_killers", FINDING_NOTE, "unknown"),
		     "/proc hides processes (hidepid): look again as root");
}

/* As which users the processes without root run (docs/explanation/resolver.md). */
static void find_users(struct look *look)
{
	char text[sizeof(look->findings->value)] = "", etc[PATH_MAX];
	bool resolver = false;
	struct finding *f;
	uint32_t uid, gid;

	snprintf(etc, sizeof(etc), "%s/etc", look->root);
	for (int i = 0; i < OWN_UIDS; i++) {
		size_t used = strlen(text);

		if (!own_uid_named(i, etc, &uid, &gid))
			continue;
		resolver |= i == OWN_UID_RESOLVER;
		snprintf(text + used, sizeof(text) - used, "%s%s %u", used ? ", " : "",
			 own_uids[i].name, uid);
	}
	f = find(look, "users", resolver ? FINDING_OK : FINDING_NOTE, "%s",
		 *text ? text : "no users of headroom's own");
	if (!resolver)
		note(f, "the resolver takes a free number from 65520 on; systemd-sysusers makes "
			"the users");
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
	find_kernel,      find_btf,    find_lockdown,      find_capabilities, find_cgroups,
	find_namespaces,  find_psi,    find_swap,          find_huge_pages,   find_limits,
	find_board_place, find_hidden, find_other_killers, find_users,
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
