// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Where container engines keep their state files, and how one is opened. Runs in the opener, which
 * may read every file and therefore parses none: it resolves the path, checks for a plain file, and
 * passes the descriptor.
 *
 * An entry is a directory of the administrator's, where symbolic links are followed
 * (/var/lib/docker is often one), but never out of the root; and a file below it, where no link is
 * followed and no component leads upwards: from there on containers may choose the names.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "cgroup/cgroup_dir.h"
#include "cgroup/root_names.h"
#include "engine_procs.h"
#include "cgroup_path_cache.h"
#include "state_dirs.h"
#include "state_watch.h"

#define NERDCTL_FILE "*/etchosts/*/@/meta.json"
#define LIST_MAX     65536 /* entries of one directory; a kubelet's host has a few thousand logs */
/* In a user's home, for one request: entries that are read, of which one that is entered counts so many times. Real ones: ten. */
#define USER_MAX     4096
#define USER_ENTERED 16

/* In `file`, @ is the id and * is any name; the entries for one `what` are tried in this order. */
struct state_dir {
	enum open_what what;
	bool user; /* dir is in the home of the request's uid, which must own the file */
	bool link; /* nothing is opened: the answer is the name and its link target */
	const char *dir;
	const char *file;
};

static const struct state_dir table[] = {
	{OPEN_DOCKER, false, false, "var/lib/docker", DAEMON_DOCKER_FILE},
	{OPEN_DOCKER, false, false, "var/snap/docker/common/var-lib-docker", DAEMON_DOCKER_FILE},
	{OPEN_DOCKER, false, false, "mnt/data/docker", DAEMON_DOCKER_FILE}, /* balenaOS */
	{OPEN_DOCKER, false, false, "var/lib/balena-engine", DAEMON_DOCKER_FILE},
	{OPEN_DOCKER, false, false, "var/lib/balena", DAEMON_DOCKER_FILE},
	{OPEN_DOCKER, true, false, ".local/share/docker", DAEMON_DOCKER_FILE},
	{OPEN_CONTAINERD, false, false, "run/containerd", DAEMON_CONTAINERD_FILE},
	{OPEN_CONTAINERD, false, false, "run/k3s/containerd", DAEMON_CONTAINERD_FILE},
	{OPEN_CONTAINERD, false, false, "run/k0s/containerd", DAEMON_CONTAINERD_FILE},
	{OPEN_CONTAINERD, false, false, "var/snap/microk8s/common/run/containerd",
	 DAEMON_CONTAINERD_FILE},
	{OPEN_CONTAINERD, false, false, "run/docker/containerd/daemon", DAEMON_CONTAINERD_FILE},
	{OPEN_CONTAINERD, false, false, "run/containerd",
	 "io.containerd.runtime.v1.linux/*/@/config.json"},
	{OPEN_CRIO, false, false, "run/containers/storage", DAEMON_CRIO_FILE},
	{OPEN_CRIO, false, false, "var/run/containers/storage", DAEMON_CRIO_FILE},
	{OPEN_CRIO, false, false, "var/lib/containers/storage", DAEMON_CRIO_FILE},
	{OPEN_PODMAN, false, false, "var/lib/containers/storage", DAEMON_PODMAN_FILE},
	{OPEN_PODMAN, false, false, "var/lib/containers/storage", DAEMON_PODMAN_VOLATILE},
	{OPEN_PODMAN, true, false, ".local/share/containers/storage", DAEMON_PODMAN_FILE},
	{OPEN_PODMAN, true, false, ".local/share/containers/storage", DAEMON_PODMAN_VOLATILE},
	{OPEN_NERDCTL, false, false, "var/lib/nerdctl", NERDCTL_FILE},
	{OPEN_NERDCTL, true, false, ".local/share/nerdctl", NERDCTL_FILE},
	{OPEN_LOG_CONTAINER, false, true, "var/log/containers", "*-@.log"},
	{OPEN_LOG_POD, false, true, "var/log/pods", "*_@"},
};

struct state_dirs {
	int root_fd, proc_fd, cgroup_fd;
	uid_t owner; /* the daemon's uid, which this process gives up */
	char cgroup_mount[OPEN_NAME];
	struct daemons daemons;
	struct path_cache cache;
	struct state_watch watch;
};

