/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Who a cgroup is, before it goes on the wire, and what a runtime is to this room: a way to see its
 * own in a path, and a way to read its state file. A runtime is one file with one `const struct
 * runtime` at its end and one line in runtimes.c. Resolver only; nothing here is linked by the
 * guard. All text is hostile and bounded; nothing is ever allocated for it.
 */
#ifndef HEADROOM_IDENTIFY_IDENTITY_H
#define HEADROOM_IDENTIFY_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "identify.h"
#include "opener_proto.h"

#define IDENTITY_ID_HEX 64 /* the digits of a container id in every OCI engine */

struct identity {
	enum hr_runtime runtime;
	enum hr_kind kind; /* of the owner: the deepest component that is somebody's */
	unsigned int uid;  /* whose user manager it runs under; 0: the system's */
	bool guess;        /* a container, but whose is open: anybody may know it */
	bool probe;        /* not even that: it is one only if a state file says so */
	bool named;        /* a state file or a log's name told who it is */
	char name[256];
	char container_id[OPEN_ID];
	char image[256];
	char pod[256];
	char namespace[128];
	char pod_uid[72];
	char container[256];
	char unit[256];
	char labels[512];           /* labels.h: those that policies ask for */
	char engine_namespace[128]; /* containerd's, where a probe needs it */
	const char *below;          /* what of the path lies below the owner's own cgroup; or "" */
};

/* What the cgroup itself is: below an owner a mere group, with the owner's names, so that a
 * listing can say whose. */
static inline enum hr_kind identity_kind(const struct identity *identity)
{
	return identity->below[0] ? HR_KIND_GROUP : identity->kind;
}

/* A cgroup path, taken apart. */
struct path {
	char text[RECORD_PATH];
	char whole[RECORD_PATH];     /* as it came */
	char *part[RECORD_PATH / 2]; /* into text */
	int parts;
};

void path_split(const char *text, struct path *ret_path);
/* Where part i ends in path->whole: the rest, beginning with '/' or empty. */
const char *path_below(const struct path *path, int i);

bool part_is_id(const char *part); /* exactly 64 hex digits */
/* Holds `tag` and right after it an id that ends the part or is followed by ".scope". ret_id:
 * OPEN_ID bytes. */
bool part_tagged(const char *part, const char *tag, char *ret_id);
/* A pod's uid ("-" or "_" between its groups, or 32 digits without) at the beginning of text.
 * Dashes in ret_uid. Its length, or 0. */
size_t pod_uid_at(const char *text, char ret_uid[37]);
/* The pod whose group this part is, in either Kubernetes cgroup driver. `inside`: also where the
 * part goes on. */
bool part_is_pod(const char *part, bool inside, char ret_uid[37]);
bool part_ends(const char *part, const char *suffix);
unsigned int part_uid(const char *part); /* user-U.slice, user@U.service; else 0 */

/* Bounded copy; what does not fit is cut. */
void identity_copy(char *to, size_t to_bytes, const char *from, size_t n);
#define identity_set(field, from) identity_copy((field), sizeof(field), (from), strlen(from))

struct runtime {
	enum hr_runtime runtime;
	const char *name;
	bool last; /* asked only when no part of the path is anybody else's */
	/* Is part i a container, a pod's group, a supervisor or a unit of this runtime? Then
	 * fills runtime, kind and ids. */
	bool (*match)(const struct path *path, int i, struct identity *identity);
	/* Looks its state file up. 0: named. -ENOENT: it does not know this one. Any other
	 * error: unreadable. */
	int (*read)(struct opener *opener, struct identity *identity);
};

extern const struct runtime runtime_docker, runtime_containerd, runtime_crio, runtime_podman,
	runtime_nerdctl, runtime_lxc, runtime_kubernetes, runtime_systemd;

/* From the path alone. Fills every field but the texts that only state files hold. */
void identity_from_path(const struct path *path, struct identity *ret_identity);
/* The path, then the state files. */
void identity_resolve(struct opener *opener, const struct path *path,
		      struct identity *ret_identity);
/* What survives a restart, as a number; never 0. */
uint64_t identity_workload(const struct identity *identity, const char *path);

/* /var/log/containers and /var/log/pods: names without asking anybody (logs.c). */
int log_container(struct opener *opener, struct identity *identity);
int log_pod(struct opener *opener, struct identity *identity);
/* "<pod>_<namespace>_<container>-ID.log" */
int log_parse_container(const char *name, struct identity *identity);
/* "<namespace>_<pod>_<uid>" */
int log_parse_pod(const char *name, size_t n, struct identity *identity);

#endif
