// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Threshold triggers: the table of triggers and exemptions, and the calls on it. The caller chooses
 * sizes and exemptions; bpf/reflex.bpf.c chooses the victim, on live figures. Never writes a limit.
 */
#include "trigger.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include "trigger_internal.h"
#include "base/cleanup.h"
#include "cgroup/cgroupfs.h"

#define MILLI_MOST 1000u

int triggers_open(struct collector *s)
{
	struct triggers *triggers = calloc(1, sizeof(*triggers));

	if (!triggers)
		return -ENOMEM;
	pthread_mutex_init(&triggers->lock, NULL);
	triggers->cold = triggers->hot = triggers->epoll = -1;
	triggers->granted = triggers->known =
		RECORD_UNKNOWN; /* without a rate limit there is no bound */
	for (unsigned int i = 0; i < TRIGGER_ENTRIES; i++)
		trigger_eventfd_init(&triggers->slot[i].wire);
	s->triggers = triggers;
	/* Without BPF the plan has no variants to choose from, but eventfds need none. */
	if (s->fs.layout != CGROUP_V2 &&
	    (*s->loaded.reason_not || s->loaded.signal[SIGNAL_THRESHOLD].variant == 0))
		triggers->epoll = epoll_create1(EPOLL_CLOEXEC);
	return 0;
}

void triggers_close(struct collector *s)
{
	struct triggers *triggers = s->triggers;

	if (!triggers)
		return;
	for (unsigned int i = 0; i < TRIGGER_ENTRIES; i++)
		trigger_eventfd_done(&triggers->slot[i].wire);
	trigger_bpf_detach(s, true);
	if (triggers->epoll >= 0)
		close(triggers->epoll);
	pthread_mutex_destroy(&triggers->lock);
	free(triggers);
	s->triggers = NULL;
}

/* What may wait, so that the move itself need not. On failure the next collect_trigger_close() does
 * it.
 */
