# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Clients that hold, flood or confuse the control socket, users that the configuration does not name and one that it does: root
# is answered each time, and the daemon's loop does not wait for any of them.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

need python3
[ "$(id -u)" = 0 ] || skip 'only root can attack as another user'
seconds=${HEADROOM_ROUNDS:-3}
BOARD=$work/open/board
mkdir "$work/open" && chmod 755 "$work" "$work/open"
chmod 755 "${HEADROOM_TMP:-$work}" 2>/dev/null
printf 'mode: observe\ninterval: 200ms\ncontrol: {allow: ["user:65533"]}\n' >"$work/config"
daemon_on

attacked() { # uid, way
	python3 tests/live/attack-sockets.py control "$BOARD.control" "$1" "$2" "$seconds" >"$work/said" 2>"$work/errors" ||
		{ cat "$work/errors" >&2 && fail "$2: the attacker"; }
	read -r answered asked <"$work/said"
	echo "$2 as $1: root answered $answered of $asked"
	[ "$answered" = "$asked" ] || { sort "$work/errors" | uniq -c >&2; fail "$2 as $1: root was answered $answered of $asked times"; }
}
heartbeat_fresh() { snapshot | ask '.host.guard.state == "running"'; }
for way in idle trickle huge half deaf flood descriptors; do
	attacked 65533 $way
	heartbeat_fresh || fail "$way: the daemon's heartbeat is not current"
done
attacked 65534 idle
attacked 65534 flood

# The kernel refuses users that are not allowed; where it cannot, the daemon does.
[ "$(stat -c %a "$BOARD.control")" != 666 ] || echo 'no ACLs here: the daemon refuses'
tried() { setpriv --reuid "$1" --regid "$1" --clear-groups "$build/headroom" daemon ping --board "$BOARD" >"$work/said" 2>&1; }
if command -v setpriv >/dev/null && setpriv --reuid 65534 test -x "$build/headroom"; then
	chmod 644 "$BOARD"
	tried 65533 || fail "an allowed user is refused: $(cat "$work/said")"
	tried 65534
	[ $? = 4 ] || fail "a user that is not allowed: $(cat "$work/said")"
else
	echo 'not tried as another user: no setpriv, or the build is not accessible to others'
fi
