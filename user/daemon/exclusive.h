/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Only one daemon enforces: holds the lock of enforce_lock.h while the policies enforce. While another daemon holds it, this
 * one only logs what it would do (dry run), says so, and tries again every second; the worker tries, since it reads /proc.
 */
#ifndef HEADROOM_DAEMON_EXCLUSIVE_H
#define HEADROOM_DAEMON_EXCLUSIVE_H

#include "board/board.h"
#include "policy/config.h"
#include "sweep_worker.h"

struct exclusive {
	struct board *board;
	struct enforce_lock lock;
	bool off;           /* --no-lock */
	bool wanted;        /* the policies enforce */
	bool denied;        /* another daemon does */
	bool asked;         /* the lock is the worker's, until its job is done */
	uint64_t ignore_ns; /* monotonic; no further try before; 0 */
	uint64_t tried_ns;  /* monotonic */
};

/* Start: opens the lock, and takes it for a mode that enforces. May block. */
void exclusive_open(struct exclusive *exclusive, struct board *board, const struct config *config,
		    enum policy_mode mode);
void exclusive_close(struct exclusive *exclusive);
/* New policies, of this mode: takes the lock if it is free, or releases it. */
void exclusive_set_mode(struct exclusive *exclusive, enum policy_mode mode);
/* The highest mode that may be in force. */
enum policy_mode exclusive_mode(const struct exclusive *exclusive);
/* Adds a try to the worker's job; true: it did. Then takes its result; true: exclusive_mode() has changed. */
bool exclusive_ask(struct exclusive *exclusive, struct worker_job *job, uint64_t now_ns);
bool exclusive_take(struct exclusive *exclusive, struct worker_job *job);

#endif
