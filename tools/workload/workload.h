/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the workloads share: arguments, resident memory, time. Sizes are bytes. Any error ends the process with a line on stderr.
 */
#ifndef HEADROOM_WORKLOAD_WORKLOAD_H
#define HEADROOM_WORKLOAD_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

_Noreturn void die(const char *what); /* with errno; exit status 1 */
_Noreturn void stay(void);            /* until killed */
void ready(void);
uint64_t bytes_of(const char *text); /* "50MiB"; exit status 2 where it is no size */
uint64_t ns_of(const char *text);    /* "500ms" */
long count_of(const char *text, long most);
void sleep_until(uint64_t mono_ns);

#define PIECE  (1u << 20)   /* what is written at once */
#define NO_END (1ULL << 40) /* of an endless leak: address space only */

char *map(size_t bytes); /* address space only */
uint64_t random_bits(void);
void touch(char *at, size_t bytes);
void grow(char *p, uint64_t bytes, uint64_t rate); /* touches at `rate` a second; 0: at once */
void write_all(int fd, uint64_t bytes);            /* of anything */
bool in_child(void); /* forks; the child is killed when its parent ends */
void report(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The modes that stand in files of their own. */
void do_beat(char **arg);
void do_journal(char **arg);
void do_service(char **arg);
void do_build(char **arg);
void do_bomb(char **arg);
void do_spin(char **arg);
void do_stuck(char **arg);
void do_locked(char **arg);
void do_prefork(char **arg);
void do_file(char **arg);
void do_names(char **arg);
void do_accelerate(char **arg);
void do_steps(char **arg);
void do_swing(char **arg);
void do_rising(char **arg);
void do_noisy(char **arg);
void do_shmem(char **arg);
void do_pipes(char **arg);
void do_many(char **arg);
void do_poke(char **arg);
void do_vfork(char **arg);
void do_leaderless(char **arg);
void do_sharer(char **arg);
void do_no_exec(char **arg);
void do_thread(char **arg);
void do_writer(char **arg);

#endif
