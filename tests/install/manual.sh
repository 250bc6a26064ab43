# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Manual pages: one for every command, naming the options that it has and no other, without a complaint of the typesetters.
. "$(dirname "$0")/lib.sh"

pages=$work/man
tools/manual "$build" "$pages" || fail 'tools/manual'
if command -v mandoc >/dev/null; then
	render() { mandoc -T utf8 -O width=200 "$1" | col -b; }
elif command -v groff >/dev/null; then
	render() { groff -k -Tutf8 -mdoc "$1" | col -bx; }
else
	skip 'neither mandoc nor groff is here'
fi
options() { grep -oE '(^|[^a-z-])--[a-z][a-z-]*' | grep -oE -- '--.*' | sort -u | tr '\n' ' '; }

commands=$("$build/headroom" --help | sed -n 's/^  \([a-z]\{1,\}\)  *.*/\1/p')
[ "$(printf '%s\n' "$commands" | wc -l)" -ge 11 ] || fail "the list of commands was not read: $commands"
for command in $commands; do
	page=$pages/headroom-$command.1
	[ -s "$page" ] || fail "no page for $command"
	grep -q '^\.Sh EXAMPLES' "$page" || fail "$command: no examples: docs/man/headroom-$command.mdoc"
	render "$page" >"$work/page"
	for part in '' $("$build/headroom" "$command" --help | sed -n 's/^usage: headroom '"$command"' \([a-z|]*\) .*/\1/p' | tr '|' ' '); do
		"$build/headroom" "$command" ${part:+"$part"} --help
	done | grep -E '^  (-h, )?--' | sed 's/^\(  [^ ]*, --help\|  --[a-z-]*\).*/\1/' | options >"$work/has"
	sed -n '/^OPTIONS/,/^EXIT/p' "$work/page" | grep -E '^ +(-h, )?--' | sed 's/^ *\(-h, \)\{0,1\}\(--[a-z-]*\).*/\2/' | options >"$work/says"
	same "the options of $command" "$(cat "$work/has")" "$(cat "$work/says")"
	grep -q "headroom-$command" "$pages/headroom.1" || fail "headroom(1) does not name $command"
done
"$build/headroomd" --help | grep -E '^  --' | sed 's/^\(  --[a-z-]*\).*/\1/' | options >"$work/has"
render "$pages/headroomd.8" | sed -n '/^OPTIONS/,/^FILES/p' | grep -E '^ +--' | sed 's/^ *\(--[a-z-]*\).*/\1/' | options >"$work/says"
same 'the options of headroomd' "$(cat "$work/has")" "$(cat "$work/says")"

# The example of headroom.yaml(5) is one.
sed -n '/^\.Bd -literal/,/^\.Ed/p' "$pages/headroom.yaml.5" | sed '/^\./d' >"$work/example.yaml"
"$build/headroom" policy check "$work/example.yaml" >"$work/out" 2>&1 || fail "headroom.yaml(5): $(cat "$work/out")"

for page in "$pages"/*; do
	if command -v mandoc >/dev/null; then
		mandoc -T lint -W warning "$page" >"$work/lint" || fail "$(cat "$work/lint")"
	fi
	if command -v groff >/dev/null; then
		said=$(groff -k -ww -Tutf8 -mdoc "$page" 2>&1 >/dev/null)
		[ -z "$said" ] || fail "$page: $said"
	fi
done
