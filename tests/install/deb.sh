# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The Debian package, in a copy of this machine with a real systemd: installed, it runs; it is reloaded, killed, hung, and
# comes back each time with the same board; upgraded it leaves next to no gap; removed and purged it leaves nothing.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/machine.inc"
all=${INSTALL_ALL:-}

for tool in dpkg-deb dpkg-shlibdeps jq curl; do need $tool; done
[ -e /etc/debian_version ] || skip 'this is no Debian'
scenario_clean_up() { machine_stop; }
machine_start
inside=/proc/$machine/root
compiler=$(sed 's/ -std=.*//' "$build/.flags")
make --no-print-directory CC="$compiler" deb >"$work/out" 2>&1 || { cat "$work/out" && fail 'make deb'; }
cp "$build"/deb/headroom_*.deb "$inside/tmp/first.deb"
# The same under the next version's name.
dpkg-deb -R "$build"/deb/headroom_*.deb "$work/second" && sed -i 's/^Version: .*/&+1/' "$work/second/DEBIAN/control" &&
	dpkg-deb --root-owner-group -Znone -b "$work/second" "$inside/tmp/second.deb" >/dev/null || fail 'no second package'
traces() { on find /etc /usr /lib /var /run /dev/shm -xdev -ipath '*headroom*' ! -path '/run/systemd/*' ! -path '/var/tmp/*' ! -path '/var/log/dpkg.log*' | sort; }
traces >"$work/before"
on systemctl start systemd-journald.service

property() { on systemctl show "$1" -p "$2" --value; }
runs() { [ "$(property "$1" ActiveState)" = active ]; }
active() { runs headroomd; }
daemon_pid() { on headroom ls --json | jq .host.guard.pid; }
instance() { on headroom events --json | head -n 1 | jq -r .instance; }
journal_print() { printf 'journal:\n' && on journalctl -o cat --no-pager -u headroomd | tail -n 20; }
must() { "$@" || { journal_print && fail "$*"; }; }
dpkg_does() { on env DEBIAN_FRONTEND=noninteractive dpkg "$@" >"$work/dpkg" 2>&1 || { cat "$work/dpkg" && fail "dpkg $*"; }; }

# ---- installed: it is ready when dpkg is done, and members of the group may read
dpkg_does -i /tmp/first.deb
must active
same 'enabled' 'enabled enabled' "$(on systemctl is-enabled headroomd headroom-recorder | tr '\n' ' ' | sed 's/ $//')"
must runs headroom-recorder
same 'the exporter' disabled "$(on systemctl is-enabled headroom-export)"
case $(property headroomd StatusText) in 'observe; '[1-9]*' cgroups'*) ;; *) fail "status: $(property headroomd StatusText)" ;; esac
on headroom ls >/dev/null || fail 'the service is ready and there is nothing to see'
as_other() { on setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
as_member() { on setpriv --reuid 65534 --regid 65534 --groups "$(on getent group headroom | cut -d : -f 3)" "$@"; }
as_other headroom ls >/dev/null 2>&1 && fail 'any user can read the board'
as_member headroom ls >/dev/null || fail 'the group cannot read the board'
on man -w headroomd >/dev/null || fail 'no manual page'
board=$(instance)
fallen=$(on headroom events --json | jq -r 'select(.type == "guard").text' | grep -cE 'seccomp|EINVAL')
same 'what the sandbox has taken away' 0 "$fallen"

# ---- reloaded
printf 'mode: dry-run\n' >"$inside/etc/headroom/headroom.yaml"
on systemctl reload headroomd
in_dry_run() { case $(property headroomd StatusText) in dry-run*) ;; *) return 1 ;; esac }
must wait_for 5 in_dry_run
printf 'mood: dry-run\n' >"$inside/etc/headroom/headroom.yaml"
on systemctl reload headroomd
refused() { case $(property headroomd StatusText) in dry-run*refused*mood*) active ;; *) return 1 ;; esac }
must wait_for 5 refused
printf 'mode: observe\n' >"$inside/etc/headroom/headroom.yaml"
on systemctl reload headroomd

