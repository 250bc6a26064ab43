// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A daemon for this command only. Starts one process and ends only that one. */
#include "private_daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "base/find_program.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf8_clean.h"
#include "command/signals.h"

#define START_NS   (15 * NS_PER_SEC) /* loading BPF takes seconds on a busy or emulated host */
#define END_NS     (5 * NS_PER_SEC)
#define PARENT     "/run/headroom"
#define DIR_PREFIX "headroom-top-"
#define LOOK_NS    (20 * NS_PER_MS)

struct private_daemon {
	pid_t pid;        /* 0: ended and reaped */
	int words_fd;     /* its stderr */
	bool made_parent; /* PARENT was not there */
	char dir[64];
	char board[96];
};

const char *private_daemon_board(const struct private_daemon *daemon) { return daemon->board; }

static bool is_tmpfs(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && fs.f_type == TMPFS_MAGIC;
}

static void remove_dir(const char *path)
{
	_cleanup_closedir_ DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			unlinkat(dirfd(dir), entry->d_name, 0);
	rmdir(path);
}

/* Removes directories of killed commands: their daemon's lock is free. */
static void remove_stale(const char *parent, const char *prefix)
{
	_cleanup_closedir_ DIR *dir = opendir(parent);
	struct dirent *entry;
	char path[PATH_MAX];
	struct stat st;

	while (dir && (entry = readdir(dir))) {
		_cleanup_close_ int lock = -1;

		if (strncmp(entry->d_name, prefix, strlen(prefix)))
			continue;
		snprintf(path, sizeof(path), "%s/%s/board.lock", parent, entry->d_name);
		lock = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		*strrchr(path, '/') = 0;
		if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) || lstat(path, &st) ||
		    !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
			continue;
		remove_dir(path);
	}
}

/* mkdtemp makes it 0700. The directory above belongs to root or is sticky. */
static int make_dir(struct private_daemon *daemon)
{
	const char *parent = "/dev/shm";

	/* PARENT is writable for root only; a fleet board needs no root. */
	daemon->made_parent = is_tmpfs("/run") && !mkdir(PARENT, 0750);
	if (daemon->made_parent || (is_tmpfs(PARENT) && !access(PARENT, W_OK)))
		parent = PARENT;
	remove_stale(parent, DIR_PREFIX);
	snprintf(daemon->dir, sizeof(daemon->dir), "%s/" DIR_PREFIX "XXXXXX", parent);
	if (!mkdtemp(daemon->dir)) {
		daemon->dir[0] = 0;
		return -errno;
	}
	snprintf(daemon->board, sizeof(daemon->board), "%s/board", daemon->dir);
	return 0;
}

#define ARGUMENTS 12

static void exec_program(const struct own_program *program, const char *board)
{
	const char *argv[ARGUMENTS + 3] = {NULL};
	char path[PATH_MAX];
	size_t n = 0;

	for (; n < ARGUMENTS && program->argv[n]; n++)
		argv[n] = program->argv[n];
	argv[n++] = "--board";
	argv[n] = board;
	if (!beside_find(program->name, path))
		execv(path, (char *const *)argv);
	execvp(program->name, (char *const *)argv);
}

/* In the child. Its own process group: signals of the terminal do not reach it, this process ends it. */
static void become_daemon(const struct private_daemon *daemon, const struct own_program *program,
			  pid_t parent, int status_fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), error;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	signals_release();
	dup2(null, STDIN_FILENO);
	dup2(daemon->words_fd, STDOUT_FILENO);
	dup2(daemon->words_fd, STDERR_FILENO);
	exec_program(program, daemon->board);
	error = errno;
	if (write(status_fd, &error, sizeof(error)) != sizeof(error))
		_exit(126);
	_exit(127);
}

static int spawn(struct private_daemon *daemon, const struct own_program *program)
{
	_cleanup_close_ int read_fd = -1, write_fd = -1;
	pid_t parent = getpid();
	int status[2], error = 0;

	if (pipe2(status, O_CLOEXEC))
		return -errno;
	read_fd = status[0];
	write_fd = status[1];
	daemon->pid = fork();
	if (daemon->pid < 0) {
		daemon->pid = 0;
		return -errno;
	}
	if (!daemon->pid)
		become_daemon(daemon, program, parent, write_fd);
	close(take_fd(write_fd));
	if (read(read_fd, &error, sizeof(error)) != sizeof(error))
		return 0; /* closed by exec */
	waitpid(daemon->pid, NULL, 0);
	daemon->pid = 0;
	return -error;
}

