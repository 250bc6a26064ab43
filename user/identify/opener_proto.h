/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the parser may request from the opener: a kind of file and an id, never a path. The opener
 * knows where such files are (state_dirs.c), opens one, and passes the descriptor. Ids are
 * [A-Za-z0-9_.-] and do not begin with a dot: so they are never ".." and contain no "/".
 */
#ifndef HEADROOM_IDENTIFY_OPENER_PROTO_H
#define HEADROOM_IDENTIFY_OPENER_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPEN_ID           132 /* longest id and its NUL */
#define OPEN_NAME         512
#define OPEN_CHANGED_MOST (OPEN_NAME / 8 - 1)

enum open_what {
	OPEN_DOCKER,        /* config.v2.json of id */
	OPEN_CONTAINERD,    /* config.json of id; name is "<namespace>/<id>/config.json" */
	OPEN_CRIO,          /* userdata/config.json of id */
	OPEN_NERDCTL,       /* meta.json of id: its name after a rename */
	OPEN_PODMAN,        /* nth (volatile-)containers.json; id is not used */
	OPEN_LOG_CONTAINER, /* no descriptor: name "<pod>_<ns>_<container>-<id>.log" */
	OPEN_LOG_POD,       /* no descriptor: name "<ns>_<pod>_<uid>" for the pod uid in id */
	OPEN_PROC_CMDLINE,  /* of pid */
	OPEN_PROC_STAT,     /* of pid */
	OPEN_CGROUP,        /* no descriptor: name is the path of cgroup_id */
	OPEN_OWNER,         /* no descriptor: which names of cgroup_id's path root chose */
	OPEN_CHANGED, /* no descriptor: cgroups with a state file that changed; nth 1: the rest of the last answer */
	OPEN_WHATS
};

struct open_request {
	uint32_t what;
	uint32_t nth; /* which of several matches, from 0 */
	uint32_t uid; /* the user's; 0: the system's */
	uint32_t
		user_only; /* 1: never a file of the system's: the id is one that a user or a container chose */
	uint32_t pid;
	uint64_t
		cgroup_id; /* of a state file: the cgroup for which it is watched from now on; 0: not watched */
	char id[OPEN_ID];
};

struct open_answer {
	int32_t error; /* 0 or -errno */
	uint32_t n;    /* OPEN_CHANGED: how many; OPEN_CHANGED_MOST: ask for the rest */
	union {
		char name[OPEN_NAME]; /* from the place's first wildcard to the file's own name */
		uint64_t changed[OPEN_CHANGED_MOST];   /* OPEN_CHANGED: ids of cgroups */
		struct open_owner {                    /* OPEN_OWNER */
			uint32_t parts, owned, chosen; /* as struct root_names has them */
			uint32_t uid;                  /* counts as root: the daemon's */
			uint32_t wish;                 /* 1: user.headroom=protect is set on it */
		} owner;
	};
	char link[OPEN_NAME]; /* OPEN_LOG_…: where it points */
	uint64_t cpu_ns;      /* CPU time of the opener for this request */
};

bool open_id_valid(const char *id);

/* The opener's side: where things are below a root. */
struct state_dirs;
int state_dirs_open(const char *root, struct state_dirs **ret_dirs);
void state_dirs_close(struct state_dirs *dirs); /* takes NULL */
/* Fills the answer; the descriptor, or -1 if there is none (see error). */
int state_dirs_serve(struct state_dirs *dirs, const struct open_request *request,
		     struct open_answer *ret_answer);

/* The parser's side: over a socket, or straight (tests, where both are one process). */
struct opener {
	int socket;
	struct state_dirs *dirs; /* not NULL: straight */
	bool gone;               /* the other side is no more: what was learnt since is void */
	bool user_only;          /* of the requests for state files from now on */
	uint64_t
		watch_id; /* the cgroup in question: its state files are watched from now on; 0: none are */
	uint64_t until_ns; /* monotonic; no further state file after that; 0: no bound */
	uint64_t bytes;    /* of state files, read for this question */
	uint64_t cpu_ns;   /* of the other side; only rises */
};
/* 0 with the answer and, where there is one, a descriptor (else -1) that the caller closes; or
 * -errno. -EPIPE: the opener is gone. */
int opener_ask(struct opener *opener, const struct open_request *request,
	       struct open_answer *ret_answer, int *ret_fd);
/* Serves requests until the other side closes. 0 or -errno. */
int opener_run(int socket, struct state_dirs *dirs);

#endif
