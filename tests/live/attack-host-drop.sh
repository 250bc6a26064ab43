# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A hog outside containers that gives its memory back every 100 ms and takes it again: at the moment of the choice it may hold less
# than the innocent process beside it. What it held decides.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"
. "$(dirname "$0")/attack-host.inc"
other='env HOG_UID=65534'
innocent_mib=30 # beside a load the hog takes its memory slowly, and has half of it for long
freed_least=-1 # at the moment of its end
hog_gone() { [ "$(grep -c . "$(group_dir g)/cgroup.procs")" -le 1 ]; }

attack 'another program every 100 ms' 200 '' exec 200
attack 'a fresh process every 100 ms' 200 "$other" regrow 200
attack 'shared memory, a fresh process every 100 ms' 200 "$other" handed 200
# Two processes hold it while one writes and the other reads, and the other may go on with what it has.
sed -i 's/kills: 1/kills: 3/' "$work/config"
hog_gone() { [ "$(held)" -lt "$1" ]; }
attack 'through a pipe to a fresh process' 200 "$other" piped 200
