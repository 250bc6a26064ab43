// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Workloads of many processes: a build, a fork bomb, CPU hogs; and one in uninterruptible sleep. All processes end with the first
 * one.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/userfaultfd.h>

#include "base/clock.h"
#include "workload.h"

#define MOST       100000
#define STAGGER_NS (50 * NS_PER_MS) /* between one job's start and the next */
#define JOB_MOST   (1ULL << 38)     /* address space of one job */

static pid_t child(const char *comm)
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, comm);
	if (getppid() != parent)
		_exit(1);
	return 0;
}

static _Noreturn void job(uint64_t size, uint64_t rate)
{
	char *p = map(JOB_MOST);

	touch(p, size);
	grow(p + size, JOB_MOST - size, rate);
	_exit(0);
}

/* Like make: runs N jobs; when one fails it starts no more, and it ends with the last of them. */
void do_build(char **arg)
{
	long jobs = count_of(arg[0], MOST);
	uint64_t size = bytes_of(arg[1]), rate = arg[2] ? bytes_of(arg[2]) : 0;
	uint64_t begin = clock_mono_ns();

	prctl(PR_SET_NAME, "make");
	ready();
	for (long i = 0; i < jobs && waitpid(-1, NULL, WNOHANG) <= 0; i++) {
		sleep_until(begin + (uint64_t)i * STAGGER_NS);
		if (!child("cc1"))
			job(size, rate ? rate : 1);
	}
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	exit(2);
}

/* Every process forks again and again and holds SIZE; a fork that fails is repeated. Only a pids limit stops it. */
void do_bomb(char **arg)
{
	uint64_t size = bytes_of(arg[0]);

	ready();
	for (;;) {
		pid_t pid = fork();

		if (pid < 0)
			sleep_until(clock_mono_ns() + NS_PER_MS);
		else if (!pid)
			touch(map(size), size);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

void do_spin(char **arg)
{
	long n = count_of(arg[0], MOST);

	for (long i = 1; i < n && child("spin"); i++)
		;
	ready();
	for (volatile uint64_t spins = 0;; spins++)
		;
}

/* Holds SIZE, then writes to FILE for ever: on a frozen file system that is an uninterruptible wait. */
void do_stuck(char **arg)
{
	uint64_t size = bytes_of(arg[0]);
	int fd = open(arg[1], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		die(arg[1]);
	touch(map(size), size);
	ready();
	for (;;) {
		if (pwrite(fd, "x", 1, 0) < 0)
			die(arg[1]);
		sleep_until(clock_mono_ns() + 10 * NS_PER_MS);
	}
}

static void *fault(void *arg)
{
	*(volatile char *)arg = 'x';
	return NULL;
}

/* Holds SIZE. At SIGUSR1, when FILE's file system is frozen, one thread faults on FILE for writing and waits there, its mmap lock
 * read-locked; the other closes a userfaultfd, which waits for that lock to write, and no signal ends that wait, unlike those of
 * mmap() and its kin. While a writer waits, no other task gets the lock. */
void do_locked(char **arg)
{
	uint64_t size = bytes_of(arg[0]);
	int fd = open(arg[1], O_RDWR | O_CREAT | O_CLOEXEC, 0600), sig;
	int faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_api api = {.api = UFFD_API};
	pthread_t thread;
	sigset_t usr1;
	char *page;

	if (fd < 0 || pwrite(fd, "x", 1, 0) < 0)
		die(arg[1]);
	if (faults < 0 || ioctl(faults, UFFDIO_API, &api) < 0)
		die("userfaultfd");
	page = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		die(arg[1]);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	touch(map(size), size);
	ready();
	sigwait(&usr1, &sig);
	if (pthread_create(&thread, NULL, fault, page))
		die("thread");
	sleep_until(clock_mono_ns() + 100 * NS_PER_MS);
	close(faults);
	for (;;)
		pause();
}

/* Memory of this kind, which the children inherit. The file loses its name at once. */
static char *shared_memory(const char *kind, uint64_t size)
{
	char file[] = "/var/tmp/workload-XXXXXX";
	char *p = MAP_FAILED;
	int fd = -1;

	if (!strcmp(kind, "cow"))
		return map(size);
	if (!strcmp(kind, "sysv")) {
		fd = shmget(IPC_PRIVATE, size, 0600);
		p = fd < 0 ? MAP_FAILED : shmat(fd, NULL, 0);
		if (fd >= 0)
			shmctl(fd, IPC_RMID, NULL);
		return p == MAP_FAILED ? NULL : p;
	}
	if (!strcmp(kind, "memfd") || !strcmp(kind, "hugetlb")) {
		fd = memfd_create("workload", MFD_CLOEXEC | (*kind == 'h' ? MFD_HUGETLB : 0));
	} else if (!strcmp(kind, "file")) {
		fd = mkstemp(file);
		unlink(file);
	} else if (strcmp(kind, "shared") != 0) {
		errno = EINVAL;
		return NULL;
	}
	if (fd >= 0 && ftruncate(fd, (off_t)size) < 0)
		return NULL;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0), fd,
		 0);
	return p == MAP_FAILED ? NULL : p;
}

/* A server that loads SIZE and then forks its workers, or shares buffers with them. */
void do_prefork(char **arg)
{
	long n = count_of(arg[0], 1000);
	uint64_t size = bytes_of(arg[1]);
	volatile char *p = shared_memory(arg[2], size);
	int pipe_fd[2];
	char done;

	if (!p || pipe(pipe_fd) < 0)
		die(arg[2]);
	touch((char *)p, size);
	for (long i = 0; i < n; i++) {
		if (!in_child())
			continue;
		for (uint64_t at = 0; at < size; at += 4096)
			(void)p[at];
		if (write(pipe_fd[1], "", 1) != 1)
			_exit(1);
		stay();
	}
	for (long i = 0; i < n; i++)
		if (read(pipe_fd[0], &done, 1) != 1)
			die("a child is gone");
	ready();
}
