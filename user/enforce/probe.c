// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Which actions this host supports, probed at start: on an empty cgroup that is made for it and removed again, and on
 * ourselves with signal 0. Other processes do not notice.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/rights.h"
#include "cgroup/cgroup_dir.h"
#include "cgroup/pid_cgroup.h"
#include "enforce_internal.h"
#include "proc.h"
#include "cgroup/cgroupfs.h"

#define REASON 200

enum { ROW_RECLAIM, ROW_THROTTLE, ROW_RESIZE, ROW_TERM, ROW_KILL, ROWS };

static struct row {
	struct enforce_support support;
	char reason[REASON];
} rows[ROWS];

struct trial {     /* 0: works; -errno */
	int group; /* making one */
	int high, max, reclaim, swappiness, kill, freeze;
	int signals; /* pidfds, CAP_KILL and a /proc of our pid namespace */
	const char *signals_reason;
	char refusal[REFUSAL_TEXT];
	int reap; /* process_mrelease: 0; -errno: refused, or not in this kernel */
	bool v1;
};

__attribute__((format(printf, 4, 5))) static void
set_row(unsigned i, enum hr_action_kind kind, const char *variant, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(rows[i].reason, sizeof(rows[i].reason), format, ap);
	va_end(ap);
	rows[i].support = (struct enforce_support){kind, variant, rows[i].reason};
}