void triggers_prepare(struct collector *s, const struct collector *before)
{
	_cleanup_close_ int top = -1;

	s->triggers->ready = before->triggers->ready;
	if (before->triggers->cold < 0 && !s->triggers->ready)
		return;
	top = open(s->fs.memory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	trigger_bpf_attach(s, false);
	trigger_bpf_find(s, top);
}

static struct trigger_slot *slot_of(struct triggers *triggers, __u64 memcg_id)
{
	for (unsigned int i = 0; i < TRIGGER_ENTRIES; i++)
		if (triggers->slot[i].memcg_id == memcg_id)
			return &triggers->slot[i];
	return NULL;
}

/* Of that very cgroup: the path may be another cgroup's by now. */
static int directory_open(const struct collector *s, const struct trigger *trigger)
{
	_cleanup_close_ int top = open(s->fs.memory, O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -1;
	const char *path = trigger->path;
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
	return st.st_ino == trigger->memcg_id ? take_fd(fd) : -ESTALE;
}

static void value_fill(const struct trigger *trigger, struct trigger_value *ret)
{
	*ret = (struct trigger_value){
		.threshold = trigger->threshold,
		.near = trigger->near                          ? trigger->near
			: trigger->threshold == RECORD_UNKNOWN ? RECORD_UNKNOWN
							       : trigger->threshold / 4 * 3,
		.least_rss = trigger->least_rss,
		.preferred_start_ns = trigger->preferred_start_ns,
		.preferred_pid = trigger->preferred_pid,
		.limit_milli = trigger->limit_milli,
		.flags = trigger->flags,
	};
}

static void eventfd_listen(struct triggers *triggers, const struct trigger_slot *slot)
{
	for (unsigned int i = 0; i < LINES; i++) {
		struct epoll_event event = {
			.events = EPOLLIN,
			.data.u32 = (__u32)(slot - triggers->slot) * LINES + i,
		};

		if (slot->wire.event[i] >= 0)
			epoll_ctl(triggers->epoll, EPOLL_CTL_ADD, slot->wire.event[i], &event);
	}
}

/* It may be over already: the kernel reports crossings only. */
static void eventfd_prime(const struct trigger_slot *slot)
{
	const __u64 one = 1;
	__u64 usage;

	for (unsigned int i = 0; i < LINES; i++)
		if (slot->wire.event[i] >= 0 && collect_usage_read(slot->wire.usage, &usage) == 0 &&
		    usage >= slot->wire.at[i] && write(slot->wire.event[i], &one, sizeof(one)) < 0)
			return; /* it is signalled already */
}

static bool eventfd_same(const struct trigger_slot *slot, const struct trigger_value *value)
{
	return slot->wire.usage >= 0 && slot->wire.at[LINE_NEAR] == value->near &&
	       slot->wire.at[LINE_OVER] == value->threshold;
}

/* Puts the entry into the table; takes *wire where it is another one. */
static int table_set(struct collector *s, __u64 id, struct trigger_value *value,
		     struct trigger_eventfd *wire)
{
	struct triggers *triggers = s->triggers;
	struct trigger_slot *slot = slot_of(triggers, id), before;
	bool fresh = !slot;
	int r;

	if (fresh)
		slot = slot_of(triggers, 0);
	if (!slot)
		return -ENOSPC;
	before = *slot;
	value->generation = fresh ? ++triggers->generation : slot->value.generation;
	slot->memcg_id = id;
	slot->value = *value;
	r = trigger_bpf_set(s, slot);
	if (r < 0) {
		*slot = before;
		return r == -E2BIG ? -ENOSPC : r;
	}
	if (fresh) {
		memset(slot->emitted_ns, 0, sizeof(slot->emitted_ns));
		triggers->count++;
		trigger_bpf_state(s);
	}
	if (wire->usage >= 0) {
		trigger_eventfd_done(&slot->wire);
		slot->wire = *wire;
		trigger_eventfd_init(wire);
		eventfd_listen(triggers, slot);
		eventfd_prime(slot);
	}
	return 0;
}

/* Does any trigger need the hot tracepoint? */
static bool hot_wanted(struct collector *s, bool *ret_any)
{
	bool emitted_by_it = !trigger_v1_used(s) && !triggers_variant(s, SIGNAL_THRESHOLD)->needs,
	     wanted = false;

	pthread_mutex_lock(&s->triggers->lock);
	*ret_any = s->triggers->count > 0;
	for (unsigned int i = 0; i < TRIGGER_ENTRIES && !wanted; i++)
		wanted = s->triggers->slot[i].memcg_id &&
			 (emitted_by_it || (s->triggers->slot[i].value.flags & TRIGGER_REFLEX));
	pthread_mutex_unlock(&s->triggers->lock);
	return wanted;
}

int collect_trigger_close(struct collector *s, bool close)
{
	bool any, hot = hot_wanted(s, &any);

	s->triggers->close = close;
	if (any) /* it may have come by collect_trigger_move(), unprepared */
		trigger_bpf_attach(s, false);
	if (close && hot)
		return trigger_bpf_attach(s, true);
	trigger_bpf_detach(s, !any && !s->triggers->ready);
	return 0;
}

int collect_trigger_ready(struct collector *s, bool ready)
{
	s->triggers->ready = ready;
	return ready                ? trigger_bpf_attach(s, false)
	       : s->triggers->close ? 0
				    : collect_trigger_close(s, false);
}

int collect_trigger(struct collector *s, const struct trigger *trigger)
{
	_cleanup_(trigger_eventfd_done) struct trigger_eventfd wire;
	_cleanup_close_ int dir_fd = -1;
	struct triggers *triggers = s->triggers;
	struct trigger_value value;
	struct trigger_slot *slot;
	bool known;
	int r;

	trigger_eventfd_init(&wire);
	if (!trigger->memcg_id || !trigger->path || !trigger->threshold ||
	    (trigger->threshold == RECORD_UNKNOWN && !trigger->limit_milli) ||
	    trigger->limit_milli > MILLI_MOST || trigger->flags & ~(TRIGGER_REFLEX | TRIGGER_WHOLE))
		return -EINVAL;
	dir_fd = directory_open(s, trigger);
	if (dir_fd < 0)
		return dir_fd;
	value_fill(trigger, &value);
	if (!trigger_bpf_reflex(s))
		value.flags = 0;
	pthread_mutex_lock(&triggers->lock);
	slot = slot_of(triggers, trigger->memcg_id);
	known = slot && eventfd_same(slot, &value);
	pthread_mutex_unlock(&triggers->lock);
	if (trigger_v1_used(s) && !known && value.threshold != RECORD_UNKNOWN) {
		r = trigger_eventfd_open(dir_fd, &value, &wire);
		if (r < 0 && !trigger_bpf_reflex(s)) /* else where reclaim begins is left */
			return r;
	}
	r = trigger_bpf_attach(s, false);
	if (r < 0)
		return r;
	pthread_mutex_lock(&triggers->lock);
	/* Removed meanwhile: the caller has changed its mind. */
	r = known && !slot_of(triggers, trigger->memcg_id)
		    ? -EAGAIN
		    : table_set(s, trigger->memcg_id, &value, &wire);
	pthread_mutex_unlock(&triggers->lock);
	if (r == 0)
		r = trigger_bpf_find(s, dir_fd);
	if (r == 0 && triggers->close)
		r = collect_trigger_close(s, true);
	if (r < 0 && r != -EAGAIN)
		collect_trigger_remove(s, trigger->memcg_id);
	return r ?: (trigger->flags & TRIGGER_REFLEX) && !value.flags ? -EOPNOTSUPP : 0;
}

static void slot_free(struct triggers *triggers, struct trigger_slot *slot)
{
	trigger_eventfd_done(&slot->wire);
	slot->memcg_id = 0;
	triggers->count--;
}

void collect_trigger_remove(struct collector *s, __u64 memcg_id)
{
	struct triggers *triggers = s->triggers;
	struct trigger_slot *slot;

	pthread_mutex_lock(&triggers->lock);
	slot = memcg_id ? slot_of(triggers, memcg_id) : NULL;
	if (slot) {
		trigger_bpf_forget(s, slot);
		slot_free(triggers, slot);
		trigger_bpf_state(s);
	}
	pthread_mutex_unlock(&triggers->lock);
}

int collect_trigger_prefer(struct collector *s, __u64 memcg_id, __u32 pid, __u64 start_boottime_ns)
{
	struct triggers *triggers = s->triggers;
	struct trigger_slot *slot;
	int r = -ENOENT;

	pthread_mutex_lock(&triggers->lock);
	slot = memcg_id ? slot_of(triggers, memcg_id) : NULL;
	if (slot) {
		slot->value.preferred_pid = pid;
		slot->value.preferred_start_ns = start_boottime_ns;
		r = trigger_bpf_set(s, slot);
	}
	pthread_mutex_unlock(&triggers->lock);
	return r;
}

void collect_trigger_grant(struct collector *s, __u64 left)
{
	struct triggers *triggers = s->triggers;
	__u64 granted;

	pthread_mutex_lock(&triggers->lock);
	granted =
		left < RECORD_UNKNOWN - triggers->killed ? triggers->killed + left : RECORD_UNKNOWN;
	if (granted != triggers->granted) {
		triggers->granted = granted;
		trigger_bpf_state(s);
	}
	pthread_mutex_unlock(&triggers->lock);
}

void collect_trigger_known(struct collector *s, __u64 memcg_id)
{
	pthread_mutex_lock(&s->triggers->lock);
	if (s->triggers->known == RECORD_UNKNOWN || memcg_id > s->triggers->known) {
		s->triggers->known = memcg_id;
		trigger_bpf_state(s);
	}
	pthread_mutex_unlock(&s->triggers->lock);
}

/* What is left of the grant; kills of the old collector stay counted there. */
static void grant_move(struct triggers *to, const struct triggers *from)
{
	to->known = from->known;
	to->granted = from->granted == RECORD_UNKNOWN ? RECORD_UNKNOWN
		      : from->granted > from->killed  ? from->granted - from->killed
						      : 0;
}

static struct trigger_exempt *exempt_of(struct triggers *triggers, __u64 memcg_id, __u32 pid)
{
	for (unsigned int i = 0; i < TRIGGER_EXEMPT; i++)
		if (triggers->exempt[i].memcg_id == memcg_id && triggers->exempt[i].pid == pid)
			return &triggers->exempt[i];
	return NULL;
}

int collect_exempt(struct collector *s, const struct trigger_exempt *entry, bool exempt)
{
	struct triggers *triggers = s->triggers;
	struct trigger_exempt *place;
	int r;

	if (!entry->memcg_id == !entry->pid)
		return -EINVAL;
	place = exempt_of(triggers, entry->memcg_id, entry->pid);
	if (!place && exempt)
		place = exempt_of(triggers, 0, 0);
	if (!place)
		return exempt ? -ENOSPC : 0;
	r = trigger_bpf_exempt(s, entry, exempt);
	if (r == 0)
		*place = exempt ? *entry : (struct trigger_exempt){};
	return r;
}

/* From the one table into the other: removed here before it is set there. */
static int slot_move(struct collector *to, struct collector *from, struct trigger_slot *slot)
{
	struct trigger_slot *place = slot_of(to->triggers, 0);
	struct trigger_slot moved = *slot;
	int r;

	if (!place || (trigger_v1_used(from) && !trigger_v1_used(to)))
		return -ENOSPC;
	trigger_bpf_remove(from, &moved);
	trigger_bpf_copy(to, from, &moved);
	trigger_bpf_forget(from, &moved);
	r = trigger_bpf_set(to, &moved);
	if (r < 0)
		return r;
	*place = moved;
	trigger_eventfd_init(&slot->wire); /* they stay open in `to` */
	for (unsigned int i = 0; i < LINES; i++)
		if (moved.wire.event[i] >= 0)
			epoll_ctl(from->triggers->epoll, EPOLL_CTL_DEL, moved.wire.event[i], NULL);
	eventfd_listen(to->triggers, place);
	to->triggers->count++;
	return 0;
}

void collect_trigger_move(struct collector *to, struct collector *from, __u64 *ret_dropped,
			  size_t capacity, size_t *ret_n)
{
	struct triggers *triggers = from->triggers;
	size_t n = 0;

	for (unsigned int i = 0; i < TRIGGER_EXEMPT; i++)
		if (triggers->exempt[i].memcg_id || triggers->exempt[i].pid)
			collect_exempt(to, &triggers->exempt[i], true);
	to->triggers->generation = triggers->generation;
	grant_move(to->triggers, triggers);
	trigger_bpf_state(to);
	for (unsigned int i = 0; i < TRIGGER_ENTRIES; i++) {
		struct trigger_slot *slot = &triggers->slot[i];
		__u64 id = slot->memcg_id;

		if (!id)
			continue;
		if (slot_move(to, from, slot) < 0 && n < capacity)
			ret_dropped[n++] = id;
		slot_free(triggers, slot);
	}
	trigger_bpf_state(from);
	trigger_bpf_state(to);
	*ret_n = n;
}

enum trigger_state collect_trigger_state(struct collector *s, __u64 memcg_id)
{
	enum trigger_state state = TRIGGER_NOT;
	struct trigger_slot *slot;

	pthread_mutex_lock(&s->triggers->lock);
	slot = memcg_id ? slot_of(s->triggers, memcg_id) : NULL;
	if (slot)
		state = trigger_bpf_fired(s, slot) ? TRIGGER_FIRED : TRIGGER_READY;
	pthread_mutex_unlock(&s->triggers->lock);
	return state;
}
