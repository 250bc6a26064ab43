# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A few shapes of the backtest as real processes: most OOM kills are forecast, and most quiet processes raise no alarm.
. "$(dirname "$0")/lib.sh"

[ -x tools/backtest-live ] || skip 'tools/backtest-live is not here'
[ -x "$build/tools/backtest" ] || skip 'the backtest is not built'
tools/backtest-live --quick >"$work/out" 2>&1
status=$?
sed '/^what each rule/,$d' "$work/out"
[ $status = 0 ] || fail "too few forecasts, or too many: $(cat "$work/out")"
grep -q '^constant_leak  *killed' "$work/out" || fail 'the constant leak did not end as it must'
