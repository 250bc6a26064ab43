# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The exporter's page in headless Chromium, on a phone's width and a desk's, light and dark: nothing is wider than the screen, search and
# sorting work, its script is the one that its policy allows, incidents lead to post-mortems. Needs no daemon.
. "$(dirname "$0")/lib.sh"

need curl
browser=$(command -v chromium || command -v chromium-browser) || skip 'chromium is not here'
"$build/tools/make-incident" leak --board --out "$work/board" || fail 'no board'
port=$(tests/free-ports)
printf 'export: {prometheus: {listen: "127.0.0.1:%s"}}\n' $port >"$work/headroom.yaml"
scenario_clean_up() { kill "$exporter" 2>/dev/null && wait "$exporter"; }
"$build/headroom" export --config "$work/headroom.yaml" --board "$work/board" >"$work/export.log" 2>&1 &
exporter=$!
get() { curl -fsS --max-time 5 -o "${2:-$work/got}" "http://127.0.0.1:$port$1"; }
wait_for 10 get /healthz || { cat "$work/export.log" >&2 && fail 'the exporter does not answer'; }

wait_for 5 get / "$work/page.html" || fail 'no page'
report=$(grep -o '/report/[0-9A-Za-z-]*' "$work/page.html" | head -n 1)
[ "$report" ] || fail 'the page links to no report'
wait_for 10 get "$report" "$work/report.html" || fail "no $report"
grep -q 'OOM' "$work/report.html" || fail "$report is no post-mortem"
code=$(curl -s -o "$work/none" -w '%{http_code}' "http://127.0.0.1:$port/report/none")
case $code in 404 | 503) ;; *) fail "an unknown report: $code" ;; esac

browse() { # options and address
	timeout 60 "$browser" --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --user-data-dir="$work/profile" \
		--allow-file-access-from-files --dump-dom "$@" 2>"$work/said"
}
# Frames as wide as a phone and a desk, light and dark; the page around them types, clicks and measures.
cat >"$work/measure.html" <<'END'
<body><script>
for (const scheme of ['light', 'dark'])
	for (const width of [360, 1280]) {
		const f = document.createElement('iframe');
		f.src = 'page.html';
		f.style = 'border:0;height:800px;width:' + width + 'px;color-scheme:' + scheme;
		document.body.append(f);
	}
onload = () => {
	const out = [], grounds = new Set();
	for (const f of document.querySelectorAll('iframe')) {
		const d = f.contentDocument, rows = () => [...d.querySelector('tbody').rows], q = d.querySelector('#q');
		const wide = d.documentElement.scrollWidth <= f.clientWidth && d.querySelector('table').scrollWidth <= d.querySelector('main').clientWidth;
		const all = rows().length, first = rows()[0].dataset.t;
		q.value = first.slice(0, 5);
		q.dispatchEvent(new Event('input'));
		const found = rows().filter(r => !r.hidden).length;
		q.value = 'no such container';
		q.dispatchEvent(new Event('input'));
		const none = rows().filter(r => !r.hidden).length;
		d.querySelector('th.usage').click();
		const figures = rows().map(r => +r.querySelector('td.usage').dataset.v);
		out.push('fits ' + wide + ' found ' + (found > 0 && found <= all) + ' none ' + none + ' sorted ' + figures.every((v, i) => !i || v <= figures[i - 1]) +
			' mark ' + d.querySelector('th.usage').getAttribute('aria-sort'));
		grounds.add(f.contentWindow.getComputedStyle(d.body).backgroundColor);
	}
	document.body.textContent = 'MEASURED ' + out.join('; ') + '; grounds ' + grounds.size + ' END';
};
</script>
END
browse "file://$work/measure.html" | grep -o 'MEASURED.*END' >"$work/measured" || { tail -n 5 "$work/said" >&2 && fail 'the browser measured nothing'; }
[ "$(grep -o 'fits true found true none 0 sorted true mark descending' "$work/measured" | wc -l)" = 4 ] || fail "page: $(cat "$work/measured")"
grep -q 'grounds 2 END' "$work/measured" || fail "light and dark have the same ground: $(cat "$work/measured")"

# From the exporter itself, its script runs: it fills in the times.
sleep 1 # the exporter spares itself between two pages
browse "http://127.0.0.1:$port/" >"$work/dom"
grep -q '<time data-s="[0-9]*">[^<]' "$work/dom" || fail 'its script does not run: see Content-Security-Policy'
