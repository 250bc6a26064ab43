// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Arming: the table of what is armed and spared, and the calls on it. Decides nothing about
 * anybody: sizes and protected ones are the caller's, and who is hit is decided in
 * bpf/reflex.bpf.c, on what is live at that moment. Never writes a limit.
 */
#include "arm.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include "arms.h"
#include "base/cleanup.h"
#include "cgroupfs.h"

#define MILLI_MOST 1000u

int arms_open(struct sense *s)
{
	struct arms *arms = calloc(1, sizeof(*arms));

	if (!arms)
		return -ENOMEM;
	pthread_mutex_init(&arms->lock, NULL);
	arms->cold = arms->hot = arms->epoll = -1;
	arms->granted = arms->known = RECORD_UNKNOWN; /* whoever has no budget has no bound */
	for (unsigned int i = 0; i < ARM_ENTRIES; i++)
		arm_wire_init(&arms->slot[i].wire);
	s->arms = arms;
	/* Without BPF the plan has no variants to choose from, but eventfds need none. */
	if (s->fs.layout != CGROUP_V2 &&
	    (*s->loaded.why_not || s->loaded.signal[SIGNAL_TRIPWIRE].variant == 0))
		arms->epoll = epoll_create1(EPOLL_CLOEXEC);
	return 0;
}

void arms_close(struct sense *s)
{
	struct arms *arms = s->arms;

	if (!arms)
		return;
	for (unsigned int i = 0; i < ARM_ENTRIES; i++)
		arm_wire_done(&arms->slot[i].wire);
	arm_bpf_detach(s, true);
	if (arms->epoll >= 0)
		close(arms->epoll);
	pthread_mutex_destroy(&arms->lock);
	free(arms);
	s->arms = NULL;
}

/* What may wait, so that the move itself need not. On failure the next sense_arm_close() does it.
 */
