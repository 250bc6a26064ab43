# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# make install into a folder: everything is where systemd and the programs look for it, the programs find each other there, a
# configuration that is there stays, and make uninstall leaves nothing else.
. "$(dirname "$0")/lib.sh"

# With the compiler that the build was made with, or all of it would be made again.
compiler=$(sed 's/ -std=.*//' "$build/.flags")
quiet() { "$@" >"$work/out" 2>&1 || { cat "$work/out" && fail "$*"; }; }
install_at() { quiet make --no-print-directory CC="$compiler" install DESTDIR="$work/root" "$@"; }
root=$work/root

install_at PREFIX=/usr
for file in usr/bin/headroom usr/sbin/headroomd usr/libexec/headroom/headroom-resolver \
	usr/libexec/headroom/headroom-export usr/include/headroom/reader.h usr/lib/libheadroom.a \
	usr/lib/systemd/system/headroomd.service usr/lib/systemd/system/headroom-export.service \
	usr/lib/systemd/system/headroom-recorder.service usr/lib/sysusers.d/headroom.conf usr/lib/tmpfiles.d/headroom.conf \
	etc/headroom/headroom.yaml \
	usr/share/man/man1/headroom.1 usr/share/man/man1/headroom-ls.1 usr/share/man/man5/headroom.yaml.5 \
	usr/share/man/man8/headroomd.8 usr/share/bash-completion/completions/headroom \
	usr/share/zsh/vendor-completions/_headroom usr/share/fish/vendor_completions.d/headroom.fish \
	usr/share/headroom/prometheus/rules.yaml usr/share/headroom/mixin/alerts.yaml; do
	[ -s "$root/$file" ] || fail "$file is missing"
done
"$root/usr/bin/headroom" export --help | grep -q '^usage: headroom export' || fail 'headroom does not find headroom-export'
grep -q '^ExecStart=/usr/sbin/headroomd --config /etc/headroom/headroom.yaml$' "$root/usr/lib/systemd/system/headroomd.service" ||
	fail 'the unit names another program'
"$root/usr/bin/headroom" policy check "$root/etc/headroom/headroom.yaml" >"$work/out" || fail 'the configuration is not right'
same 'the shipped configuration' 'mode observe' "$(grep -o 'mode observe' "$work/out")"
# Every example in it works as it stands.
sed -n '/^mode:/p; s/^#\([a-z]*:\)/\1/p; s/^#  /  /p' "$root/etc/headroom/headroom.yaml" >"$work/all.yaml"
"$root/usr/bin/headroom" policy check "$work/all.yaml" >"$work/out" || fail "its examples are not right: $(cat "$work/out")"
grep -q 'host-is-full' "$work/out" || fail 'its examples are not there'

# An existing configuration stays.
echo 'mode: dry-run' >"$root/etc/headroom/headroom.yaml"
install_at PREFIX=/usr
same 'their configuration' 'mode: dry-run' "$(cat "$root/etc/headroom/headroom.yaml")"
quiet make --no-print-directory CC="$compiler" uninstall DESTDIR="$root" PREFIX=/usr
same 'what is left' "$root/etc/headroom/headroom.yaml" "$(find "$root" -type f -o -type l)"

# Other folders: units and programs agree on them.
rm -rf "$root"
install_at PREFIX=/opt/h SYSCONFDIR=/opt/etc UNITDIR=/opt/units
grep -q '^ExecStart=/opt/h/sbin/headroomd --config /opt/etc/headroom/headroom.yaml$' "$root/opt/units/headroomd.service" ||
	fail 'the unit does not follow PREFIX and SYSCONFDIR'
[ ! -e "$root/usr" ] && [ ! -e "$root/etc" ] || fail 'something went elsewhere'

# A program of a user, with the installed headers and library.
if command -v cc >/dev/null; then
	cat >"$work/own.c" <<-'C'
		#include <headroom/reader.h>
		int main(void) { struct hr_reader *r; return hr_reader_open("/nowhere", &r) == 0; }
	C
	cc -I"$root/opt/h/include" -o "$work/own" "$work/own.c" "$root/opt/h/lib/libheadroom.a" -lz 2>"$work/out" ||
		fail "the library alone does not link: $(cat "$work/out")"
	"$work/own" || fail 'the library opens what is not there'
fi
