// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A hog outside containers that hides: KIND MIB [N], as the user HOG_UID (default: as it was started). What it does is beside each kind in the table at the end.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char **arguments;
static size_t mib;
static int n;

static void take(size_t most)
{
	for (size_t i = 0; i < most; i++) {
		char *p = malloc(1 << 20);

		if (p)
			memset(p, 1, 1 << 20);
	}
}

static void rest(void)
{
	for (;;)
		pause();
}

static void hold(void)
{
	take(mib);
	rest();
}

static void *take_thread(void *arg)
{
	usleep(100000);
	hold();
	return arg;
}

static void ended_main_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, take_thread, NULL);
	syscall(SYS_exit, 0); /* pthread_exit() loads a library that a guest has not */
}

/* n children, each with its part, in a process group or a session of its own. */
static void parts(int session)
{
	for (int i = 0; i < n; i++)
		if (!fork()) {
			if (session)
				setsid();
			else
				setpgid(0, 0);
			take(mib / (size_t)n);
			rest();
		}
	rest();
}

static void groups(void) { parts(0); }
static void sessions(void) { parts(1); }

/* As sessions, by parents that are gone. */
static void orphans(void)
{
	for (int i = 0; i < n; i++) {
		if (!fork()) {
			setsid();
			if (!fork()) {
				setsid();
				take(mib / (size_t)n);
				rest();
			}
			_exit(0);
		}
		wait(NULL);
	}
	rest();
}

static pid_t group[64];

static void *hop(void *arg)
{
	for (unsigned int i = 0;; i++)
		setpgid(getpid(), group[i % 20]);
	return arg;
}

static void hopping(void)
{
	pthread_t thread;

	for (int i = 0; i < 20; i++) {
		group[i] = fork();
		if (!group[i]) {
			setpgid(0, 0);
			rest();
		}
		setpgid(group[i], group[i]);
	}
	if (fork())
		rest();
	pthread_create(&thread, NULL, hop, NULL);
	hold();
}

static void renamed(void)
{
	prctl(PR_SET_NAME, "conmon");
	/* the policy means the first name: the thread with the memory has that of a runtime */
	hold();
}

static void deleted(void)
{
	char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (length > 0) {
		path[length] = 0;
		unlink(path);
	}
	hold();
}

static void shared(void)
{
	char *p = mmap(NULL, mib << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	memset(p, 1, mib << 20);
	rest();
}

static void memfd(void)
{
	int fd = memfd_create("hog", 0);
	char *p;

	if (ftruncate(fd, (off_t)(mib << 20)))
		return;
	p = mmap(NULL, mib << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	memset(p, 1, mib << 20);
	rest();
}

/* The child runs in the parent's memory, the parent waits in the kernel. */
static void vforked(void)
{
	take(mib);
	if (!vfork())
		rest();
}

/* Another program every 100 ms, with the same pid. */
static void again(void)
{
	char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	take(mib);
	usleep(100000);
	path[length > 0 ? length : 0] = 0;
	execv(path, arguments);
}

/* As hold(), by a program of another user's with the set-user-ID bit, argv[3]. */
static void helper(void)
{
	char *held[] = {arguments[3], "hold", arguments[2], NULL};

	unsetenv("HOG_UID");
	execv(arguments[3], held);
}

/* Another name every moment: a kernel thread's, a runtime's, its own. */
static void names(void)
{
	char own[16];

	prctl(PR_GET_NAME, own);
	take(mib);
	for (unsigned int i = 0;; i++) {
		prctl(PR_SET_NAME, i % 3 == 0 ? own : i % 3 == 1 ? "conmon" : "kworker/0:1");
		usleep(1000);
	}
}

/* Its memory goes to a child in a session of its own, and it ends, every 100 ms: no pid lasts. */
static void relay(void)
{
	take(mib);
	for (;;) {
		usleep(100000);
		if (fork())
			_exit(0);
		setsid();
	}
}

/* As relay(), but the child drops the memory and takes it again. */
static void regrow(void)
{
	for (;;) {
		char *p = mmap(NULL, mib << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0);

		memset(p, 1, mib << 20);
		usleep(100000);
		if (fork())
			_exit(0);
		setsid();
		munmap(p, mib << 20);
	}
}

/* As regrow(), by shared memory that each process maps anew: pages that no process maps are in no resident set. */
static void handed(void)
{
	int fd = memfd_create("hog", 0);

	if (ftruncate(fd, (off_t)(mib << 20)))
		return;
	for (;;) {
		char *p = mmap(NULL, mib << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		memset(p, 1, mib << 20);
		usleep(100000);
		munmap(p, mib << 20);
		if (fork())
			_exit(0);
		setsid();
	}
}

/* What the child read from a pipe is what its parent had. */
static void piped(void)
{
	size_t size = mib << 20;
	char *from = malloc(size);

	memset(from, 1, size);
	for (;;) {
		int fd[2];
		char *to;

		usleep(100000);
		if (pipe(fd))
			return;
		if (fork()) { /* the child is the reader, and lives */
			for (size_t at = 0; at < size;) {
				ssize_t done = write(fd[1], from + at, size - at);

				at += done > 0 ? (size_t)done : 0;
				if (done <= 0)
					break;
			}
			_exit(0);
		}
		setsid();
		close(fd[1]);
		free(from); /* the parent's copy stays the parent's */
		to = malloc(size);
		for (size_t at = 0; at < size;) {
			ssize_t done = read(fd[0], to + at, size - at);

			if (done <= 0)
				break;
			at += (size_t)done;
		}
		close(fd[0]);
		from = to;
	}
}

static void init_of_namespace(void)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWPID))
		_exit(1);
	if (fork())
		rest();
	setsid();
	hold();
}

/* n small processes, each in a session of its own, all started before the hog. */
static void crowd(void)
{
	for (int i = 0; i < n; i++)
		if (!fork()) {
			setsid();
			rest();
		}
	if (!fork()) {
		setsid();
		hold();
	}
	rest();
}

static const struct {
	const char *name;
	void (*run)(void);
} kinds[] = {
	{"hold", hold},       {"thread", ended_main_thread},
	{"groups", groups},   {"sessions", sessions},
	{"orphans", orphans}, {"hop", hopping},
	{"runtime", renamed}, {"deleted", deleted},
	{"shmem", shared},    {"memfd", memfd},
	{"vfork", vforked},   {"exec", again},
	{"helper", helper},   {"names", names},
	{"relay", relay},     {"init", init_of_namespace},
	{"crowd", crowd},     {"regrow", regrow},
	{"handed", handed},   {"piped", piped},
};

int main(int argc, char **argv)
{
	const char *uid = getenv("HOG_UID");

	arguments = argv;
	if (uid && setuid((uid_t)atoi(uid))) /* a guest's setpriv has no such option */
		return 1;
	if (argc < 3)
		return 2;
	mib = (size_t)atol(argv[2]);
	n = argc > 3 ? atoi(argv[3]) : 1;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(argv[1], kinds[i].name))
			kinds[i].run();
	return 2;
}
