// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The state directories that running engines are configured with. Only engines that run as root in
 * the outermost pid namespace count: a user that can start one of these could also write to the
 * well-known directories. The configuration read here is the administrator's, searched for one key;
 * the state files themselves are opened like any other.
 */
#include "engine_procs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/read_full.h"
#include "state_dirs.h"

/* An engine may have started just now: scan again soon, but spend at most a fiftieth of the time on
 * it. */
#define LOOK_LEAST_NS (NS_PER_SEC / 4)
#define LOOK_SHARE    50
#define PROCESSES_MAX 200000
#define TEXT_MAX      (64u << 10)

struct daemon_kind {
	enum open_what what;
	const char *comm;
	const char *option[3];     /* a directory */
	int up;                    /* levels to go up from it */
	const char *config_option; /* a configuration file, else … */
	const char *config;        /* … this one */
	const char *key;
	const char *file;
};

static const struct daemon_kind kinds[] = {
	{OPEN_DOCKER,
	 "dockerd",
	 {"--data-root", "--graph", "-g"},
	 0,
	 "--config-file",
	 "etc/docker/daemon.json",
	 "data-root",
	 DAEMON_DOCKER_FILE},
	{OPEN_CONTAINERD,
	 "containerd",
	 {"--state"},
	 0,
	 "--config",
	 "etc/containerd/config.toml",
	 "state",
	 DAEMON_CONTAINERD_FILE},
	{OPEN_CONTAINERD, "containerd", {NULL}, 0, "-c", NULL, "state", DAEMON_CONTAINERD_FILE},
	/* conmon --bundle <storage>/<driver>-containers/ID/userdata */
	{OPEN_PODMAN,
	 "conmon",
	 {"-b", "--bundle"},
	 3,
	 NULL,
	 "etc/containers/storage.conf",
	 "graphroot",
	 DAEMON_PODMAN_FILE},
	{OPEN_PODMAN,
	 "conmon",
	 {"-b", "--bundle"},
	 3,
	 NULL,
	 "etc/containers/storage.conf",
	 "graphroot",
	 DAEMON_PODMAN_VOLATILE},
	{OPEN_CRIO,
	 "conmon",
	 {"-b", "--bundle"},
	 3,
	 NULL,
	 "etc/containers/storage.conf",
	 "runroot",
	 DAEMON_CRIO_FILE},
};

int daemon_config_value(const char *text, const char *key, char *ret_value, size_t bytes)
{
	size_t n = strlen(key);

	for (const char *at = text; (at = strstr(at, key)); at++) {
		const char *line = at, *end = at + n;

		if (at > text && (isalnum((unsigned char)at[-1]) || strchr("_-.", at[-1])))
			continue;
		while (line > text && line[-1] != '\n')
			line--;
		if (memchr(line, '#', (size_t)(at - line)))
			continue;
		end += *end == '"';
		end += strspn(end, " \t\r\n");
		if (*end != ':' && *end != '=')
			continue;
		end++;
		end += strspn(end, " \t\r\n");
		if (*end != '"' && *end != '\'')
			continue;
		n = strcspn(end + 1, (char[]){*end, '\n', 0});
		if (end[1 + n] != *end || !n || n >= bytes)
			return -ENOENT;
		memcpy(ret_value, end + 1, n);
		ret_value[n] = 0;
		return 0;
	}
	return -ENOENT;
}

int daemon_option(const char *args, size_t n, const char *option, char *ret_value, size_t bytes)
{
	size_t length = strlen(option);

	for (const char *at = args; at < args + n;) {
		size_t m = strnlen(at, (size_t)(args + n - at));
		const char *value = NULL;

		if (m == length && !memcmp(at, option, length))
			value = at + m + 1;
		else if (m > length && at[length] == '=' && !memcmp(at, option, length))
			value = at + length + 1;
		if (value && value < args + n) {
			m = strnlen(value, (size_t)(args + n - value));
			if (!m || m >= bytes)
				return -ENOENT;
			memcpy(ret_value, value, m);
			ret_value[m] = 0;
			return 0;
		}
		at += m + 1;
	}
	return -ENOENT;
}

/* The whole file, NUL-terminated, or -errno. Its length. */
static ssize_t read_text(int dir_fd, const char *path, bool below, char *text, size_t bytes)
{
	_cleanup_close_ int fd = -1;
	ssize_t n;

	if (below) {
		fd = state_dirs_open_below(dir_fd, path, O_RDONLY);
	} else { /* an administrator's file: links on the way to it are followed */
		char dir[256];
		const char *name = strrchr(path, '/');
		_cleanup_close_ int parent = -1;

		if (!name || (size_t)(name - path) >= sizeof(dir))
			return -ENOENT;
		memcpy(dir, path, (size_t)(name - path));
		dir[name - path] = 0;
		parent = state_dirs_open_dir(dir_fd, dir);
		fd = parent < 0 ? parent : state_dirs_open_below(parent, name + 1, O_RDONLY);
	}
	if (fd < 0)
		return fd;
	n = whole_read(fd, text, bytes - 1);
	if (n < 0)
		return n;
	text[n] = 0;
	return n;
}

