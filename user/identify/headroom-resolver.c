// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * headroom-resolver: two processes that find the identity of a cgroup for the daemon. The opener
 * (the one that was started) may open any file and parses none of a container's; the parser, its
 * child, has no rights at all and reads what the opener passes to it. A second pair of the same, the
 * lane, gets from the first parser the questions that read what users own; the map reader, without
 * rights as well, those about memory maps, with the descriptor that the daemon opened. When one of the
 * five ends the others end too, and the supervisor starts new ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/rights.h"
#include "query_cli.h"
#include "sandbox.h"
#include "labels.h"
#include "map_reader.h"
#include "parser.h"

struct options {
	int fd;
	const char *root, *ask;
	unsigned long long find, start_ns;
	unsigned int pid, again;
	bool kmsg;
};

static int usage(int status)
{
	fputs("usage: headroom-resolver --fd N [--root DIR] [--kmsg] [--label KEY]...\n"
	      "       headroom-resolver --ask CGROUP [--pid N [--start NS]] [--again N] [--root "
	      "DIR]\n"
	      "       headroom-resolver --find CGROUP_ID [--root DIR]\n"
	      "       headroom-resolver --kmsg [--root DIR]\n"
	      "The first form serves the daemon. The others are for debugging: they print answers "
	      "as "
	      "JSON; --ask '' --pid N is\n"
	      "for a command line alone, --kmsg alone prints each new OOM kill in the "
	      "kernel log.\n",
	      status ? stderr : stdout);
	return status;
}

static int open_kmsg(const char *root)
{
	char path[4096];
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && root[0]) {
		snprintf(path, sizeof(path), "%s/dev/kmsg", root);
		fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	}
	if (fd < 0)
		return -errno;
	lseek(fd, 0, SEEK_END);
	return fd;
}

static _Noreturn void be_parser(int daemon, int link, int kmsg, const int others[2], pid_t parent)
{
	struct opener opener = {.socket = link};
	int keep[] = {daemon, link, kmsg, others[0], others[1]};
	int r;

	rights_keep_descriptors(keep, ARRAY_SIZE(keep));
	json_object_seed(
		0); /* from the kernel's random numbers, while the device can still be opened */
	r = confine_parser();
	if (r < 0) {
		log_error("cannot give up rights: %s; the parser does not start", strerror(-r));
		_exit(1);
	}
	if (getppid() != parent) /* it ended before the death signal was set */
		_exit(0);
	r = parser_run(daemon, &opener, kmsg, others[0], others[1]);
	if (r < 0 && r != -EPIPE)
		log_error("parser: %s", strerror(-r));
	_exit(r < 0);
}

/* The parser has closed its end: it is about to exit. */
static int parser_end(pid_t parser)
{
	int status;

	if (waitpid(parser, &status, 0) < 0)
		return -errno;
	if (WIFSIGNALED(status))
		log_error("the parser was ended by signal %d (%s)", WTERMSIG(status),
			  WTERMSIG(status) == SIGALRM ? "a question took too long" : "not its own");
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -ECHILD;
}

static int serve(const struct options *options, int daemon, bool with_lane);

/* A second pair behind `socket`, which ends when that closes; later than the first: the opener of the first is its parent. */
static int start_lane(const struct options *options, int socket)
{
	struct options without = *options;
	pid_t lane = fork();

	if (lane < 0)
		return -errno;
	if (lane == 0) {
		rights_keep_descriptors(&socket, 1);
		without.kmsg = false;
		_exit(serve(&without, socket, false) < 0);
	}
	close(socket);
	return 0;
}

static int start_map_reader(int socket)
{
	pid_t parent = getpid(), child = fork();
	int r;

	if (child < 0)
		return -errno;
	if (child > 0) {
		close(socket);
		return 0;
	}
	rights_keep_descriptors(&socket, 1);
	r = confine_map_reader();
	if (r < 0)
		log_error("cannot give up rights: %s; the map reader does not start", strerror(-r));
	_exit(r < 0 || (getppid() == parent && map_reader_run(socket) < 0));
}