# ---- killed: first one, then the other; both come back without systemd
daemon=$(daemon_pid) main=$(property headroomd MainPID)
on kill -KILL "$main"
new_supervisor() { new=$(property headroomd MainPID) && [ "$new" != "$main" ] && [ "$new" != 0 ] && active; }
must wait_for 5 new_supervisor
sleep 1
must active
same 'the daemon after its supervisor was killed' "$daemon" "$(daemon_pid)"
on kill -KILL "$daemon"
new_daemon() { new=$(daemon_pid) && [ "$new" != "$daemon" ] && [ "$new" != null ] && on headroom ls && active; }
must wait_for 10 new_daemon
same 'restarts by systemd' 0 "$(property headroomd NRestarts)"

# ---- hung, and all killed at once: systemd starts it again, and the board goes on
if [ -n "$all" ]; then
	mkdir -p "$inside/etc/systemd/system/headroomd.service.d"
	printf '[Service]\nWatchdogSec=1s\n' >"$inside/etc/systemd/system/headroomd.service.d/test.conf"
	on systemctl daemon-reload
	on systemctl restart headroomd
	daemon=$(daemon_pid)
	on kill -STOP "$daemon"
	again() { [ "$(property headroomd NRestarts)" = "$1" ] && active && [ "$(daemon_pid)" != "$daemon" ] && on headroom ls; }
	must wait_for 20 again 1
	on journalctl -o cat --no-pager -u headroomd | grep -q 'Watchdog timeout' || fail 'it was not the watchdog'
	daemon=$(daemon_pid)
	on systemctl kill --signal=KILL headroomd
	must wait_for 10 new_daemon
	same 'the board' "$board" "$(instance)"
	rm -r "$inside/etc/systemd/system/headroomd.service.d"
fi

# ---- exporter: a user of its own, ready, and no service without sinks
on systemctl start headroom-export 2>/dev/null && fail 'an exporter without sinks starts'
same 'why' 2 "$(property headroom-export ExecMainStatus)"
printf 'export:\n  prometheus: {listen: 127.0.0.1:9477}\n  jsonl: {path: /var/log/headroom/events.jsonl}\n  state: /var/lib/headroom-export/state\n' \
	>>"$inside/etc/headroom/headroom.yaml"
on systemctl start headroom-export || { on journalctl -u headroom-export --no-pager | tail -n 20 && fail 'the exporter does not start'; }
runs_as() { on sed -n 's/^Uid:.\([0-9]*\).*/\1/p' "/proc/$1/status"; } # pid
same 'the user of the exporter' "$(on id -u headroom-export)" "$(runs_as "$(property headroom-export MainPID)")"
for pid in $(on pgrep -f 'headroom-resolver --fd'); do
	same 'the user of the resolver' "$(on id -u headroom-resolver)" "$(runs_as "$pid")"
