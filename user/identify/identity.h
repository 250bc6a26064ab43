/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The identity of a cgroup, before it is sent, and the interface of a runtime: how it recognises
 * its containers in a path, and how it reads their state files. A runtime is one file with one
 * `const struct runtime` at its end and one line in runtimes.c. Resolver only; the daemon links
 * nothing of this. All text is hostile and bounded; nothing is allocated for it.
 */
#ifndef HEADROOM_IDENTIFY_IDENTITY_H
#define HEADROOM_IDENTIFY_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "identify.h"
#include "opener_proto.h"

#define IDENTITY_ID_HEX 64 /* digits of a container id in every OCI engine */

struct identity {
	enum hr_runtime runtime;
	enum hr_kind kind; /* of the owner: the deepest component that a runtime recognises */
	unsigned int uid;  /* the uid of the service manager that it runs under; 0: the system's */
	bool guess;        /* a container, of an unknown runtime: any may know it */
	bool probe;        /* perhaps a container: only if there is a state file */
	bool named;        /* named by a state file or a log's file name */
	bool path_names;   /* the path holds the name; there is no state file */
	char name[256];
	char container_id[OPEN_ID];
	char image[256];
	char pod[256];
	char namespace[128];
	char pod_uid[72];
	char container[256];
	char unit[256];
	char labels[512];           /* labels.h: the keys that policies use */
	char engine_namespace[128]; /* containerd's, where a probe needs it */
	int owner;                  /* the part of the path that it was recognised by */
	const char *below;          /* the path below the owner's own cgroup; or "" */
	uint16_t root_path, chosen; /* as in struct hr_identity */
};

/* The kind of the cgroup itself: below an owner a plain group, with the owner's names for listings.
 * */
static inline enum hr_kind identity_kind(const struct identity *identity)
{
	return identity->below[0] ? HR_KIND_GROUP : identity->kind;
}

/* A parsed cgroup path. */
struct path {
	char text[RECORD_PATH];
	char whole[RECORD_PATH];     /* unchanged */
	char *part[RECORD_PATH / 2]; /* into text */
	int parts;
};

void path_split(const char *text, struct path *ret_path);
/* Where part i ends in path->whole: the rest, beginning with '/' or empty. */
const char *path_below(const struct path *path, int i);

/* Which names of a path root chose: those of the first so many parts (cgroup/root_names.h). */
struct path_trust {
	int owned;  /* in directories of root alone: the containers of root's engines */
	int chosen; /* and in none that was delegated: units, and names of cgroups */
	int above;  /* parts above what the daemon can see */
	bool wish;  /* user.headroom=protect is set on the cgroup */
};

/* Whether only slices are above part i, none of a user: root alone chose these names. */
bool path_of_host(const struct path *path, int i);

bool part_is_id(const char *part); /* exactly 64 hex digits */
/* Contains `tag`, directly followed by an id that ends the part or precedes ".scope". ret_id:
 * OPEN_ID bytes. */
bool part_tagged(const char *part, const char *tag, char *ret_id);
/* A pod's uid ("-" or "_" between its groups, or 32 digits without) at the beginning of text.
 * Dashes in ret_uid. Its length, or 0. */
size_t pod_uid_at(const char *text, char ret_uid[37]);
/* The pod that has this part as its cgroup, in either Kubernetes cgroup driver. `inside`: also where the
 * part continues. */
bool part_is_pod(const char *part, bool inside, char ret_uid[37]);
bool part_ends(const char *part, const char *suffix);
/* The byte that an escape \xNN at the beginning of n bytes stands for; 0: there is none, or it stands for NUL. */
#define ESCAPE_BYTES 4
char escaped_byte(const char *from, size_t n);
/* systemd's escapes: \xNN as the byte that it stands for (systemd.unit(5)). */
void part_unescape(const char *from, char *to, size_t to_bytes);
unsigned int part_uid(const char *part); /* user-U.slice, user@U.service; else 0 */

/* Bounded copy; what does not fit is cut. */
void identity_copy(char *to, size_t to_bytes, const char *from, size_t n);
#define identity_set(field, from) identity_copy((field), sizeof(field), (from), strlen(from))

struct runtime {
	enum hr_runtime runtime;
	const char *name;
	bool last; /* called only when no other runtime recognises a part of the path */
	/* Whether part i is a container, a pod's group, a supervisor or a unit of this runtime;
	 * then sets runtime, kind and ids. */
	bool (*match)(const struct path *path, int i, struct identity *identity);
	/* Reads its state file. 0: named. -ENOENT: no state file for this one. Any other error:
	 * unreadable. */
	int (*read)(struct opener *opener, struct identity *identity);
};

extern const struct runtime runtime_docker, runtime_containerd, runtime_crio, runtime_podman,
	runtime_nerdctl, runtime_lxc, runtime_nspawn, runtime_slurm, runtime_kubernetes,
	runtime_systemd;

/* From the path alone: all its directories count as root's. Sets every field but those that only state files hold. */
void identity_from_path(const struct path *path, struct identity *ret_identity);
/* The path, then the state files. */
void identity_resolve(struct opener *opener, const struct path *path,
		      struct identity *ret_identity);
/* A hash of the owner: the question is answered in its share (fair_queue.h). ret_uid: the user's; 0: the system's. The outermost user,
 * container or unit counts: what is further down was named by that one. */
uint64_t identity_owner(const struct path *path, unsigned int *ret_uid);
/* A hash of what survives a restart; never 0. */
uint64_t identity_workload(const struct identity *identity, const char *path);

/* /var/log/containers and /var/log/pods: names from file names alone (kubelet_logs.c). */
int log_container(struct opener *opener, struct identity *identity);
int log_pod(struct opener *opener, struct identity *identity);
/* "<pod>_<namespace>_<container>-ID.log" */
int log_parse_container(const char *name, struct identity *identity);
/* "<namespace>_<pod>_<uid>" */
int log_parse_pod(const char *name, size_t n, struct identity *identity);

#endif
