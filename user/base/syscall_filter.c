// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The filter as a classic BPF program (kernel: Documentation/userspace-api/seccomp_filter.rst): architecture, calls with arguments
 * that matter, then the allowed numbers as ranges. Since Linux 5.11 the kernel runs it once for each number that is
 * allowed without a look at arguments.
 */
#include "syscall_filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "rights.h"

#define NUMBERS      512 /* all are below */
#define PROGRAM_MOST 512
#define NAMESPACES                                                                     \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
	 CLONE_NEWPID | CLONE_NEWNET)
#define FAMILIES_END 32

/* little-endian: the low half; the kernel ignores the high half of what is an int or a set of flags */
#define ARGUMENT(i_) ((uint32_t)(offsetof(struct seccomp_data, args) + 8 * (i_)))

#if SYSCALL_FILTER_ARCHITECTURE
struct program {
	struct sock_filter code[PROGRAM_MOST];
	unsigned short n;
	bool full;
};

static void emit(struct program *p, struct sock_filter line)
{
	if (p->n == PROGRAM_MOST)
		p->full = true;
	else
		p->code[p->n++] = line;
}

static void load(struct program *p, uint32_t offset)
{
	emit(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset));
}

static void give(struct program *p, uint32_t result)
{
	emit(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, result));
}

static void jump(struct program *p, uint16_t compare, uint32_t with, uint8_t yes, uint8_t no)
{
	emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | compare | BPF_K, with, yes, no));
}

#define REFUSED (SECCOMP_RET_ERRNO | EPERM)

/* Allowed unless the argument has one of these bits. */
static void check_bits(struct program *p, uint32_t number, unsigned int argument, uint32_t bits)
{
	jump(p, BPF_JEQ, number, 0, 4);
	load(p, ARGUMENT(argument));
	jump(p, BPF_JSET, bits, 0, 1);
	give(p, REFUSED);
	give(p, SECCOMP_RET_ALLOW);
}

static void check_mmap(struct program *p)
{
	jump(p, BPF_JEQ, __NR_mmap, 0, 5);
	load(p, ARGUMENT(2));
	emit(p, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, PROT_WRITE | PROT_EXEC));
	jump(p, BPF_JEQ, PROT_WRITE | PROT_EXEC, 0, 1);
	give(p, REFUSED);
	give(p, SECCOMP_RET_ALLOW);
}

static void check_family(struct program *p, uint32_t number, uint32_t families)
{
	jump(p, BPF_JEQ, number, 0, 8);
	load(p, ARGUMENT(0));
	jump(p, BPF_JGE, FAMILIES_END, 4, 0);
	emit(p, (struct sock_filter)BPF_STMT(BPF_MISC | BPF_TAX, 0));
	emit(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, 1));
	emit(p, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_LSH | BPF_X, 0));
	jump(p, BPF_JSET, families, 1, 0);
	give(p, REFUSED);
	give(p, SECCOMP_RET_ALLOW);
}

static void allow_ranges(struct program *p, const bool allowed[NUMBERS])
{
	for (uint32_t i = 0, end; i < NUMBERS; i = end) {
		end = i + 1;
		if (!allowed[i])
			continue;
		while (end < NUMBERS && allowed[end])
			end++;
		/* Below all further ranges: refused. */
		jump(p, BPF_JGE, i, 1, 0);
		give(p, REFUSED);
		jump(p, BPF_JGE, end, 1, 0);
		give(p, SECCOMP_RET_ALLOW);
	}
	give(p, REFUSED);
}

static void begin(struct program *p)
{
	p->n = 0;
	load(p, offsetof(struct seccomp_data, arch));
	jump(p, BPF_JEQ, SYSCALL_FILTER_ARCHITECTURE, 1, 0);
	give(p, REFUSED);
	load(p, offsetof(struct seccomp_data, nr));
	jump(p, BPF_JEQ, __NR_clone3, 0, 1);
	give(p, SECCOMP_RET_ERRNO | ENOSYS);
	check_bits(p, __NR_clone, 0, NAMESPACES);
}

static void make(const struct syscall_filter *filter, struct program *p)
{
	bool allowed[NUMBERS] = {false};

	for (size_t i = 0; i < syscalls_common_n; i++)
		allowed[syscalls_common[i]] = true;
	for (size_t i = 0; i < filter->n; i++)
		allowed[filter->more[i]] = true;
	begin(p);
	check_mmap(p);
	check_bits(p, __NR_mprotect, 2, PROT_EXEC);
	check_family(p, __NR_socket, filter->families);
	check_family(p, __NR_socketpair, filter->families);
	allow_ranges(p, allowed);
}

static int install(struct program *p)
{
	struct sock_fprog code = {.len = p->n, .filter = p->code};
	long r;

	if (RIGHTS_SANITIZED)
		return -ECANCELED;
	if (p->full)
		return -E2BIG;
	r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &code);
	return r < 0 ? -errno : r > 0 ? -ESRCH : 0; /* > 0: a thread that has another filter */
}

static struct program program;

int syscall_filter_load(const struct syscall_filter *filter)
{
	make(filter, &program);
	return install(&program);
}

int syscall_filter_refuse(void)
{
	bool allowed[NUMBERS];

	for (size_t i = 0; i < NUMBERS; i++)
		allowed[i] = true;
	for (size_t i = 0; i < syscalls_refused_n; i++)
		allowed[syscalls_refused[i]] = false;
	begin(&program);
	check_bits(&program, __NR_unshare, 0, NAMESPACES);
	allow_ranges(&program, allowed);
	return install(&program);
}
#else
int syscall_filter_refuse(void) { return -EOPNOTSUPP; }
int syscall_filter_load(const struct syscall_filter *filter) { return -EOPNOTSUPP; }
#endif