done
scraped() { on curl -sf http://127.0.0.1:9477/metrics | grep -q '^headroom_container_memory_usage_bytes'; }
wait_for 10 scraped || { on journalctl -u headroom-export --no-pager | tail -n 20 && fail 'nothing to scrape'; }
on systemctl enable --quiet headroom-export

# ---- recorder: the right to read the board is the right to read the history
# A recording that an earlier version's user left.
on install -d -o headroom -g headroom -m 750 /var/lib/headroom && on install -o headroom -g headroom -m 640 /dev/null /var/lib/headroom/left
on systemctl restart headroom-recorder || { on journalctl -u headroom-recorder --no-pager | tail -n 20 && fail 'the recorder does not start'; }
same 'the user of the recorder' "$(on id -u headroom-recorder)" "$(runs_as "$(property headroom-recorder MainPID)")"
same 'what was left belongs to' headroom-recorder "$(on stat -c %U /var/lib/headroom/left)"
kept() { as_member headroom recorder --status --json | jq -e '.snapshots > 0'; }
must wait_for 20 kept
as_other headroom recorder --status 2>/dev/null && fail 'any user can read the history'

# ---- upgraded: the new daemon takes over the board; what was changed stays changed
since=$(on headroom events --json | jq -s 'map(.seq) | max')
dpkg_does -i /tmp/second.deb
must active
must runs headroom-export
must runs headroom-recorder
case $(on readlink "/proc/$(property headroomd MainPID)/exe") in /usr/sbin/headroomd) ;; *) fail 'the old one still runs' ;; esac
on grep -qz -- --succeed "/proc/$(property headroomd MainPID)/cmdline" || fail 'it was restarted, in place of being succeeded'
same 'the board after the upgrade' "$board" "$(instance)"
grep -q '^export:' "$inside/etc/headroom/headroom.yaml" || fail 'the configuration was written over'
same 'enabled after the upgrade' 'enabled enabled' "$(on systemctl is-enabled headroomd headroom-export | tr '\n' ' ' | sed 's/ $//')"
gap=$(on headroom events --json | jq -s --argjson since "$since" '
	def at: (.time | sub("\\.[0-9]*Z"; "Z") | fromdate) + (.time | capture("\\.(?<f>[0-9]*)Z") | "0." + .f | tonumber);
	map(select(.seq > $since and .type == "guard"))
	| (map(select(.what == "stopping")) | first | at) as $stopped | (map(select(.what == "adopted")) | last | at) - $stopped')
echo "without a daemon during the upgrade: $gap s"
[ "$(printf '%s' "$gap" | jq '. > 0 and . < 5')" = true ] || fail "the gap: '$gap'"

# ---- upgraded to another unit: only a restart brings that into force
if [ -n "$all" ]; then
	sed -i 's/^OOMPolicy=.*/&\nCPUAccounting=yes/' "$work/second/lib/systemd/system/headroomd.service"
	sed -i 's/^Version: .*/&+2/' "$work/second/DEBIAN/control"
	dpkg-deb --root-owner-group -Znone -b "$work/second" "$inside/tmp/third.deb" >/dev/null || fail 'no third package'
	dpkg_does -i /tmp/third.deb
	must active
	on grep -qz -- --succeed "/proc/$(property headroomd MainPID)/cmdline" && fail 'it still runs under the old unit'
	same 'the board after a restart' "$board" "$(instance)"
fi

# ---- removed, with what was configured and recorded kept; then purged
dpkg_does -r headroom
[ -z "$(on pgrep headroom)" ] || fail 'something of it still runs'
[ -s "$inside/etc/headroom/headroom.yaml" ] || fail 'the configuration is gone'
[ ! -e "$inside/run/headroom" ] || fail 'the board is left'
dpkg_does -P headroom
traces >"$work/after"
same 'what is left' '' "$(comm -13 "$work/before" "$work/after")"
for user in headroom headroom-resolver headroom-export headroom-recorder headroom-run; do
	on getent group $user && fail "the group $user is left"
	on getent passwd $user && fail "the user $user is left"
done

# ---- without the package: make install, and the lines of the README
if [ -n "$all" ]; then
	make --no-print-directory CC="$compiler" install DESTDIR="$inside" >"$work/out" 2>&1 || { cat "$work/out" && fail 'make install'; }
	on systemd-sysusers 2>/dev/null
	on systemctl daemon-reload
	on systemctl enable --quiet --now headroomd headroom-recorder
	must active
	must runs headroom-recorder
	case $(on readlink "/proc/$(property headroomd MainPID)/exe") in /usr/local/sbin/headroomd) ;; *) fail 'another headroomd runs' ;; esac
	on headroom ls >/dev/null || fail 'the installed headroom finds no board'
	on systemctl disable --quiet --now headroomd headroom-recorder
fi
same 'failed units' '' "$(on systemctl list-units --failed --plain --no-legend)"