static void add_dir(struct daemons *daemons, const struct daemon_kind *kind, char *dir)
{
	struct daemon_dir *to = &daemons->dir[daemons->n];

	for (int i = 0; i < kind->up; i++) {
		char *slash = strrchr(dir, '/');

		if (!slash || slash == dir)
			return;
		*slash = 0;
	}
	if (dir[0] != '/' || strlen(dir) >= sizeof(to->dir) || daemons->n == DAEMON_DIRS)
		return;
	for (size_t i = 0; i < daemons->n; i++)
		if (daemons->dir[i].file == kind->file && !strcmp(daemons->dir[i].dir, dir))
			return;
	to->what = kind->what;
	to->file = kind->file;
	strcpy(to->dir, dir);
	daemons->n++;
}

static void add_configured(struct daemons *daemons, const struct daemon_kind *kind, int root_fd,
			   const char *config)
{
	_cleanup_free_ char *text = malloc(TEXT_MAX);
	char dir[256];

	if (!text || !config || read_text(root_fd, config, false, text, TEXT_MAX) < 0)
		return;
	if (!daemon_config_value(text, kind->key, dir, sizeof(dir)))
		add_dir(daemons, &(struct daemon_kind){.what = kind->what, .file = kind->file},
			dir);
}

/* /proc/PID/status: owned by root, and in one pid namespace only (as seen from this /proc). */
static bool trusted(int proc_fd, const char *pid)
{
	char path[64], text[4096];
	const char *uid, *ns;

	snprintf(path, sizeof(path), "%.20s/status", pid);
	if (read_text(proc_fd, path, true, text, sizeof(text)) < 0)
		return false;
	uid = strstr(text, "\nUid:\t");
	ns = strstr(text, "\nNSpid:\t");
	if (!uid || !ns || strncmp(uid, "\nUid:\t0\t0\t0\t0\n", 14))
		return false;
	ns += strlen("\nNSpid:\t");
	return ns[strspn(ns, "0123456789")] == '\n';
}

static void look_at(struct daemons *daemons, const char *pid, int root_fd, int proc_fd)
{
	_cleanup_free_ char *args = NULL;
	char path[64], comm[32], dir[256];
	ssize_t n;
	bool ours = false;

	snprintf(path, sizeof(path), "%.20s/comm", pid);
	n = read_text(proc_fd, path, true, comm, sizeof(comm));
	if (n <= 0)
		return;
	comm[strcspn(comm, "\n")] = 0;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		ours |= !strcmp(comm, kinds[i].comm);
	if (!ours || !trusted(proc_fd, pid))
		return;
	args = malloc(TEXT_MAX);
	snprintf(path, sizeof(path), "%.20s/cmdline", pid);
	n = args ? read_text(proc_fd, path, true, args, TEXT_MAX) : -ENOMEM;
	if (n <= 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct daemon_kind *kind = &kinds[i];

		if (strcmp(comm, kind->comm))
			continue;
		for (size_t o = 0; o < ARRAY_SIZE(kind->option) && kind->option[o]; o++)
			if (!daemon_option(args, (size_t)n, kind->option[o], dir, sizeof(dir)))
				add_dir(daemons, kind, dir);
		if (kind->config_option &&
		    !daemon_option(args, (size_t)n, kind->config_option, dir, sizeof(dir)))
			add_configured(daemons, kind, root_fd, dir);
	}
}

size_t daemons_look(struct daemons *daemons, enum open_what what, int root_fd, int proc_fd)
{
	uint64_t now = clock_mono_ns();
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *entry;
	int fd;

	if (what == OPEN_LOG_CONTAINER || what == OPEN_LOG_POD)
		return 0;
	if (daemons->looked_ns &&
	    now - daemons->looked_ns < LOOK_LEAST_NS + LOOK_SHARE * daemons->cost_ns)
		return daemons->n;
	daemons->looked_ns = now;
	daemons->n = 0;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		add_configured(daemons, &kinds[i], root_fd, kinds[i].config);
	fd = proc_fd < 0 ? -1 : state_dirs_open_below(proc_fd, ".", O_RDONLY | O_DIRECTORY);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return daemons->n;
	}
	for (int i = 0; i < PROCESSES_MAX && (entry = readdir(dir)); i++)
		if (isdigit((unsigned char)entry->d_name[0]))
			look_at(daemons, entry->d_name, root_fd, proc_fd);
	daemons->cost_ns = clock_mono_ns() - now;
	return daemons->n;
}