/* Opener here, parser in a child. Returns when either side ends: 0 or -errno. */
static int serve(const struct options *options, int daemon, bool with_lane)
{
	int link[2], lane[2] = {-1, -1}, maps[2] = {-1, -1}, kmsg = -1, r;
	struct state_dirs *dirs;
	pid_t self = getpid(), parser;

	if (options->kmsg) {
		kmsg = open_kmsg(options->root);
		if (kmsg < 0)
			log_info("/dev/kmsg: %s; without BPF, victims of OOM kills have no name",
				 strerror(-kmsg));
	}
	r = state_dirs_open(options->root, &dirs);
	if (r < 0) {
		log_error("%s: %s", options->root[0] ? options->root : "/", strerror(-r));
		return r;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, link) < 0 ||
	    (with_lane && (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, lane) < 0 ||
			   socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, maps) < 0)))
		return -errno;
	parser = fork();
	if (parser < 0)
		return -errno;
	if (parser == 0)
		be_parser(daemon, link[1], kmsg, (int[]){lane[0], maps[0]}, self);
	close(daemon);
	close(link[1]);
	if (kmsg >= 0)
		close(kmsg);
	if (with_lane) {
		close(lane[0]);
		close(maps[0]);
		r = start_lane(options, lane[1]) ?: start_map_reader(maps[1]);
		if (r < 0)
			return r;
	}
	r = confine_opener();
	if (r < 0) {
		log_error("cannot give up rights: %s; the opener does not start", strerror(-r));
		return r;
	}
	r = opener_run(link[0], dirs);
	state_dirs_close(dirs);
	return r < 0 ? r : parser_end(parser);
}

static void print_kills(int socket)
{
	struct resolve_answer answer;

	while (recv(socket, &answer, sizeof(answer), 0) == sizeof(answer))
		ask_print(&answer, stdout);
}

/* A pair for one question. */
static int serve_person(const struct options *options)
{
	struct resolve_question question = {
		.ask = options->find  ? RESOLVE_FIND
		       : options->pid ? RESOLVE_PROCESS
				      : RESOLVE_CGROUP,
		.pid = options->pid,
		.cgroup_id = options->find,
		.start_boottime_ns = options->start_ns,
		.again = options->again,
	};
	struct resolve_answer answer;
	int socket[2], r;
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socket) < 0)
		return 1;
	child = fork();
	if (child < 0)
		return 1;
	if (child == 0) {
		close(socket[0]);
		_exit(serve(options, socket[1], false) < 0);
	}
	close(socket[1]);
	if (options->ask)
		snprintf(question.path, sizeof(question.path), "%s", options->ask);
	if (!options->ask && !options->find) {
		print_kills(socket[0]);
		r = 0;
	} else {
		r = ask_once(socket[0], &question, &answer);
		if (r < 0)
			log_error("no answer: %s", strerror(-r));
		else
			ask_print(&answer, stdout);
	}
	close(socket[0]);
	waitpid(child, NULL, 0);
	return r < 0;
}

/* Blocked and ignored signals are inherited; SIGALRM must be able to kill. */
static void reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGALRM, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
}

static int parse_options(int argc, char **argv, struct options *options)
{
	static const struct option table[] = {
		{"fd", required_argument, NULL, 'f'},    {"root", required_argument, NULL, 'r'},
		{"ask", required_argument, NULL, 'a'},   {"find", required_argument, NULL, 'i'},
		{"pid", required_argument, NULL, 'p'},   {"start", required_argument, NULL, 's'},
		{"again", required_argument, NULL, 'n'}, {"kmsg", no_argument, NULL, 'k'},
		{"label", required_argument, NULL, 'l'}, {"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'v'},     {NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", table, NULL)) >= 0) {
		switch (c) {
		case 'f':
			options->fd = atoi(optarg);
			break;
		case 'r':
			options->root = strcmp(optarg, "/") ? optarg : "";
			break;
		case 'a':
			options->ask = optarg;
			break;
		case 'i':
			options->find = strtoull(optarg, NULL, 0);
			break;
		case 'p':
			options->pid = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 's':
			options->start_ns = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			options->again = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 'k':
			options->kmsg = true;
			break;
		case 'l':
			if (labels_want(optarg) < 0)
				log_info("a label goes unread: more than %d of them, or no name "
					 "of a label",
					 LABELS_MOST);
			break;
		case 'h':
			exit(usage(0));
		case 'v':
			puts("headroom-resolver " HEADROOM_VERSION);
			exit(0);
		default:
			return -EINVAL;
		}
	}
	return optind == argc ? 0 : -EINVAL;
}

int main(int argc, char **argv)
{
	struct options options = {.fd = -1, .root = ""};
	int r;

	log_name("headroom-resolver");
	if (parse_options(argc, argv, &options) < 0)
		return usage(2);
	reset_signals();
	r = confine_find_user();
	if (r < 0) {
		log_error("no user to change to: %s; the resolver does not start", strerror(-r));
		return 1;
	}
	if (options.fd >= 3) {
		int keep[] = {options.fd};

		rights_keep_descriptors(keep, 1);
		fcntl(options.fd, F_SETFD, FD_CLOEXEC);
		return serve(&options, options.fd, true) < 0;
	}
	if (options.ask || options.find || options.kmsg)
		return serve_person(&options);
	return usage(2);
}
