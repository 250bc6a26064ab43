// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "host_poll.h"

#include <unistd.h>

#include "base/clock.h"

#define RATE_MOST     (2ULL << 30) /* bytes a second; a host can hardly lose more */
#define READ_LEAST_NS (5 * NS_PER_MS)
#define READ_MOST_NS  (250 * NS_PER_MS)
#define BELOW_NS      (10 * NS_PER_MS)  /* between readings below the threshold … */
#define EVALUATE_NS   (100 * NS_PER_MS) /* … and between two evaluations of the policies there */
#define NEAR_NS       (2 * NS_PER_SEC)  /* the threshold is that far away at the present rate */
#define NEAR_AFTER_NS (3 * NS_PER_SEC)
#define STALE_NS \
	(400 *   \
	 NS_PER_MS) /* figures older than this: a sweep first (near the threshold they are not) … */
#define SWEEP_WAIT_NS (50 * NS_PER_MS) /* … but no longer than this: under pressure it can hang … */
#define PROCESSES_NS  (1000 * NS_PER_MS) /* between process passes near the threshold; … */
#define GROUPS_NS     (250 * NS_PER_MS)  /* … if a process group may be selected */
#define PROCESSES_WAIT_NS \
	(150 *            \
	 NS_PER_MS) /* … and this, for processes: a group of the last second is on no list yet */

/* False: the policy has none. */
static bool raise_threshold(struct host_poll *poll, const struct policy *policy)
{
	const struct policy_threshold *threshold = &policy->threshold[CONDITION_HOST_AVAILABLE];

	if (policy->mode == MODE_OBSERVE || !(policy->conditions & WHEN(HOST_AVAILABLE)))
		return false;
	if (threshold->value == HR_UNKNOWN)
		poll->milli = threshold->milli > poll->milli ? threshold->milli : poll->milli;
	else
		poll->size = threshold->value > poll->size ? threshold->value : poll->size;
	return threshold->value == HR_UNKNOWN ? threshold->milli : threshold->value;
}

static void find_threshold(struct host_poll *poll, const struct host_sample *sample)
{
	uint64_t share = hr_usable_memory(sample->mem_total, &sample->memory) / 1000 * poll->milli;

	poll->threshold = share > poll->size ? share : poll->size;
}

static void set_timer(struct host_poll *poll)
{
	uint64_t margin = poll->available > poll->threshold ? poll->available - poll->threshold : 0;
	uint64_t ns = margin >= RATE_MOST ? READ_MOST_NS : margin * NS_PER_SEC / RATE_MOST;

	if (!margin)
		ns = BELOW_NS;
	ns = ns < READ_LEAST_NS ? READ_LEAST_NS : ns > READ_MOST_NS ? READ_MOST_NS : ns;
	loop_timer_set(poll->timer_fd, ns, 0);
}

static void note_rate(struct host_poll *poll, uint64_t available, uint64_t now)
{
	uint64_t ns = now - poll->read_ns,
		 lost = poll->available > available ? poll->available - available : 0;
	uint64_t rate;

	if (poll->read_ns && ns) {
		rate = (uint64_t)((double)lost * 1e9 / (double)ns);
		/* The rate halves in a quarter of a second, however often it is read. */
		poll->rate = ns >= READ_MOST_NS ? (poll->rate + rate) / 2
						: poll->rate - poll->rate / 2 * ns / READ_MOST_NS +
							  rate / 2 * ns / READ_MOST_NS;
	}
	poll->available = available;
	poll->read_ns = now;
}

static void publish(struct board *board, const struct host_sample *sample)
{
	struct hr_host *host = board_host_begin(board);

	host->mem_available = sample->mem_available;
	host->swap_free = sample->swap_free;
	/* what filling the swap costs is of the last sweep: reading /proc/swaps may wait */
	host->headroom = sample->mem_available;
	if (sample->swap_free != RECORD_UNKNOWN && sample->swap_free > host->swap_cost)
		host->headroom += sample->swap_free - host->swap_cost;
	board_host_end(board);
}

/* The policies are evaluated on fresh figures, or on those there are if no fresh ones come. */
static void below(struct host_poll *poll, uint64_t now)
{
	bool sweep = now - poll->times->sweep_ns > STALE_NS;
	bool processes = poll->process_groups && now - poll->times->processes_ns > STALE_NS;
	uint64_t since;

	poll->below_ns = poll->below_ns ?: now;
	since = now - poll->below_ns;
	if ((sweep && since < SWEEP_WAIT_NS) || (processes && since < PROCESSES_WAIT_NS) ||
	    now - poll->emitted_ns < EVALUATE_NS)
		return;
	poll->emitted_ns = now;
	poll->ops->below(poll->ops_arg);
}

static void on_timer(struct loop_watch *timer, uint32_t events, void *arg)
{
	struct host_poll *poll = arg;
	uint64_t now = clock_mono_ns();
	struct host_sample sample;

	loop_timer_read(poll->timer_fd);
	if (!poll->threshold || host_read_memory(poll->files, &sample) ||
	    sample.mem_available == RECORD_UNKNOWN)
		return;
	find_threshold(poll, &sample);
	note_rate(poll, sample.mem_available, now);
	if (sample.mem_available < poll->threshold) {
		publish(poll->board, &sample);
		below(poll, now);
	} else {
		poll->below_ns = poll->emitted_ns = 0;
	}
	set_timer(poll);
	if (host_poll_near(poll, now))
		poll->ops->near(poll->ops_arg);
}

bool host_poll_near(const struct host_poll *poll, uint64_t now_ns)
{
	if (!poll->threshold || !poll->read_ns)
		return false;
	if (poll->available < poll->threshold)
		return now_ns - poll->below_ns < NEAR_AFTER_NS;
	return poll->available - poll->threshold < (double)poll->rate * (double)NEAR_NS / 1e9;
}

uint64_t host_poll_processes_ns(const struct host_poll *poll)
{
	return poll->process_groups ? GROUPS_NS : PROCESSES_NS;
}

void host_poll_set_policies(struct host_poll *poll, const struct policy_set *set)
{
	struct host_sample sample;

	if (!poll->files || host_read_memory(poll->files, &sample) ||
	    sample.mem_total == RECORD_UNKNOWN)
		return;
	poll->process_groups = false;
	poll->size = poll->milli = 0;
	for (uint32_t i = 0; i < set->policies && set->mode != MODE_OBSERVE; i++) {
		const struct policy *policy = policy_at(set, i);

		poll->process_groups |= raise_threshold(poll, policy) &&
					(!policy->matches || policy->host_processes);
	}
	find_threshold(poll, &sample);
	poll->read_ns = poll->rate = 0;
	loop_timer_set(poll->timer_fd, poll->threshold ? READ_LEAST_NS : 0, 0);
}

int host_poll_open(struct host_poll *poll, struct loop *loop, struct board *board, const char *root,
		   const struct sample_times *times, const struct host_poll_ops *ops, void *ops_arg)
{
	int err;

	poll->board = board;
	poll->times = times;
	poll->ops = ops;
	poll->ops_arg = ops_arg;

	poll->timer_fd = loop_timer_new();
	if (poll->timer_fd < 0)
		return poll->timer_fd;
	err = host_open(root, &poll->files);
	return err ?: loop_add(loop, &poll->watch, poll->timer_fd, EPOLLIN, on_timer, poll);
}

void host_poll_close(struct host_poll *poll)
{
	host_close(poll->files);
	poll->files = NULL;
	if (poll->timer_fd > 0)
		close(poll->timer_fd);
}
