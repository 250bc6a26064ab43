# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# What ls says is what the cgroup's files say, and what follows from them by definition.
. "$(dirname "$0")/lib.sh"

limit=134217728
group_make steady $limit || fail 'cannot make a group'
# Some of everything. Clean cache needs a real file system below it, which a VM has not.
disk=$(mktemp -d /tmp/headroom-cached.XXXXXX)
scenario_clean_up() { rm -rf "$disk"; }
in_group steady "$workload" hold 30MB &
in_group steady "$workload" tmpfs 8MiB &
want=38000000
[ -n "${HEADROOM_VM:-}" ] || { in_group steady "$workload" cache "$disk/file" 16MiB & want=54000000; }
dir=$(group_dir steady)
usage_file=$dir/$([ $v = 2 ] && echo memory.current || echo memory.usage_in_bytes)
grown() { [ "$(cat "$usage_file")" -gt $want ]; }
wait_for 5 grown || fail 'the group did not grow'
# The sweep goes round every second, the processes are read every five.
known() { # a rate is known with the second sweep
	snapshot | ask "$(entry steady) | select(.usage_bytes > $want and .rss_bytes > 29000000 and ($v == 1 or .refaults_per_second != null))"
}
wait_for 12 known || { snapshot | jq -c "$(entry steady)" >&2 && fail 'the group, or its processes, are not on the board'; }

stat() { awk -v key="$1" '$1 == key { print $2 }' "$dir/memory.stat"; }
near() { # key of the snapshot, value: equal but for 1 MiB (the kernel itself is that late)
	ask "$(entry steady) | .$1 - $2 | fabs <= 1048576" <"$work/ls" >/dev/null ||
		{ jq "$(entry steady)" "$work/ls" >&2; fail "$1 differs from the kernel's $2"; }
}
snapshot >"$work/ls"
near usage_bytes "$(cat "$usage_file")"
near limit_bytes $limit
near anon_bytes "$(if [ $v = 2 ]; then stat anon; else stat rss; fi)"
near file_bytes "$(if [ $v = 2 ]; then stat file; else stat cache; fi)"
near shmem_bytes "$(stat shmem)"
near working_set_bytes $(($(cat "$usage_file") - $(stat inactive_file)))
jq "$(entry steady)" "$work/ls" >"$work/it"
expect '.shmem_bytes >= 7340032' <"$work/it"
# Clean cache counts as free.
[ -n "${HEADROOM_VM:-}" ] || expect '.usage_bytes - .unreclaimable_bytes >= 15000000' <"$work/it"
expect '.binding.level == "own" and .binding.limit_bytes == '$limit <"$work/it"
expect '.unreclaimable_bytes <= .usage_bytes and .unreclaimable_bytes >= .anon_bytes + .shmem_bytes - 1048576' <"$work/it"
expect '.headroom_bytes - (.limit_bytes - .unreclaimable_bytes) | fabs <= 1048576' <"$work/it"
expect '.rss_bytes >= 29000000 and .pids >= 2' <"$work/it"
expect ".refaults_per_second $([ "$v" = 2 ] && echo '>= 0' || echo '== null')" <"$work/it"
expect "$([ "$v" = 2 ] && echo '.sock_bytes == 0 and .kernel_stack_bytes >= 0 and .slab_unreclaimable_bytes >= 0' || echo '.sock_bytes == null and .page_tables_bytes == null')" <"$work/it"
expect '.processes | length >= 1 and .[0].rss_bytes >= 29000000' <"$work/it"
