# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A few shapes of the backtest as real processes: most of the deaths are foreseen, and most of the quiet ones left in peace.
. "$(dirname "$0")/lib.sh"

[ -x tools/backtest-live ] || skip 'tools/backtest-live is not here'
[ -x "$build/tools/backtest" ] || skip 'the backtest is not built'
tools/backtest-live --quick >"$work/out" 2>&1
status=$?
sed '/^what each rule/,$d' "$work/out"
[ $status = 0 ] || fail "too little was foreseen, or too much: $(cat "$work/out")"
grep -q '^constant_leak  *killed' "$work/out" || fail 'the constant leak did not end as it must'
