/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Where this host's cgroups are mounted, and how much of them can be seen from here. Reads
 * mountinfo once, at start; never writes, never mounts.
 *
 * Which mountinfo: `root` is where the host's /proc and /sys are mounted ("" for here). A daemon
 * inside a container sees the host's cgroup mounts in its own mountinfo below `root`; these are
 * what it can open, so they come first. Where there are none, the mount points are those of
 * ROOT/proc/1/mountinfo, then ROOT/proc/self/mountinfo, with `root` before them.
 *
 * Two different properties:
 *   partial	what is mounted is not the hierarchy's own root but a group below it: limits
 *		further up cannot be read. Decided by files that the kernel creates on the true root only (v1: release_agent) or never creates there (v2: cgroup.type): these do not
 *		follow the namespace.
 *   private_ns	this process is not in the host's cgroup namespace, so paths in /proc/PID/cgroup
 *		count from elsewhere. Decided by the namespace's inode, which is constant for the
 *		initial one (PROC_CGROUP_INIT_INO); failing that by a "/.." in mountinfo.
 *		"/proc/self/cgroup says /" decides nothing: it also says so in the true root.
 * A daemon in a private namespace with the host's /sys mounted is private_ns and not partial: only
 * its paths differ.
 */
#ifndef HEADROOM_CGROUPFS_H
#define HEADROOM_CGROUPFS_H

#include <limits.h>
#include <stdbool.h>

#define CGROUPFS_V2_MAGIC 0x63677270UL /* linux/magic.h */
#define CGROUPFS_V1_MAGIC 0x0027e0ebUL

/* The hierarchy that memory is on. HYBRID: v2 is mounted, memory is on v1. */
enum cgroup_layout { CGROUP_V2, CGROUP_V1, CGROUP_HYBRID };

struct cgroupfs {
	enum cgroup_layout layout;
	/* Directories that can be opened from here (with `root` in front); "" where there is
	 * none. */
	char memory[PATH_MAX];  /* the hierarchy that memory belongs to; never "" */
	char unified[PATH_MAX]; /* cgroup2; same as `memory` on CGROUP_V2 */
	char freezer[PATH_MAX]; /* v1's; on CGROUP_V2 same as `unified` (cgroup.freeze) */
	/* Path of `memory` from the hierarchy's root: "" normally, "/docker/ID" where only that is
	 * mounted; also "" where it is unknown (private_ns && partial). */
	char base[PATH_MAX];
	bool private_ns;
	bool partial;
	bool read_only;  /* of `memory` */
	bool controller; /* v2: the root has the memory controller; v1: true */
	bool delegated;  /* v2: groups below the root have it; v1: true */
};

/* -ENOENT: no cgroup hierarchy that could hold memory is mounted; other -errno: mountinfo cannot be
 * read. */
int cgroupfs_find(const char *root, struct cgroupfs *ret_fs);

/* "v2", "v1", "hybrid" */
const char *cgroupfs_layout_name(enum cgroup_layout layout);

#endif
