/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A daemon without a host: a board, policies from text, the tables of actions and the control socket, and a loop that the test
 * runs step by step. Nothing is collected, and nothing is killed: enforce looks for its cgroups in an empty directory, and its
 * results are not taken; the test gives its own.
 */
#ifndef HEADROOM_FIXTURE_DAEMON_H
#define HEADROOM_FIXTURE_DAEMON_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "daemon/daemon.h"
#include "daemon/policy_driver_state.h"

#define FAKE_SLOTS 256

static struct daemon fake; /* too large for a stack */
static struct config fake_config;
static char fake_dir[64], fake_board[96];
static int fake_superior = -1; /* the supervisor's end */
static int fake_end_fd = -1;
static struct loop_watch fake_end;

static void fake_over(struct loop_watch *watch, uint32_t events, void *arg) { loop_stop(arg, 0); }

/* The loop, for so long. */
static inline void fake_turn(uint64_t ms)
{
	fake.loop.stop = false;
	loop_timer_set(fake_end_fd, ms * NS_PER_MS, 0);
	assert_int_equal(loop_run(&fake.loop), 0);
	loop_timer_read(fake_end_fd);
}

static inline void fake_rules(const char *text)
{
	char path[128], error[CONFIG_ERROR] = "";
	struct policy_set *set = NULL;
	FILE *file;

	snprintf(path, sizeof(path), "%s/rules", fake_dir);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	config_init(&fake_config);
	if (config_load(path, &fake_config, &set, error))
		fail_msg("%s", error);
	unlink(path);
	fake.policy_driver->rules.set = set;
}

/* A container that runs, with a path. */
static inline void fake_container(uint32_t slot, uint64_t id, const char *name, const char *path)
{
	struct hr_slot *at = board_slot_begin(fake.board, slot);
	struct board_text text;

	at->state = HR_SLOT_RUNNING;
	at->flags = HR_SLOT_POPULATED;
	at->cgroup_id = id;
	at->sampled_ns = clock_wall_ns();
	at->memory.usage = 64 << 20;
	at->memory.unreclaimable = at->memory.limit = HR_UNKNOWN;
	at->id.kind = HR_KIND_CONTAINER;
	at->id.workload = id;
	board_text_init(&text, at, offsetof(struct hr_slot, text), board_slot_bytes(fake.board));
	at->id.cgroup = board_text_add(&text, path, true);
	at->id.name = board_text_add(&text, name, false);
	at->text_used = (uint16_t)text.used;
	board_slot_end(fake.board, slot);
	tracks_put(&fake.containers.tracks, slot, id);
}

static inline void fake_open(const char *rules)
{
	struct board_config config = {
		.path = fake_board, .capacity = FAKE_SLOTS, .text_bytes = BOARD_TEXT_FEW};
	struct engine_callbacks callbacks;
	struct policy_driver_setup setup;
	bool adopted;
	int pair[2];

	memset(&fake, 0, sizeof(fake));
	strcpy(fake_dir, "/dev/shm/headroom-test.XXXXXX");
	assert_non_null(mkdtemp(fake_dir));
	assert_int_equal(chmod(fake_dir, 0755), 0); /* others may try */
	snprintf(fake_board, sizeof(fake_board), "%s/board", fake_dir);
	fake.config = &fake_config;
	fake.resolver.fd = -1;
	assert_int_equal(board_open(&config, &fake.board, &adopted), 0);
	assert_int_equal(containers_init(&fake.containers, fake.board, &fake.resolver, "",
					 &daemon_containers_ops, &fake),
			 0);
	fake.oom_events.containers = &fake.containers;
	fake.oom_events.oom_kill = daemon_on_oom_kill;
	fake.oom_events.arg = &fake;
	assert_int_equal(loop_init(&fake.loop), 0);
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	fake.supervisor.fd = pair[0];
	fake_superior = pair[1];
	fake.policy_driver = calloc(1, sizeof(*fake.policy_driver));
	assert_non_null(fake.policy_driver);
	fake.policy_driver->deadline_fd = loop_timer_new();
	assert_int_equal(enforce_open(&(struct enforce_config){.root = "", .memory_root = fake_dir},
				      &fake.policy_driver->enforce),
			 0);
	fake_rules(rules);
	callbacks = policy_driver_callbacks(fake.policy_driver);
	assert_int_equal(engine_init(&fake.policy_driver->engine, FAKE_SLOTS, &callbacks), 0);
	setup = (struct policy_driver_setup){.containers = &fake.containers,
					     .loop = &fake.loop,
					     .config = &fake_config,
					     .action_ops = &daemon_action_ops,
					     .set_priority = daemon_set_priority,
					     .arg = &fake};
	policy_driver_connect(fake.policy_driver, &setup);
	fake.policy_driver->exclusive.off = true; /* as with --no-lock */
	pause_open(&fake.policy_driver->pause, fake.board);
	engine_set_policies(fake.policy_driver->engine, fake.policy_driver->rules.set);
	control_init(&fake.control, &fake.loop, &fake_config, &daemon_control_ops, &fake);
	fake_end_fd = loop_timer_new();
	assert_int_equal(
		loop_add(&fake.loop, &fake_end, fake_end_fd, EPOLLIN, fake_over, &fake.loop), 0);
}

static inline void fake_close(void)
{
	control_close(&fake.control);
	engine_free(fake.policy_driver->engine);
	enforce_close(fake.policy_driver->enforce);
	free((void *)fake.policy_driver->rules.set);
	close(fake.policy_driver->deadline_fd);
	free(fake.policy_driver);
	loop_done(&fake.loop);
	close(fake_end_fd);
	close(fake.supervisor.fd);
	close(fake_superior);
	containers_done(&fake.containers);
	board_close(fake.board);
	unlink(fake_board);
	strcat(fake_board, ".lock");
	unlink(fake_board);
	assert_int_equal(rmdir(fake_dir), 0); /* nothing else was left there */
}

#endif