static int open_for_writing(int dir_fd, const char *file)
{
	_cleanup_close_ int fd = openat(dir_fd, file, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : 0;
}

static void try_files(int dir_fd, struct trial *t)
{
	t->high = cgroup_write(dir_fd, "memory.high", "max");
	t->max = cgroup_write(dir_fd, "memory.max", "max");
	t->reclaim = open_for_writing(dir_fd, "memory.reclaim");
	t->swappiness = cgroup_write(dir_fd, "memory.reclaim", "0 swappiness=0");
	t->kill = cgroup_write(dir_fd, "cgroup.kill", "1");
	t->freeze = cgroup_write(dir_fd, "cgroup.freeze", "0");
}

static void try_v1_limit(int dir_fd, struct trial *t)
{
	t->max = cgroup_write(dir_fd, "memory.limit_in_bytes", "-1");
}

static void try_v1_freezer(int dir_fd, struct trial *t)
{
	t->freeze = cgroup_write(dir_fd, "freezer.state", "THAWED");
}

/* An empty cgroup of our own in this hierarchy; 0 or -errno. */
static int with_group(const char *root, void (*fn)(int dir_fd, struct trial *t), struct trial *t)
{
	_cleanup_close_ int root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;
	char name[48];
	int r = 0;

	if (root_fd < 0)
		return -errno;
	snprintf(name, sizeof(name), "headroom-check-%d", (int)getpid());
	if (mkdirat(root_fd, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(root_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		r = -errno;
	else
		fn(fd, t);
	unlinkat(root_fd, name, AT_REMOVEDIR);
	return r;
}

static bool has_cap_kill(int proc_fd)
{
	char text[8192];
	const char *at = cgroup_read(proc_fd, "self/status", text, sizeof(text)) > 0
				 ? strstr(text, "\nCapEff:")
				 : NULL;

	return !at || strtoull(at + 8, NULL, 16) & RIGHT(CAP_KILL);
}

static void try_signals(const char *root, struct trial *t)
{
	_cleanup_close_ int proc_fd = -1, pidfd = proc_open((uint32_t)getpid());
	char path[ENFORCE_PATH];

	snprintf(path, sizeof(path), "%s/proc", root);
	proc_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	t->signals = pidfd < 0 ? pidfd : proc_signal(pidfd, 0);
	t->signals_reason = "";
	if (!t->signals && (proc_fd < 0 || !proc_is_ours(proc_fd))) {
		t->signals = -EOPNOTSUPP;
		t->signals_reason = "/proc is another pid namespace's: run in the host's";
	} else if (!t->signals && !has_cap_kill(proc_fd)) {
		t->signals = -EPERM;
		t->signals_reason = "no CAP_KILL";
	} else if (t->signals) {
		t->signals_reason = refusal_text(-t->signals, t->refusal);
	} else if (proc_hides_from_us(root)) {
		t->signals = -EPERM;
		t->signals_reason = HIDDEN_BY_MOUNT;
	}
	t->reap = proc_reap(-1);
	t->reap = t->reap == -EBADF ? 0 : t->reap;
}

static const char *group_reason(int error)
{
	return error == -EROFS                       ? "cgroups are mounted read-only"
	       : error == -EACCES || error == -EPERM ? "not permitted to write to cgroups"
						     : "cannot make a cgroup to try it";
}

static void describe_file(unsigned i, enum hr_action_kind kind, const char *file, const char *since,
			  int error, const struct trial *t)
{
	if (t->v1)
		set_row(i, kind, "none", "cgroup v1 has no %s", file);
	else if (t->group)
		set_row(i, kind, "none", "%s", group_reason(t->group));
	else if (error == -ENOENT)
		set_row(i, kind, "none", "no %s: %s", file, since);
	else if (error)
		set_row(i, kind, "none", "%s: %s", file, strerrorname_np(-error));
	else
		set_row(i, kind, file, "%s", "");
}

static void describe_resize(const struct trial *t)
{
	const char *file = t->v1 ? "memory.limit_in_bytes" : "memory.max";

	if (t->group)
		set_row(ROW_RESIZE, HR_ACTION_RESIZE, "none", "%s", group_reason(t->group));
	else if (t->max)
		set_row(ROW_RESIZE, HR_ACTION_RESIZE, "none", "%s: %s", file,
			strerrorname_np(-t->max));
	else
		set_row(ROW_RESIZE, HR_ACTION_RESIZE, file, "%s", "");
}

static void describe_kill(const struct trial *t)
{
	const char *reap = !t->reap ? ""
			   : t->reap == -ENOSYS
				   ? "; no process_mrelease (5.15): a victim without "
				     "CPU time frees its memory late"
				   : "; process_mrelease is refused (seccomp): a victim "
				     "without CPU time frees its memory late";
	const char *lesser = t->v1      ? "cgroup v1 has no cgroup.kill"
			     : t->group ? group_reason(t->group)
					: "no cgroup.kill (5.14)";

	if (!t->group && !t->v1 && !t->kill)
		set_row(ROW_KILL, HR_ACTION_KILL, "cgroup.kill", "%s%s%s",
			t->signals ? t->signals_reason : "",
			t->signals ? ": whole containers only" : "",
			reap[0] && !t->signals ? reap + 2 : reap);
	else if (t->signals)
		set_row(ROW_KILL, HR_ACTION_KILL, "none", "%s", t->signals_reason);
	else if (!t->freeze)
		set_row(ROW_KILL, HR_ACTION_KILL, "freeze and kill", "%s%s", lesser, reap);
	else
		set_row(ROW_KILL, HR_ACTION_KILL, "signals",
			"%s, and no freezer: a fork bomb may win%s", lesser, reap);
}

static void describe(const struct trial *t)
{
	describe_file(ROW_RECLAIM, HR_ACTION_RECLAIM, "memory.reclaim", "it came with Linux 5.19",
		      t->reclaim, t);
	if (!t->v1 && !t->group && !t->reclaim && t->swappiness == -EINVAL)
		set_row(ROW_RECLAIM, HR_ACTION_RECLAIM, "memory.reclaim",
			"no swappiness= (6.11): a reclaim with it is skipped");
	describe_file(ROW_THROTTLE, HR_ACTION_THROTTLE, "memory.high",
		      "the memory controller is not enabled below the root", t->high, t);
	describe_resize(t);
	if (t->signals)
		set_row(ROW_TERM, HR_ACTION_TERM, "none", "%s", t->signals_reason);
	else
		set_row(ROW_TERM, HR_ACTION_TERM, "pidfd", "%s", "");
	describe_kill(t);
}

/* Row 0 probes; the other rows are of the same probe. One thread. */
int enforce_support(const struct enforce_config *config, unsigned int i,
		    struct enforce_support *ret_support)
{
	const char *root = config->root ? config->root : "";

	if (i >= ROWS)
		return -ENODATA;
	if (!i) {
		struct trial t = {.v1 = config->v1, .freeze = -ENOENT, .kill = -ENOENT};

		try_signals(root, &t);
		if (!t.v1) {
			t.group = with_group(config->memory_root, try_files, &t);
			t.freeze = t.group ? t.group : t.freeze;
		} else {
			_cleanup_free_ struct cgroupfs *fs = calloc(1, sizeof(*fs));

			t.group = with_group(config->memory_root, try_v1_limit, &t);
			if (fs && !cgroupfs_find(root, fs) && fs->freezer[0])
				t.freeze = with_group(fs->freezer, try_v1_freezer, &t) ? -EACCES
										       : t.freeze;
		}
		describe(&t);
	}
	*ret_support = rows[i].support;
	return 0;
}
