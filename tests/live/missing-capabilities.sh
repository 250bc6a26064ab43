# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The daemon with the capabilities that the DaemonSet gives it, and no other: its sources are those of the daemon with all, names
# come through the resolver, and it ends by SIGTERM, though it may not send signals itself.
. "$(dirname "$0")/lib.sh"

need setpriv
yaml2json=tools/yaml2json
need "$yaml2json"
all=$(snapshot | ask .host.guard.sources) || skip 'no daemon with all rights to compare with'
BOARD=$work/few
wanted=$("$yaml2json" deploy/kubernetes/base/daemonset.yaml | jq -r '.spec.template.spec.containers[] | select(.name == "daemon")
	| .securityContext.capabilities.add[] | ascii_downcase') || fail 'no capabilities in the DaemonSet'
set=-all bound=$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status)
for right in $wanted; do
	# What this host does not have to give (bit 24) can't be given.
	[ "$right" = sys_resource ] && [ $((0x$bound >> 24 & 1)) = 0 ] || set=$set,+$right
done
setpriv --bounding-set=$set --inh-caps=-all true 2>"$work/why" || skip "setpriv: $(cat "$work/why")"
setpriv --bounding-set=$set --inh-caps=-all "$build/headroomd" --board "$BOARD" >"$work/daemon.log" 2>&1 &
daemon=$!
wait_for 20 daemon_attached || { cat "$work/daemon.log" >&2 && fail 'the daemon does not start'; }
# Its actions would differ: it may not send signals.
few=$(snapshot | ask .host.guard.sources)
calm='with_entries(select(.key | startswith("action_") | not))'
[ "$(printf '%s' "$all" | jq -cS "$calm")" = "$(printf '%s' "$few" | jq -cS "$calm")" ] ||
	{ printf '%s\n%s\n' "$all" "$few" >&2 && fail 'other sources than with all rights'; }

group_make hungry 33554432 || fail 'cannot make a group'
since=$(mark)
in_group hungry tail /dev/zero
named() { event_after "$since" ".type == \"oom_kill\" and .victim.cgroup == \"$ours/hungry\" and (.victim.cmdline | contains(\"/dev/zero\"))"; }
wait_for 5 named || { cli events | tail >&2 && fail 'the victim has no command line'; }
kill -TERM "$daemon"
wait_for 5 eval "! kill -0 $daemon" || fail 'it does not end'
wait "$daemon" || { cat "$work/daemon.log" >&2 && fail 'its exit status is not 0'; }
daemon=
! grep 'starting it again' "$work/daemon.log" >&2 || fail 'daemon or resolver fell'
