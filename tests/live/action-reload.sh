# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Rules by SIGHUP: good ones are in force at once and as a whole; a bad file, or none, changes nothing; a rule that is gone
# does nothing any more; modes go up and down. A supervisor and a daemon that were killed come back with the rules in force.
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
acted kill '.policy == "switch-32MiB" and .result.deed == "done"'

# From here on the supervisor is not our child: it must not outlive us, whatever comes.
scenario_clean_up() {
	last=$(snapshot | jq .host.guard.pid) && last=$(awk '/^PPid:/ { print $2 }' "/proc/$last/status") &&
		tr '\0' ' ' <"/proc/$last/cmdline" | grep -qF "$BOARD" && kill -TERM "$last"
}
# A supervisor that dies is replaced, and hands these same rules to the next daemon: the file says something else by now.
rules enforce 1GiB >"$work/config"
kill -KILL "$daemon"
supervised() { told '.what == "fallback" and (.text | contains("supervisor died"))'; }
wait_for 10 supervised >/dev/null || fail 'nobody started a new supervisor'
old=$(snapshot | jq .host.guard.pid)
kill -KILL "$old"
another() { snapshot | ask ".host.guard.state == \"running\" and .host.guard.pid != $old"; }
wait_for 30 another || fail 'nobody started a new daemon'
since=$(mark)
workload_start hog leak 40M
wait_for 5 ended "$workload_pid" || fail 'the rules were lost with the daemon'
acted kill '.policy == "switch-32MiB"'
# The one of today is not our child: it ends with its daemon's end only when it is told to.
daemon=$(awk '/^PPid:/ { print $2 }' "/proc/$(snapshot | jq .host.guard.pid)/status")
