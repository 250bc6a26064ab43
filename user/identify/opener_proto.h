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

#define OPEN_ID   132 /* longest id and its NUL */
#define OPEN_NAME 512

enum open_what {
	OPEN_DOCKER,        /* config.v2.json of id */
	OPEN_CONTAINERD,    /* config.json of id; name is "<namespace>/<id>/config.json" */
	OPEN_CRIO,          /* userdata/config.json of id */
	OPEN_PODMAN,        /* nth (volatile-)containers.json; id is not used */
	OPEN_LOG_CONTAINER, /* no descriptor: name "<pod>_<ns>_<container>-<id>.log" */
	OPEN_LOG_POD,       /* no descriptor: name "<ns>_<pod>_<uid>" for the pod uid in id */
	OPEN_PROC_CMDLINE,  /* of pid */
	OPEN_PROC_STAT,     /* of pid */
	OPEN_CGROUP,        /* no descriptor: name is the path of cgroup_id */
	OPEN_WHATS
};

struct open_request {
	uint32_t what;
	uint32_t nth; /* which of several matches, from 0 */
	uint32_t uid; /* the user's; 0: the system's */
	uint32_t pid;
	uint64_t cgroup_id;
	char id[OPEN_ID];
};

struct open_answer {
	int32_t error; /* 0 or -errno */
	uint32_t reserved;
	char name[OPEN_NAME]; /* from the place's first wildcard to the file's own name */
	char link[OPEN_NAME]; /* OPEN_LOG_…: where it points */
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
};
/* 0 with the answer and, where there is one, a descriptor (else -1) that the caller closes; or
 * -errno. -EPIPE: the opener is gone. */
int opener_ask(struct opener *opener, const struct open_request *request,
	       struct open_answer *ret_answer, int *ret_fd);
/* Serves requests until the other side closes. 0 or -errno. */
int opener_run(int socket, struct state_dirs *dirs);

#endif
