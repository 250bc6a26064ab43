# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Policies by SIGHUP: a valid file takes effect at once and as a whole; an invalid or missing file changes nothing; a removed
# policy has no more effect; the mode changes both ways. A supervisor and a daemon that were killed come back with the policies
# that were in force.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

group_make hog || fail 'cannot make a group'
rules() { # mode, size
	cat <<E
mode: $1
interval: 200ms
policies:
  - name: switch-$2
    match: {cgroup: "$ours/*"}
    when: {usage: $2}
    actions: [kill]
    cooldown: 0s
E
}
rules enforce 1GiB >"$work/config"
daemon_on
workload_start hog hold 48M
sweeps 4
alive "$workload_pid" || fail 'killed below its size'

printf 'mode: enforce\npolicies:\n  - name: x\n    when: {usage: 1MiB}\n    du: [kill]\n' >"$work/config"
reload configuration_refused
event_after "$before" '.what == "configuration_refused"' | expect '.text | contains("config:5:5")' 'file, line and column'
sweeps 4
alive "$workload_pid" || fail 'a refused file was in force'
rm "$work/config"
kill -HUP "$daemon"
sweeps 4
in_mode enforce || fail 'a file that is gone has changed the mode'

rules observe 32MiB >"$work/config"
reload configuration_loaded
in_mode observe || fail 'the mode is not in force'
sweeps 4
alive "$workload_pid" || fail 'killed in observe'
rules enforce 32MiB >"$work/config"
reload configuration_loaded
wait_for 5 ended "$workload_pid" || fail 'the new rule is not in force'
acted kill '.policy == "switch-32MiB" and .result.status == "done"'

# From here on the supervisor is not a child of this shell: the clean-up must end it.
scenario_clean_up() {
	last=$(snapshot | jq .host.guard.pid) && last=$(awk '/^PPid:/ { print $2 }' "/proc/$last/status") &&
		tr '\0' ' ' <"/proc/$last/cmdline" | grep -qF "$BOARD" && kill -TERM "$last"
}
# A killed supervisor is replaced, and the new one hands the policies in force to the next daemon, not those of the file.
rules enforce 1GiB >"$work/config"
kill -KILL "$daemon"
supervised() { daemon_event '.what == "fallback" and (.text | contains("supervisor died"))'; }
wait_for 10 supervised >/dev/null || fail 'no new supervisor'
old=$(snapshot | jq .host.guard.pid)
kill -KILL "$old"
another() { snapshot | ask ".host.guard.state == \"running\" and .host.guard.pid != $old"; }
wait_for 30 another || fail 'no new daemon'
since=$(mark)
workload_start hog leak 40M
wait_for 5 ended "$workload_pid" || fail 'the policies were lost with the daemon'
acted kill '.policy == "switch-32MiB"'
# The current supervisor is not a child of this shell, so daemon_stop has to signal it.
daemon=$(awk '/^PPid:/ { print $2 }' "/proc/$(snapshot | jq .host.guard.pid)/status")
