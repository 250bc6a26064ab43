// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "host_poll.h"

#include <unistd.h>

#include "policy_driver_state.h"
#include "base/clock.h"

#define RATE_MOST     (2ULL << 30) /* bytes a second; a host can hardly lose more */
#define LOOK_LEAST_NS (5 * NS_PER_MS)
#define LOOK_MOST_NS  (250 * NS_PER_MS)
#define BELOW_NS      (10 * NS_PER_MS)  /* between looks below the threshold … */
#define DESCRIBE_NS   (100 * NS_PER_MS) /* … and between rounds of act there */
#define NEAR_NS       (2 * NS_PER_SEC)  /* the threshold is that far away, as things go */
#define NEAR_AFTER_NS (3 * NS_PER_SEC)
#define STALE_NS \
	(400 *   \
	 NS_PER_MS) /* figures older than this: a sweep first (near the threshold they are not) … */
#define SWEEP_WAIT_NS (50 * NS_PER_MS) /* … but no longer than this: under pressure it can hang … */
#define TASKS_NS      (1000 * NS_PER_MS) /* between process passes near the threshold; … */
#define TASKS_JOBS_NS (250 * NS_PER_MS)  /* … where a job may be taken */
#define TASKS_WAIT_NS \
	(150 *        \
	 NS_PER_MS) /* … and this, for processes: a job of the last second is on no list yet */

static struct host_poll *watch_of(struct daemon *daemon)
{
	return &daemon->policy_driver->host_poll;
}

static uint64_t threshold_of(const struct policy *policy, uint64_t total)
{
	const struct policy_threshold *threshold;

	if (policy->mode == MODE_OBSERVE || !(policy->conditions & WHEN(HOST_AVAILABLE)))
		return 0;
	threshold = &policy->threshold[CONDITION_HOST_AVAILABLE];
	return threshold->value != HR_UNKNOWN ? threshold->value : total / 1000 * threshold->milli;
}

static void look_again(struct host_poll *watch)
{
	uint64_t margin =
		watch->available > watch->threshold ? watch->available - watch->threshold : 0;
	uint64_t ns = margin >= RATE_MOST ? LOOK_MOST_NS : margin * NS_PER_SEC / RATE_MOST;

	if (!margin)
		ns = BELOW_NS;
	ns = ns < LOOK_LEAST_NS ? LOOK_LEAST_NS : ns > LOOK_MOST_NS ? LOOK_MOST_NS : ns;
	loop_timer_set(watch->timer_fd, ns, 0);
}

static void note_rate(struct host_poll *watch, uint64_t available, uint64_t now)
{
	uint64_t ns = now - watch->read_ns,
		 lost = watch->available > available ? watch->available - available : 0;
	uint64_t rate;

	if (watch->read_ns && ns) {
		rate = (uint64_t)((double)lost * 1e9 / (double)ns);
		/* Half of it is forgotten in a quarter of a second, whatever the rhythm. */
		watch->rate = ns >= LOOK_MOST_NS
				      ? (watch->rate + rate) / 2
				      : watch->rate - watch->rate / 2 * ns / LOOK_MOST_NS +
						rate / 2 * ns / LOOK_MOST_NS;
	}
	watch->available = available;
	watch->read_ns = now;
}

static void publish(struct daemon *daemon, const struct host_sample *sample)
{
	struct hr_host *host = board_host_begin(daemon->board);

	host->mem_available = sample->mem_available;
	host->swap_free = sample->swap_free;
	host->headroom = sample->mem_available +
			 (sample->swap_free == RECORD_UNKNOWN ? 0 : sample->swap_free);
	board_host_end(daemon->board);
}

/* Below: act decides on figures that are fresh, or on what there is where they don't come. */
static void below(struct daemon *daemon, uint64_t now)
{
	struct host_poll *watch = watch_of(daemon);
	bool sweep = now - daemon->sweep_ns > STALE_NS;
	bool tasks = watch->jobs && now - daemon->tasks_ns > STALE_NS;
	uint64_t since;

	watch->below_ns = watch->below_ns ?: now;
	since = now - watch->below_ns;
	if ((sweep && since < SWEEP_WAIT_NS) || (tasks && since < TASKS_WAIT_NS) ||
	    now - watch->emitted_ns < DESCRIBE_NS)
		return;
	watch->emitted_ns = now;
	policy_driver_host(daemon);
}

static void on_timer(struct loop_watch *timer, uint32_t events, void *arg)
{
	struct daemon *daemon = arg;
	struct host_poll *watch = watch_of(daemon);
	uint64_t now = clock_mono_ns();
	struct host_sample sample;

	loop_timer_read(watch->timer_fd);
	if (!watch->threshold || host_read_memory(watch->files, &sample) ||
	    sample.mem_available == RECORD_UNKNOWN)
		return;
	note_rate(watch, sample.mem_available, now);
	if (sample.mem_available < watch->threshold) {
		publish(daemon, &sample);
		below(daemon, now);
	} else {
		watch->below_ns = watch->emitted_ns = 0;
	}
	look_again(watch);
	if (host_poll_near(daemon, now))
		daemon_start_job(daemon, now);
}

bool host_poll_near(const struct daemon *daemon, uint64_t now_ns)
{
	const struct host_poll *watch = &daemon->policy_driver->host_poll;

	if (!watch->threshold || !watch->read_ns)
		return false;
	if (watch->available < watch->threshold)
		return now_ns - watch->below_ns < NEAR_AFTER_NS;
	return watch->available - watch->threshold < (double)watch->rate * (double)NEAR_NS / 1e9;
}

uint64_t host_poll_tasks_ns(const struct daemon *daemon)
{
	return daemon->policy_driver->host_poll.jobs ? TASKS_JOBS_NS : TASKS_NS;
}

void host_poll_rules(struct daemon *daemon)
{
	const struct policy_set *set = daemon->policy_driver->rules.set;
	struct host_poll *watch = watch_of(daemon);
	struct host_sample sample;
	uint64_t threshold = 0;

	if (!watch->files || host_read_memory(watch->files, &sample) ||
	    sample.mem_total == RECORD_UNKNOWN)
		return;
	watch->jobs = false;
	for (uint32_t i = 0; i < set->policies && set->mode != MODE_OBSERVE; i++) {
		const struct policy *policy = policy_at(set, i);
		uint64_t at = threshold_of(policy, sample.mem_total);

		threshold = at > threshold ? at : threshold;
		watch->jobs |= at && (!policy->matches || policy->host_processes);
	}
	watch->threshold = threshold;
	watch->read_ns = watch->rate = 0;
	loop_timer_set(watch->timer_fd, threshold ? LOOK_LEAST_NS : 0, 0);
}

int host_poll_open(struct daemon *daemon)
{
	struct host_poll *watch = watch_of(daemon);
	int err;

	watch->timer_fd = loop_timer_new();
	if (watch->timer_fd < 0)
		return watch->timer_fd;
	err = host_open(daemon->config->root, &watch->files);
	if (!err)
		err = loop_add(&daemon->loop, &watch->watch, watch->timer_fd, EPOLLIN, on_timer,
			       daemon);
	if (!err)
		host_poll_rules(daemon);
	return err;
}

void host_poll_close(struct daemon *daemon)
{
	struct host_poll *watch = watch_of(daemon);

	host_close(watch->files);
	watch->files = NULL;
	if (watch->timer_fd > 0)
		close(watch->timer_fd);
}
