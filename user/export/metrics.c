// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The tables of metrics. Names are part of the contract (docs/how-to/exporting.md lists them) and end with their unit,
 * seconds or bytes, as Prometheus recommends.
 */
#include "metrics.h"

#include <math.h>

#include "base/clock.h"
#include "format/phrase.h"

static double bytes(uint64_t value) { return value == HR_UNKNOWN ? NAN : (double)value; }
static double seconds(uint64_t ms) { return ms == HR_UNKNOWN ? NAN : (double)ms / 1e3; }
static double micros(uint64_t us) { return us == HR_UNKNOWN ? NAN : (double)us / 1e6; }
static double nanos(uint64_t ns) { return ns == HR_UNKNOWN ? NAN : (double)ns / 1e9; }

/* The alarm of a limit that the containers of a pod share is raised by one of them: one danger is one alert. */
static bool is_repeated(const struct hr_slot *slot)
{
	if (slot->flags & HR_SLOT_ALARMS || !slot->id.pod.at)
		return false;
	return slot->binding.level == HR_LEVEL_ANCESTOR
		       ? path_is_pod(hr_slot_text(slot, slot->binding.cgroup))
		       : slot->binding.level == HR_LEVEL_OWN &&
				 slot->forecast.reason[0].reserved == HR_LEVEL_ANCESTOR;
}

#define FIELD(name_, expression)                                                      \
	__attribute__((unused)) static double get_##name_(const struct hr_slot *slot) \
	{                                                                             \
		return expression;                                                    \
	}
#define HR_MEMORY(name, ...)  FIELD(name, bytes(slot->memory.name))
#define HR_COUNTER(name, ...) FIELD(name, bytes(slot->counts.name))
#include <headroom/fields.def>
FIELD(risk, slot->forecast.risk_centi == UINT16_MAX ? NAN : slot->forecast.risk_centi / 100.0)
FIELD(drift, slot->forecast.drift_bytes_per_second == HR_UNKNOWN_I64
		     ? NAN
		     : (double)slot->forecast.drift_bytes_per_second)
FIELD(alarm, is_repeated(slot) ? HR_ALARM_NONE : slot->forecast.alarm)
FIELD(leak, slot->forecast.leak == HR_LEAK_ENDED ? HR_LEAK_NONE : slot->forecast.leak)
FIELD(leak_rate, slot->forecast.leak_bytes_per_hour == HR_UNKNOWN_I64
			 ? NAN
			 : (double)slot->forecast.leak_bytes_per_hour)
/* The board has a leak rate even without a suspicion. */
FIELD(suspected_leak_rate, slot->forecast.leak < HR_LEAK_SUSPECTED ? NAN : get_leak_rate(slot))
FIELD(oom_kills, bytes(slot->oom_kills_total))
FIELD(restarts, bytes(slot->restarts))
FIELD(stall, nanos(slot->stalls.total_ns))
FIELD(waiting, micros(slot->pressure.some_total_us))
FIELD(stalled, micros(slot->pressure.full_total_us))
FIELD(failcnt, bytes(slot->counts.max))
FIELD(p10, seconds(slot->forecast.oom_in_p10_ms))
FIELD(p50, seconds(slot->forecast.oom_in_p50_ms))
FIELD(p90, seconds(slot->forecast.oom_in_p90_ms))

/* limit − working set, as the kubelet has it; never below 0, though a working set may exceed a limit that was just lowered. */
FIELD(available, slot->memory.limit == HR_UNKNOWN || slot->memory.working_set == HR_UNKNOWN
			 ? NAN
			 : fmax(0, (double)slot->memory.limit - (double)slot->memory.working_set))
/* The limit that the kubelet has applied: what ContainerStatus shows as actual resources. */
FIELD(pod_limit, slot->id.kind == HR_KIND_CONTAINER && slot->id.pod.at ? get_limit(slot) : NAN)

/* A measured field, from its cell METRIC or OTEL (fields.def). */
#define IS_GAUGE                           false
#define IS_COUNTER                         true
#define METRIC_OF(get, counter, help, ...) __VA_OPT__({C __VA_ARGS__, help, counter, get}, )
#define UCUM_BYTES                         "By"
#define UCUM_COUNT                         "1"
#define UCUM_PER_SECOND                    "1/s"
#define OTEL_OF(get, unit, ...)            __VA_OPT__({__VA_ARGS__, unit, get, NULL, NULL}, )