void arms_prepare(struct sense *s, const struct sense *before)
{
	_cleanup_close_ int top = -1;

	if (before->arms->cold < 0)
		return;
	top = open(s->fs.memory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	arm_bpf_attach(s, false);
	arm_bpf_find(s, top);
}

static struct arm_slot *slot_of(struct arms *arms, __u64 memcg_id)
{
	for (unsigned int i = 0; i < ARM_ENTRIES; i++)
		if (arms->slot[i].memcg_id == memcg_id)
			return &arms->slot[i];
	return NULL;
}

/* Of that very cgroup: a path may be somebody else's by now. */
static int directory_open(const struct sense *s, const struct arm *arm)
{
	_cleanup_close_ int top = open(s->fs.memory, O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -1;
	const char *path = arm->path;
	size_t base = strlen(s->fs.base);
	struct stat st;

	if (base && strncmp(path, s->fs.base, base) == 0)
		path += base;
	path += strspn(path, "/");
	if (top < 0)
		return -errno;
	fd = openat(top, *path ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	/* kernfs: the inode number is the id, where both have 64 bits */
	return st.st_ino == arm->memcg_id ? take_fd(fd) : -ESTALE;
}

static void value_fill(const struct arm *arm, struct armed_value *ret)
{
	*ret = (struct armed_value){
		.threshold = arm->threshold,
		.near = arm->near ?: arm->threshold / 4 * 3,
		.least_rss = arm->least_rss,
		.preferred_start_ns = arm->preferred_start_ns,
		.preferred_pid = arm->preferred_pid,
		.limit_milli = arm->limit_milli,
		.flags = arm->flags,
	};
}

static void wire_listen(struct arms *arms, const struct arm_slot *slot)
{
	for (unsigned int i = 0; i < LINES; i++) {
		struct epoll_event event = {
			.events = EPOLLIN,
			.data.u32 = (__u32)(slot - arms->slot) * LINES + i,
		};

		if (slot->wire.event[i] >= 0)
			epoll_ctl(arms->epoll, EPOLL_CTL_ADD, slot->wire.event[i], &event);
	}
}

/* It may be over already: the kernel tells of crossings only. */
static void wire_ask(const struct arm_slot *slot)
{
	const __u64 one = 1;
	__u64 usage;

	for (unsigned int i = 0; i < LINES; i++)
		if (slot->wire.event[i] >= 0 && sense_usage_read(slot->wire.usage, &usage) == 0 &&
		    usage >= slot->wire.at[i] && write(slot->wire.event[i], &one, sizeof(one)) < 0)
			return; /* it is signalled already */
}

static bool wire_same(const struct arm_slot *slot, const struct armed_value *value)
{
	return slot->wire.usage >= 0 && slot->wire.at[LINE_NEAR] == value->near &&
	       slot->wire.at[LINE_OVER] == value->threshold;
}

/* Puts the entry into the table; takes *wire where it is another one. */
static int table_set(struct sense *s, __u64 id, struct armed_value *value, struct arm_wire *wire)
{
	struct arms *arms = s->arms;
	struct arm_slot *slot = slot_of(arms, id), before;
	bool fresh = !slot;
	int r;

	if (fresh)
		slot = slot_of(arms, 0);
	if (!slot)
		return -ENOSPC;
	before = *slot;
	value->generation = fresh ? ++arms->generation : slot->value.generation;
	slot->memcg_id = id;
	slot->value = *value;
	r = arm_bpf_set(s, slot);
	if (r < 0) {
		*slot = before;
		return r == -E2BIG ? -ENOSPC : r;
	}
	if (fresh) {
		memset(slot->told_ns, 0, sizeof(slot->told_ns));
		arms->count++;
		arm_bpf_state(s);
	}
	if (wire->usage >= 0) {
		arm_wire_done(&slot->wire);
		slot->wire = *wire;
		arm_wire_init(wire);
		wire_listen(arms, slot);
		wire_ask(slot);
	}
	return 0;
}

/* Does anybody need the hot tracepoint? */
static bool hot_wanted(struct sense *s, bool *ret_any)
{
	bool told_by_it = !arm_v1_used(s) && !arms_variant(s, SIGNAL_TRIPWIRE)->needs,
	     wanted = false;

	pthread_mutex_lock(&s->arms->lock);
	*ret_any = s->arms->count > 0;
	for (unsigned int i = 0; i < ARM_ENTRIES && !wanted; i++)
		wanted = s->arms->slot[i].memcg_id &&
			 (told_by_it || (s->arms->slot[i].value.flags & ARM_REFLEX));
	pthread_mutex_unlock(&s->arms->lock);
	return wanted;
}

int sense_arm_close(struct sense *s, bool close)
{
	bool any, hot = hot_wanted(s, &any);

	s->arms->close = close;
	if (any) /* it may have come by sense_arm_move(), unprepared */
		arm_bpf_attach(s, false);
	if (close && hot)
		return arm_bpf_attach(s, true);
	arm_bpf_detach(s, !any);
	return 0;
}

int sense_arm(struct sense *s, const struct arm *arm)
{
	_cleanup_(arm_wire_done) struct arm_wire wire;
	_cleanup_close_ int dir_fd = -1;
	struct arms *arms = s->arms;
	struct armed_value value;
	struct arm_slot *slot;
	bool known;
	int r;

	arm_wire_init(&wire);
	if (!arm->memcg_id || !arm->path || !arm->threshold || arm->limit_milli > MILLI_MOST ||
	    arm->flags & ~(ARM_REFLEX | ARM_WHOLE))
		return -EINVAL;
	dir_fd = directory_open(s, arm);
	if (dir_fd < 0)
		return dir_fd;
	value_fill(arm, &value);
	if (!arm_bpf_reflex(s))
		value.flags = 0;
	pthread_mutex_lock(&arms->lock);
	slot = slot_of(arms, arm->memcg_id);
	known = slot && wire_same(slot, &value);
	pthread_mutex_unlock(&arms->lock);
	if (arm_v1_used(s) && !known) {
		r = arm_wire_open(dir_fd, &value, &wire);
		if (r < 0 && !arm_bpf_reflex(s)) /* else where reclaim begins is left */
			return r;
	}
	r = arm_bpf_attach(s, false);
	if (r < 0)
		return r;
	pthread_mutex_lock(&arms->lock);
	/* Disarmed meanwhile: the caller knows better by now. */
	r = known && !slot_of(arms, arm->memcg_id) ? -EAGAIN
						   : table_set(s, arm->memcg_id, &value, &wire);
	pthread_mutex_unlock(&arms->lock);
	if (r == 0)
		r = arm_bpf_find(s, dir_fd);
	if (r == 0 && arms->close)
		r = sense_arm_close(s, true);
	if (r < 0 && r != -EAGAIN)
		sense_disarm(s, arm->memcg_id);
	return r ?: (arm->flags & ARM_REFLEX) && !value.flags ? -EOPNOTSUPP : 0;
}

static void slot_free(struct arms *arms, struct arm_slot *slot)
{
	arm_wire_done(&slot->wire);
	slot->memcg_id = 0;
	arms->count--;
}

void sense_disarm(struct sense *s, __u64 memcg_id)
{
	struct arms *arms = s->arms;
	struct arm_slot *slot;

	pthread_mutex_lock(&arms->lock);
	slot = memcg_id ? slot_of(arms, memcg_id) : NULL;
	if (slot) {
		arm_bpf_drop(s, slot);
		slot_free(arms, slot);
		arm_bpf_state(s);
	}
	pthread_mutex_unlock(&arms->lock);
}

int sense_arm_prefer(struct sense *s, __u64 memcg_id, __u32 pid, __u64 start_boottime_ns)
{
	struct arms *arms = s->arms;
	struct arm_slot *slot;
	int r = -ENOENT;

	pthread_mutex_lock(&arms->lock);
	slot = memcg_id ? slot_of(arms, memcg_id) : NULL;
	if (slot) {
		slot->value.preferred_pid = pid;
		slot->value.preferred_start_ns = start_boottime_ns;
		r = arm_bpf_set(s, slot);
	}
	pthread_mutex_unlock(&arms->lock);
	return r;
}

void sense_arm_grant(struct sense *s, __u64 left)
{
	struct arms *arms = s->arms;
	__u64 granted;

	pthread_mutex_lock(&arms->lock);
	granted = left < RECORD_UNKNOWN - arms->struck ? arms->struck + left : RECORD_UNKNOWN;
	if (granted != arms->granted) {
		arms->granted = granted;
		arm_bpf_state(s);
	}
	pthread_mutex_unlock(&arms->lock);
}

void sense_arm_known(struct sense *s, __u64 memcg_id)
{
	pthread_mutex_lock(&s->arms->lock);
	if (s->arms->known == RECORD_UNKNOWN || memcg_id > s->arms->known) {
		s->arms->known = memcg_id;
		arm_bpf_state(s);
	}
	pthread_mutex_unlock(&s->arms->lock);
}

/* What is left of the grant; what was struck over there is counted there. */
static void grant_move(struct arms *to, const struct arms *from)
{
	to->known = from->known;
	to->granted = from->granted == RECORD_UNKNOWN	 ? RECORD_UNKNOWN
		      : from->granted > from->struck ? from->granted - from->struck
						     : 0;
}

static struct arm_spare *spare_of(struct arms *arms, __u64 memcg_id, __u32 pid)
{
	for (unsigned int i = 0; i < ARM_SPARED; i++)
		if (arms->spared[i].memcg_id == memcg_id && arms->spared[i].pid == pid)
			return &arms->spared[i];
	return NULL;
}

int sense_spare(struct sense *s, const struct arm_spare *spare, bool spared)
{
	struct arms *arms = s->arms;
	struct arm_spare *place;
	int r;

	if (!spare->memcg_id == !spare->pid)
		return -EINVAL;
	place = spare_of(arms, spare->memcg_id, spare->pid);
	if (!place && spared)
		place = spare_of(arms, 0, 0);
	if (!place)
		return spared ? -ENOSPC : 0;
	r = arm_bpf_spare(s, spare, spared);
	if (r == 0)
		*place = spared ? *spare : (struct arm_spare){};
	return r;
}

/* From the one table into the other: disarmed here before it is armed there. */
static int slot_move(struct sense *to, struct sense *from, struct arm_slot *slot)
{
	struct arm_slot *place = slot_of(to->arms, 0);
	struct arm_slot moved = *slot;
	int r;

	if (!place || (arm_v1_used(from) && !arm_v1_used(to)))
		return -ENOSPC;
	arm_bpf_unarm(from, &moved);
	arm_bpf_copy(to, from, &moved);
	arm_bpf_drop(from, &moved);
	r = arm_bpf_set(to, &moved);
	if (r < 0)
		return r;
	*place = moved;
	arm_wire_init(&slot->wire); /* they live on over there */
	for (unsigned int i = 0; i < LINES; i++)
		if (moved.wire.event[i] >= 0)
			epoll_ctl(from->arms->epoll, EPOLL_CTL_DEL, moved.wire.event[i], NULL);
	wire_listen(to->arms, place);
	to->arms->count++;
	return 0;
}

void sense_arm_move(struct sense *to, struct sense *from, __u64 *ret_dropped, size_t capacity,
		    size_t *ret_n)
{
	struct arms *arms = from->arms;
	size_t n = 0;

	for (unsigned int i = 0; i < ARM_SPARED; i++)
		if (arms->spared[i].memcg_id || arms->spared[i].pid)
			sense_spare(to, &arms->spared[i], true);
	to->arms->generation = arms->generation;
	grant_move(to->arms, arms);
	arm_bpf_state(to);
	for (unsigned int i = 0; i < ARM_ENTRIES; i++) {
		struct arm_slot *slot = &arms->slot[i];
		__u64 id = slot->memcg_id;

		if (!id)
			continue;
		if (slot_move(to, from, slot) < 0 && n < capacity)
			ret_dropped[n++] = id;
		slot_free(arms, slot);
	}
	arm_bpf_state(from);
	arm_bpf_state(to);
	*ret_n = n;
}

enum arm_state sense_armed(struct sense *s, __u64 memcg_id)
{
	enum arm_state state = ARM_NOT;
	struct arm_slot *slot;

	pthread_mutex_lock(&s->arms->lock);
	slot = memcg_id ? slot_of(s->arms, memcg_id) : NULL;
	if (slot)
		state = arm_bpf_shot(s, slot) ? ARM_SHOT : ARM_READY;
	pthread_mutex_unlock(&s->arms->lock);
	return state;
}