static int open_how(int dir_fd, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = {.flags = flags | O_CLOEXEC,
			       .resolve = resolve | RESOLVE_NO_MAGICLINKS};
	int fd = (int)syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

int state_dirs_open_dir(int root_fd, const char *dir)
{
	while (*dir == '/')
		dir++;
	return open_how(root_fd, *dir ? dir : ".", O_RDONLY | O_DIRECTORY, RESOLVE_IN_ROOT);
}

int state_dirs_open_below(int dir_fd, const char *path, uint64_t flags)
{
	return open_how(dir_fd, path, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
			RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

/* A plain file, or -errno: never a pipe that would hang the parser, or a device. */
static int open_plain(int dir_fd, const char *path)
{
	_cleanup_close_ int fd = state_dirs_open_below(dir_fd, path, O_RDONLY);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	return take_fd(fd);
}

bool open_id_valid(const char *id)
{
	size_t n = strnlen(id, OPEN_ID);

	return n && n < OPEN_ID && id[0] != '.' &&
	       strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") == n;
}

/* One search for a file: the request, how many matches are still to be skipped, the result. */
struct search {
	const struct open_request *request;
	const struct state_dir *at;
	uint32_t skip;
	int left; /* entries that may still be read */
	struct open_answer *answer;
};

/* The pattern's first component with the id in the place of @. */
static int fill_component(const char *pattern, size_t n, const char *id, char *to, size_t to_bytes)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		const char *from = pattern[i] == '@' ? id : pattern + i;
		size_t length = pattern[i] == '@' ? strlen(id) : 1;

		if (used + length >= to_bytes)
			return -ENAMETOOLONG;
		memcpy(to + used, from, length);
		used += length;
	}
	to[used] = 0;
	return 0;
}

static bool fits(const char *name, const char *pattern)
{
	const char *star = strchr(pattern, '*');
	size_t n = strlen(name), head = (size_t)(star - pattern), tail = strlen(star + 1);

	return name[0] != '.' && n > head + tail && !strncmp(name, pattern, head) &&
	       !strcmp(name + n - tail, star + 1);
}

static int add_name(struct open_answer *answer, size_t used, const char *name)
{
	size_t n = strlen(name);

	if (used + n + 2 > sizeof(answer->name))
		return -ENAMETOOLONG;
	if (used)
		answer->name[used++] = '/';
	memcpy(answer->name + used, name, n + 1);
	return 0;
}

static int search_below(struct search *search, int dir_fd, const char *pattern, bool named);

/* The last component, or one on the way: a file to open, a link to read, a directory to enter. */
static int search_entry(struct search *search, int dir_fd, const char *name, const char *rest,
			bool named)
{
	size_t used = strlen(search->answer->name);
	_cleanup_close_ int fd = -1;
	int r;

	if (named) {
		r = add_name(search->answer, used, name);
		if (r < 0)
			return r;
	}
	if (*rest) {
		search->left -= USER_ENTERED;
		fd = state_dirs_open_below(dir_fd, name, O_RDONLY | O_DIRECTORY);
		r = fd < 0 ? fd : search_below(search, fd, rest + 1, named);
	} else if (search->at->link) {
		ssize_t n = readlinkat(dir_fd, name, search->answer->link,
				       sizeof(search->answer->link) - 1);

		search->answer->link[n < 0 ? 0 : n] = 0;
		r = search->skip ? -ENOENT : 0;
		search->skip -= search->skip > 0;
	} else {
		r = open_plain(dir_fd, name);
		if (r >= 0 && search->skip) {
			close(r);
			search->skip--;
			r = -ENOENT;
		}
	}
	if (r < 0)
		search->answer->name[used] = 0;
	return r;
}

/* Depth: the number of components of a pattern in the tables, at most five. */
static int search_below(struct search *search, int dir_fd, const char *pattern, bool named)
{
	size_t n = strcspn(pattern, "/");
	char component[256];
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *entry;
	int fd, r, worst = -ENOENT;

	r = fill_component(pattern, n, search->request->id, component, sizeof(component));
	if (r < 0)
		return r;
	if (!strchr(component, '*'))
		return search_entry(search, dir_fd, component, pattern + n, named);
	fd = state_dirs_open_below(dir_fd, ".", O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	for (int i = 0; i < LIST_MAX && search->left-- > 0 && (entry = readdir(dir)); i++) {
		if (!fits(entry->d_name, component))
			continue;
		r = search_entry(search, dir_fd, entry->d_name, pattern + n, true);
		if (r >= 0)
			return r;
		if (r != -ENOENT && r != -ENOTDIR)
			worst = r;
	}
	return worst;
}

/* The home of a user, from the host's own /etc/passwd; not from NSS, which may use the network. */
static int home_of(struct state_dirs *dirs, uint32_t uid, char *ret_home, size_t bytes)
{
	int fd = open_how(dirs->root_fd, "etc/passwd", O_RDONLY, RESOLVE_IN_ROOT);
	_cleanup_fclose_ FILE *f = NULL;
	struct passwd *entry;

	if (fd < 0)
		return fd;
	f = fdopen(fd, "re");
	if (!f) {
		close(fd);
		return -ENOMEM;
	}
	while ((entry = fgetpwent(f)))
		if (entry->pw_uid == uid && entry->pw_dir[0] == '/' &&
		    strlen(entry->pw_dir) < bytes) {
			strcpy(ret_home, entry->pw_dir);
			return 0;
		}
	return -ENOENT;
}

static int try_dir(struct state_dirs *dirs, struct search *search, const char *dir)
{
	_cleanup_close_ int dir_fd = -1, home_fd = -1;
	char home[OPEN_NAME];
	struct stat st;
	int r;

	search->answer->name[0] = 0;
	search->left = search->at->user ? USER_MAX : INT_MAX;
	if (!search->at->user) {
		dir_fd = state_dirs_open_dir(dirs->root_fd, dir);
	} else {
		r = home_of(dirs, search->request->uid, home, sizeof(home));
		if (r < 0)
			return r;
		home_fd = state_dirs_open_dir(dirs->root_fd, home);
		if (home_fd < 0)
			return home_fd;
		dir_fd = state_dirs_open_below(home_fd, dir, O_RDONLY | O_DIRECTORY);
	}
	if (dir_fd < 0)
		return dir_fd;
	r = search_below(search, dir_fd, search->at->file, false);
	if (r < 0 || search->at->link || !search->at->user)
		return r;
	if (fstat(r, &st) < 0 || st.st_uid != search->request->uid) {
		close(r);
		return -EACCES;
	}
	return r;
}

/* The well-known directories first; then those that running engines are configured with. -1 with
 * answer->error 0: no descriptor, but a name. */
static int serve_file(struct state_dirs *dirs, const struct open_request *request,
		      struct open_answer *answer)
{
	struct search search = {.request = request, .skip = request->nth, .answer = answer};
	int r, worst = -ENOENT;
	size_t n;

	if ((!open_id_valid(request->id) && request->what != OPEN_PODMAN) || request->user_only > 1)
		return -EINVAL;
	for (int user = 1; user >= (int)request->user_only; user--)
		for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
			if (table[i].what != request->what || table[i].user != user ||
			    (user && !request->uid))
				continue;
			search.at = &table[i];
			r = try_dir(dirs, &search, table[i].dir);
			if (r >= 0)
				return r;
			if (r != -ENOENT && r != -ENOTDIR)
				worst = r;
		}
	if (request->user_only)
		return worst;
	n = daemons_look(&dirs->daemons, request->what, dirs->root_fd, dirs->proc_fd);
	for (size_t i = 0; i < n; i++) {
		const struct daemon_dir *found = &dirs->daemons.dir[i];
		struct state_dir entry = {.what = found->what, .file = found->file};

		if (found->what != request->what)
			continue;
		search.at = &entry;
		r = try_dir(dirs, &search, found->dir);
		if (r >= 0)
			return r;
	}
	return worst;
}

static int serve_proc(struct state_dirs *dirs, const struct open_request *request, const char *file)
{
	char path[64];

	if (!request->pid || dirs->proc_fd < 0)
		return -ENOENT;
	snprintf(path, sizeof(path), "%u/%s", request->pid, file);
	return open_plain(dirs->proc_fd, path);
}

/* The id that BPF reports is the directory's file handle. */
static int serve_cgroup(struct state_dirs *dirs, const struct open_request *request,
			struct open_answer *answer)
{
	_cleanup_close_ int fd = -1;
	int r;

	if (dirs->cgroup_fd < 0)
		return -EOPNOTSUPP;
	fd = cgroup_open_id(dirs->cgroup_fd, request->cgroup_id, O_PATH);
	if (fd == -ENOENT)
		return fd;
	if (fd < 0) /* not permitted, or not with this file system */
		return path_cache_find(&dirs->cache, dirs->cgroup_fd, request->cgroup_id,
				       answer->name, sizeof(answer->name));
	r = cgroup_fd_path(fd, dirs->cgroup_mount, answer->name, sizeof(answer->name));
	if (!r && !answer->name[0])
		strcpy(answer->name, "/");
	return r;
}

static int serve_owner(struct state_dirs *dirs, const struct open_request *request,
		       struct open_answer *answer)
{
	struct root_names names;
	_cleanup_close_ int fd = -1;
	int r = serve_cgroup(dirs, request, answer);

	if (!r)
		r = root_names_read(dirs->cgroup_fd, answer->name, dirs->owner, &names);
	if (!r)
		fd = cgroup_open_any(dirs->cgroup_fd, answer->name); /* none of the root itself */
	memset(answer->name, 0, sizeof(answer->name));
	if (r)
		return r;
	answer->owner = (struct open_owner){
		.parts = names.parts,
		.owned = names.owned,
		.chosen = names.chosen,
		.uid = dirs->owner,
		.wish = fd >= 0 && protect_attribute_read(fd) == PROTECT_USER,
	};
	return 0;
}

/* Where handles can't be opened, all count as alive: the daemon knows better. */
static bool is_alive(uint64_t cgroup_id, void *arg)
{
	const struct state_dirs *dirs = arg;
	_cleanup_close_ int fd = cgroup_open_id(dirs->cgroup_fd, cgroup_id, O_PATH);

	return fd != -ENOENT;
}

int state_dirs_serve(struct state_dirs *dirs, const struct open_request *request,
		     struct open_answer *ret_answer)
{
	struct open_answer *answer = ret_answer;
	int r;

	memset(answer, 0, sizeof(*answer));
	switch (request->what) {
	case OPEN_CGROUP:
		answer->error = serve_cgroup(dirs, request, answer);
		return -1;
	case OPEN_OWNER:
		answer->error = serve_owner(dirs, request, answer);
		return -1;
	case OPEN_CHANGED:
		answer->n = (uint32_t)state_watch_changed(&dirs->watch, request->nth, is_alive,
							  dirs, answer->changed, OPEN_CHANGED_MOST);
		return -1;
	case OPEN_PROC_CMDLINE:
		r = serve_proc(dirs, request, "cmdline");
		break;
	case OPEN_PROC_STAT:
		r = serve_proc(dirs, request, "stat");
		break;
	case OPEN_LOG_CONTAINER:
	case OPEN_LOG_POD:
		r = serve_file(dirs, request, answer);
		answer->error = r < 0 ? r : 0;
		return -1;
	default:
		r = request->what < OPEN_WHATS ? serve_file(dirs, request, answer) : -EINVAL;
		if (r >= 0 && request->cgroup_id)
			state_watch_add(&dirs->watch, request->cgroup_id, r);
	}
	answer->error = r < 0 ? r : 0;
	return r < 0 ? -1 : r;
}

/* The memory hierarchy: v2, or v1's memory controller, or v2 beside it. */
static void find_cgroup(struct state_dirs *dirs)
{
	static const struct {
		const char *dir;
		long magic;
	} mounts[] = {
		{"sys/fs/cgroup", CGROUP2_SUPER_MAGIC},
		{"sys/fs/cgroup/memory", CGROUP_SUPER_MAGIC},
		{"sys/fs/cgroup/unified", CGROUP2_SUPER_MAGIC},
	};

	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		_cleanup_close_ int fd = state_dirs_open_dir(dirs->root_fd, mounts[i].dir);
		struct statfs fs;
		char link[64];
		ssize_t n;

		if (fd < 0 || fstatfs(fd, &fs) < 0 || fs.f_type != mounts[i].magic)
			continue;
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		n = readlink(link, dirs->cgroup_mount, sizeof(dirs->cgroup_mount) - 1);
		if (n <= 0)
			continue;
		dirs->cgroup_mount[n] = 0;
		dirs->cgroup_fd = take_fd(fd);
		return;
	}
}

int state_dirs_open(const char *root, struct state_dirs **ret_dirs)
{
	struct state_dirs *dirs = calloc(1, sizeof(*dirs));
	int r;

	if (!dirs)
		return -ENOMEM;
	dirs->proc_fd = dirs->cgroup_fd = -1;
	dirs->owner = geteuid();
	dirs->root_fd = open(root && root[0] ? root : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirs->root_fd < 0) {
		r = -errno;
		free(dirs);
		return r;
	}
	dirs->proc_fd = state_dirs_open_dir(dirs->root_fd, "proc");
	find_cgroup(dirs);
	*ret_dirs = dirs;
	return 0;
}

void state_dirs_close(struct state_dirs *dirs)
{
	if (!dirs)
		return;
	close(dirs->root_fd);
	if (dirs->proc_fd >= 0)
		close(dirs->proc_fd);
	if (dirs->cgroup_fd >= 0)
		close(dirs->cgroup_fd);
	path_cache_done(&dirs->cache);
	state_watch_done(&dirs->watch);
	free(dirs);
}
