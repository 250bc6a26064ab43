/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Engines with state directories of their own: their options and configuration files name them.
 * Searched only when the well-known directories do not hold an id, and at most once in ten seconds.
 */
#ifndef HEADROOM_IDENTIFY_ENGINE_PROCS_H
#define HEADROOM_IDENTIFY_ENGINE_PROCS_H

#include "opener_proto.h"

#define DAEMON_DOCKER_FILE     "containers/@/config.v2.json"
#define DAEMON_CONTAINERD_FILE "io.containerd.runtime.v2.task/*/@/config.json"
#define DAEMON_CRIO_FILE       "*-containers/@/userdata/config.json"
#define DAEMON_PODMAN_FILE     "*-containers/containers.json"
#define DAEMON_PODMAN_VOLATILE "*-containers/volatile-containers.json"

#define DAEMON_DIRS 16

struct daemon_dir {
	enum open_what what;
	const char *file; /* pattern below dir */
	char dir[256];
};

struct daemons {
	uint64_t looked_ns; /* CLOCK_MONOTONIC; 0: never */
	uint64_t cost_ns;   /* of the last scan */
	size_t n;
	struct daemon_dir dir[DAEMON_DIRS];
};

/* Scans if a scan is due. Returns the number of directories known. */
size_t daemons_look(struct daemons *daemons, enum open_what what, int root_fd, int proc_fd);

/* The value of `key` in JSON or TOML: the first quoted string after KEY and ":" or "=", outside of
 * # comments. -ENOENT. A search for one key in an administrator's file, no parser. */
int daemon_config_value(const char *text, const char *key, char *ret_value, size_t bytes);
/* The value of an option in NUL-separated arguments: "--option=V" or "--option" "V". -ENOENT. */
int daemon_option(const char *args, size_t n, const char *option, char *ret_value, size_t bytes);

#endif