#define C "headroom_container_"
/* Metrics of one name are adjacent; a label of their own follows in braces. */
const struct metric metric_container[] = {
#define HR_MEMORY(name, unit, kind, meaning, bpf, v2, v1, key, metric, ...) \
	HR_APPLY(METRIC_OF, get_##name, IS_##kind, meaning, metric)
#include <headroom/fields.def>
	{C "oom_in_seconds{quantile=\"0.1\"}",
	 "Forecast time until OOM, by quantile; absent where no OOM is forecast within 24 h.",
	 false, get_p10},
	{C "oom_in_seconds{quantile=\"0.5\"}", NULL, false, get_p50},
	{C "oom_in_seconds{quantile=\"0.9\"}", NULL, false, get_p90},
	{C "risk", "Probability of an OOM kill or a permanent stall within 15 minutes, 0 to 100.",
	 false, get_risk},
	{C "alarm", "Alarm level: 0 none, 1 notice, 2 warn, 3 act.", false, get_alarm},
	{C "memory_drift_bytes_per_second", "Growth trend of the non-reclaimable memory.", false,
	 get_drift},
	{C "leak",
	 "Leak state: 0 none, 1 suspected, 2 confirmed, 3 exhausting; 0 after it has ended.", false,
	 get_leak},
	{C "leak_bytes_per_hour", "Leak rate; absent where unknown.", false, get_leak_rate},
	{C "oom_kills", "OOM kills of the workload, a whole group as one, across restarts.", true,
	 get_oom_kills},
	{C "restarts", "Restarts of the workload since the daemon first saw it.", true,
	 get_restarts},
	{C "reclaim_stall_seconds", "Time tasks of the container spent in direct reclaim.", true,
	 get_stall},
	{C "pressure_waiting_seconds", "Time at least one task stalled on memory (PSI some).", true,
	 get_waiting},
	{C "pressure_stalled_seconds", "Time all tasks stalled on memory (PSI full).", true,
	 get_stalled},
#define HR_COUNTER(name, unit, kind, meaning, bpf, v2, v1, key, metric, ...) \
	HR_APPLY(METRIC_OF, get_##name, IS_##kind, meaning, metric)
#include <headroom/fields.def>
	{0},
};

/* https://github.com/google/cadvisor/blob/master/docs/storage/prometheus.md */
const struct metric metric_cadvisor[] = {
	{"container_memory_usage_bytes", "Current memory usage in bytes.", false, get_usage},
	{"container_memory_working_set_bytes", "Current working set in bytes.", false,
	 get_working_set},
	{"container_memory_rss", "Size of RSS in bytes.", false, get_anon},
	{"container_memory_cache", "Number of bytes of page cache memory.", false, get_file},
	{"container_memory_swap", "Container swap usage in bytes.", false, get_swap},
	{"container_memory_max_usage_bytes", "Maximum memory usage recorded in bytes.", false,
	 get_peak},
	{"container_spec_memory_limit_bytes", "Memory limit for the container.", false, get_limit},
	{"container_memory_failcnt", "Number of memory usage hits limits.", false, get_failcnt},
	{"container_oom_events", "Count of out of memory events observed for the container.", true,
	 get_oom_kills},
	{0},
};
#undef C

/*
 * https://opentelemetry.io/docs/specs/semconv/system/container-metrics/ and k8s-metrics. There is no figure for
 * container.paging.faults; k8s.container.restart.count is the API's, ours counts what the daemon saw.
 */
#define K "headroom.container."
#define Q "headroom.quantile"
#define P "headroom.pressure"
const struct otlp_metric metric_otlp[] = {
#define HR_MEMORY(name, unit, kind, meaning, bpf, v2, v1, key, metric, otel, ...) \
	HR_APPLY(OTEL_OF, get_##name, UCUM_##unit, otel)
#define HR_COUNTER HR_MEMORY
#include <headroom/fields.def>
	{OTLP_UPDOWN, "container.memory.available", "By", get_available, NULL, NULL},
	{OTLP_UPDOWN, "k8s.container.memory.limit.current", "By", get_pod_limit, NULL, NULL},
	{OTLP_GAUGE, K "risk", "%", get_risk, NULL, NULL},
	{OTLP_GAUGE, K "alarm", "1", get_alarm, NULL, NULL},
	{OTLP_GAUGE, K "oom_in", "s", get_p10, Q, "0.1"},
	{OTLP_GAUGE, K "oom_in", "s", get_p50, Q, "0.5"},
	{OTLP_GAUGE, K "oom_in", "s", get_p90, Q, "0.9"},
	{OTLP_GAUGE, K "leak", "1", get_leak, NULL, NULL},
	{OTLP_GAUGE, K "leak.rate", "By/h", get_suspected_leak_rate, NULL, NULL},
	{OTLP_COUNTER, K "oom_kills", "{kill}", get_oom_kills, NULL, NULL},
	{OTLP_COUNTER, K "restarts", "{restart}", get_restarts, NULL, NULL},
	{OTLP_COUNTER, K "reclaim_stall.time", "s", get_stall, NULL, NULL},
	{OTLP_COUNTER, K "pressure.time", "s", get_waiting, P, "some"},
	{OTLP_COUNTER, K "pressure.time", "s", get_stalled, P, "full"},
	{0},
};
#undef K
#undef Q
#undef P

#define HOST(name_, expression)                              \
	static double host_##name_(const struct snapshot *s) \
	{                                                    \
		const struct hr_host *host = &s->host;       \
		return expression;                           \
	}
HOST(total, bytes(host->mem_total))
HOST(available, bytes(host->mem_available))
HOST(swap_total, bytes(host->swap_total))
HOST(swap_free, bytes(host->swap_free))
HOST(swap_used, bytes(host->swap_total) - bytes(host->swap_free))
HOST(headroom, bytes(host->headroom))
HOST(risk, host->forecast.risk_centi == UINT16_MAX ? NAN : host->forecast.risk_centi / 100.0)
HOST(oom_in, seconds(host->forecast.oom_in_p50_ms))
HOST(oom_kills, bytes(host->oom_kills))
HOST(lost, (double)host->events_lost)
HOST(rss, bytes(host->rss_bytes))
HOST(cpu, nanos(host->cpu_ns))
HOST(sweep, nanos(host->sweep_ns))
HOST(mode, host->mode)
HOST(paused, host->paused_until_ns != 0)
HOST(containers, host->containers)
HOST(capacity, host->capacity)
HOST(started, (double)(host->started_ns / NS_PER_SEC))

static double host_up(const struct snapshot *s) { return !s->health; }
static double host_beat(const struct snapshot *s) { return (double)s->age_ns / 1e9; }

#define G "headroom_guard_"
#define H "headroom_host_"
const struct host_metric metric_host[] = {
	{G "up", "1 while the heartbeat of the daemon is current.", false, host_up},
	{G "heartbeat_age_seconds", "Time since the last heartbeat of the daemon.", false,
	 host_beat},
	{G "events_lost", "Kernel records lost because the ring buffer was full.", true, host_lost},
	{G "resident_bytes", "Resident memory of the daemon.", false, host_rss},
	{G "cpu_seconds", "CPU time of the daemon.", true, host_cpu},
	{G "sweep_seconds", "CPU time of the last sweep over all cgroups.", false, host_sweep},
	{G "mode", "Mode: 0 observe, 1 dry-run, 2 enforce.", false, host_mode},
	{G "paused", "1 while 'headroom daemon pause' keeps policies from acting.", false,
	 host_paused},
	{G "containers", "Cgroups tracked.", false, host_containers},
	{G "capacity", "Cgroups that can be tracked.", false, host_capacity},
	{G "start_time_seconds", "Start time of the daemon, in Unix time.", false, host_started},
	{H "memory_total_bytes", "MemTotal.", false, host_total},
	{H "memory_available_bytes", "MemAvailable.", false, host_available},
	{H "swap_total_bytes", "SwapTotal.", false, host_swap_total},
	{H "swap_free_bytes", "SwapFree.", false, host_swap_free},
	{H "headroom_bytes", "MemAvailable plus usable swap.", false, host_headroom},
	{H "risk", "Probability that the host runs out of memory within 15 minutes, 0 to 100.",
	 false, host_risk},
	{H "oom_in_seconds", "Median forecast time until the host runs out of memory.", false,
	 host_oom_in},
	{H "oom_kills", "OOM kills on this host, a whole group as one.", true, host_oom_kills},
	{0},
};
#undef G
#undef H

/* https://opentelemetry.io/docs/specs/semconv/system/system-metrics/ */
#define G "headroom.guard."
#define H "headroom.host."
const struct otlp_host_metric metric_otlp_host[] = {
	{OTLP_UPDOWN, "system.memory.limit", "By", host_total, NULL, NULL},
	{OTLP_UPDOWN, "system.memory.linux.available", "By", host_available, NULL, NULL},
	{OTLP_UPDOWN, "system.paging.usage", "By", host_swap_used, "system.paging.state", "used"},
	{OTLP_UPDOWN, "system.paging.usage", "By", host_swap_free, "system.paging.state", "free"},
	{OTLP_UPDOWN, H "memory.headroom", "By", host_headroom, NULL, NULL},
	{OTLP_GAUGE, H "risk", "%", host_risk, NULL, NULL},
	{OTLP_GAUGE, H "oom_in", "s", host_oom_in, "headroom.quantile", "0.5"},
	{OTLP_COUNTER, H "oom_kills", "{kill}", host_oom_kills, NULL, NULL},
	{OTLP_COUNTER, G "events_lost", "{event}", host_lost, NULL, NULL},
	{OTLP_COUNTER, G "cpu.time", "s", host_cpu, NULL, NULL},
	{OTLP_UPDOWN, G "memory.usage", "By", host_rss, NULL, NULL},
	{OTLP_GAUGE, G "sweep.time", "s", host_sweep, NULL, NULL},
	{OTLP_GAUGE, G "mode", "1", host_mode, NULL, NULL},
	{OTLP_GAUGE, G "paused", "1", host_paused, NULL, NULL},
	{OTLP_UPDOWN, G "containers", "{container}", host_containers, NULL, NULL},
	{OTLP_UPDOWN, G "capacity", "{container}", host_capacity, NULL, NULL},
	{0},
};