void private_daemon_errors(const struct private_daemon *daemon, char words[256])
{
	char text[2048], *line, *end;
	off_t size = lseek(daemon->words_fd, 0, SEEK_END);
	ssize_t n = pread(daemon->words_fd, text, sizeof(text) - 1,
			  size > (off_t)sizeof(text) - 1 ? size - (off_t)sizeof(text) + 1 : 0);

	text[n > 0 ? n : 0] = 0;
	for (end = text + strlen(text); end > text && end[-1] == '\n';)
		*--end = 0;
	line = strrchr(text, '\n');
	text_clean(line ? line + 1 : text, SIZE_MAX, words, 256);
}

bool private_daemon_alive(struct private_daemon *daemon, char error[256])
{
	if (daemon->pid && waitpid(daemon->pid, NULL, WNOHANG) == daemon->pid)
		daemon->pid = 0;
	if (!daemon->pid)
		private_daemon_errors(daemon, error);
	if (!daemon->pid && !*error)
		strcpy(error, "headroomd exited without a message");
	return daemon->pid;
}

static bool is_ready(const struct private_daemon *daemon, uint64_t sweeps)
{
	struct hr_reader *reader;
	struct hr_host host;
	bool ready;

	if (hr_reader_open(daemon->board, &reader))
		return false;
	ready = !hr_reader_health(reader, NULL) && !hr_reader_host(reader, &host) &&
		host.sweeps >= sweeps;
	hr_reader_close(reader);
	return ready;
}

static int wait_ready(struct private_daemon *daemon, uint64_t sweeps, char error[256])
{
	uint64_t until = clock_mono_ns() + START_NS;

	while (!is_ready(daemon, sweeps)) {
		if (!private_daemon_alive(daemon, error))
			return -ECHILD;
		if (clock_mono_ns() > until)
			return -ETIMEDOUT;
		signals_wait(NULL, 0, LOOK_NS);
		if (signals_caught())
			return -EINTR;
	}
	return 0;
}

static const char *const observe[] = {"headroomd", "--mode", "observe", NULL};
static const struct own_program headroomd = {"headroomd", observe, 1};

int private_daemon_start(const struct own_program *program, struct private_daemon **ret_daemon,
			 char error[256])
{
	struct private_daemon *daemon = calloc(1, sizeof(*daemon));
	int r;

	if (!daemon)
		return -ENOMEM;
	program = program ?: &headroomd;
	daemon->words_fd = memfd_create("headroomd", MFD_CLOEXEC);
	r = daemon->words_fd < 0 ? -errno : make_dir(daemon);
	if (!r)
		r = spawn(daemon, program);
	if (!r)
		r = wait_ready(daemon, program->sweeps, error);
	if (r) {
		private_daemon_end(daemon);
		return r;
	}
	*ret_daemon = daemon;
	return 0;
}

static void wait_end(struct private_daemon *daemon)
{
	uint64_t until = clock_mono_ns() + END_NS;
	struct timespec pause = {.tv_nsec = (long)LOOK_NS};

	while (clock_mono_ns() < until) {
		if (waitpid(daemon->pid, NULL, WNOHANG) == daemon->pid) {
			daemon->pid = 0;
			return;
		}
		nanosleep(&pause, NULL);
	}
}

void private_daemon_end(struct private_daemon *daemon)
{
	if (!daemon)
		return;
	if (daemon->pid) {
		kill(daemon->pid, SIGTERM);
		wait_end(daemon);
	}
	if (daemon->pid) { /* it does not end: its children exit when its pipe closes */
		kill(daemon->pid, SIGKILL);
		waitpid(daemon->pid, NULL, 0);
	}
	if (daemon->dir[0])
		remove_dir(daemon->dir);
	if (daemon->made_parent)
		rmdir(PARENT); /* fails if it is in use */
	if (daemon->words_fd >= 0)
		close(daemon->words_fd);
	free(daemon);
}
