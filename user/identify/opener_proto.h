/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the parser may ask the opener for: a kind of file and an id, never a path. The opener knows
 * where such files stand (places.c), opens one, and hands over the descriptor. Ids are
 * [A-Za-z0-9_.-], begin with no dot, and so are never "..", and hold no "/".
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
	uint32_t nth; /* which of several that fit, from 0 */
	uint32_t uid; /* whose; 0: the system's */
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
struct places;
int places_open(const char *root, struct places **ret_places);
void places_close(struct places *places); /* takes NULL */
/* Fills the answer; the descriptor, or -1 where there is none (error tells). */
int places_serve(struct places *places, const struct open_request *request,
		 struct open_answer *ret_answer);

/* The parser's side: over a socket, or straight (tests, where both are one process). */
struct opener {
	int socket;
	struct places *places; /* not NULL: straight */
	bool gone;             /* the other side is no more: what was learnt since is void */
};
/* 0 with the answer and, where there is one, a descriptor (else -1) that the caller closes; or
 * -errno. -EPIPE: the opener is gone. */
int opener_ask(struct opener *opener, const struct open_request *request,
	       struct open_answer *ret_answer, int *ret_fd);
/* Serves requests until the other side closes. 0 or -errno. */
int opener_run(int socket, struct places *places);

#endif
