// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Workloads in which the task that charges is not the owner of the memory or not in the charged group, or in which the first
 * thread of the process has ended. They test which process the reflex kills.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "workload.h"

static void join(const char *dir)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		die(path);
	close(fd);
}

/* Faults pages of another process in our context: the kernel charges them to that process. */
void do_poke(char **arg)
{
	size_t bytes = bytes_of(arg[1]);
	char *there = map(bytes), *piece = map(PIECE);
	int joined[2];
	char c;
	pid_t child;

	touch(piece, PIECE);
	if (pipe(joined))
		die("pipe");
	child = fork();
	if (child < 0)
		die("fork");
	if (!child) {
		join(arg[0]);
		if (write(joined[1], "j", 1) != 1)
			die("pipe");
		stay();
	}
	if (read(joined[0], &c, 1) != 1)
		die("pipe");
	for (size_t at = 0; at < bytes; at += PIECE) {
		struct iovec from = {piece, PIECE}, to = {there + at, PIECE};

		/* a child that was killed meanwhile has no memory left to write to */
		if (process_vm_writev(child, &from, 1, &to, 1, 0) < 0 && errno != ESRCH &&
		    errno != EFAULT)
			die("process_vm_writev");
	}
	ready();
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	exit(0);
}

struct borrowed {
	const char *dir;
	char *at;
	size_t bytes;
};

/* Until it execs the child uses the memory of its parent, charged to the parent's group, in whatever group the child is. */
void do_vfork(char **arg)
{
	/* not on the stack, which both use */
	static struct borrowed b;
	pid_t child;
	int status = 0;

	b = (struct borrowed){arg[0], NULL, bytes_of(arg[1])};
	b.at = map(b.bytes);
	child = vfork();
	if (child < 0)
		die("vfork");
	if (!child) {
		join(b.dir);
		touch(b.at, b.bytes);
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "workload: vfork: the child was hit\n");
		_exit(1);
	}
	ready();
	exit(0);
}

static void *leak(void *arg)
{
	(void)arg;
	grow(map(NO_END), NO_END, 0);
	return NULL;
}

void do_leaderless(char **arg)
{
	pthread_t thread;

	(void)arg;
	ready();
	errno = pthread_create(&thread, NULL, leak, NULL);
	if (errno)
		die("thread");
	/* the thread alone: exit() would be the process */
	syscall(SYS_exit, 0);
}

/* Another process or thread that grows our memory. */
static char *sharer_at;
static size_t sharer_bytes;

static int sharer(void *arg)
{
	(void)arg;
	usleep(300000); /* longer than from vfork to exec */
	for (size_t at = 0; at < sharer_bytes; at += PIECE) {
		touch(sharer_at + at, PIECE);
		usleep(1000);
	}
	return 0;
}

static void sharer_map(char **arg)
{
	sharer_bytes = bytes_of(arg[0]);
	sharer_at = map(sharer_bytes);
	ready();
}

void do_sharer(char **arg)
{
	const size_t stack = 256 << 10;
	char *below = map(stack);
	pid_t child;

	sharer_map(arg);
	child = clone(sharer, below + stack, CLONE_VM | SIGCHLD, NULL);
	if (child < 0)
		die("clone");
	waitpid(child, NULL, 0);
	stay(); /* the memory is still ours */
}

void do_no_exec(char **arg)
{
	pid_t child;

	sharer_map(arg);
	child = vfork();
	if (child < 0)
		die("vfork");
	if (!child)
		_exit(sharer(NULL));
	waitpid(child, NULL, 0);
	stay();
}

static void *sharer_thread(void *arg)
{
	sharer(arg);
	stay();
}

void do_thread(char **arg)
{
	pthread_t thread;

	sharer_map(arg);
	errno = pthread_create(&thread, NULL, sharer_thread, NULL);
	if (errno)
		die("thread");
	stay();
}

/* Grows its child, which does nothing. */
void do_writer(char **arg)
{
	size_t bytes = bytes_of(arg[0]);
	char *there = map(bytes), *piece = map(PIECE);
	pid_t child = fork();

	if (child < 0)
		die("fork");
	if (!child)
		stay();
	touch(piece, PIECE);
	ready();
	usleep(300000);
	for (size_t at = 0; at < bytes; at += PIECE) {
		struct iovec from = {piece, PIECE}, to = {there + at, PIECE};

		if (process_vm_writev(child, &from, 1, &to, 1, 0) < 0)
			die("process_vm_writev");
		usleep(1000);
	}
	stay();
}
