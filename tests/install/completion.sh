# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Completion, as the shells do it: commands, parts, options, their values, and names of containers: only those without
# a meaning to the shell, and without waiting for a board that does not answer.
. "$(dirname "$0")/lib.sh"

need bash
for shell in bash zsh fish; do
	tools/completion $shell "$build" >"$work/headroom.$shell" || fail "tools/completion $shell"
	[ -s "$work/headroom.$shell" ] || fail "nothing for $shell"
done

# In place of headroom: a board with names of all kinds; or one that is stuck.
mkdir "$work/bin"
cat >"$work/bin/headroom" <<-'S'
	#!/bin/sh
	[ ! -e "$0.stuck" ] || exec sleep 20
	printf '%s' '{"containers":[{"name":"web-1","usage":1},{"name":"web-2"},{"name":"$(touch stolen)"},' \
		'{"image":"x","name":"a b;c"},{"name":"shop/cart-7f/cart"},{"name":"\"quoted\""}]}'
S
chmod +x "$work/bin/headroom"

cat >"$work/try.bash" <<-'S'
	. "$1" && shift
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
	_headroom
	printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' '
S
offers() { (cd "$work" && PATH=$work/bin:$PATH bash try.bash headroom.bash "$@" | sed 's/ *$//'); }
same 'a command' 'explain export' "$(offers headroom ex)"
same 'an option' '--sort' "$(offers headroom ls --so)"
same 'its words' 'kills' "$(offers headroom ls --sort ki)"
same 'after a value' '--json' "$(offers headroom ls --sort kills --js)"
same 'a list' 'oom_kill,risk' "$(offers headroom events --type oom_kill,ri)"
same 'parts' 'check import init test' "$(offers headroom policy '')"
same 'an option of a part' '--replay' "$(offers headroom policy test x.yaml --re)"
same 'words of an argument' 'earlyoom' "$(offers headroom policy import ea)"
same 'a word among names' 'latest' "$(offers headroom report la)"
same 'a command for an action' 'throttle' "$(offers headroom th)"
same 'parts of the daemon command' 'pause ping reload resume' "$(offers headroom daemon '')"
same 'a signal' 'USR1 USR2' "$(offers headroom term web-1 --signal USR)"
same 'containers' 'shop/cart-7f/cart web-1 web-2' "$(offers headroom term '')"
same 'one container' 'web-1 web-2' "$(offers headroom explain we)"
same 'the daemon' 'enforce' "$(offers headroomd --mode en)"
same 'files' 'try.bash' "$(offers headroom policy check try)"
same 'too many' '' "$(offers headroom check x)"
[ ! -e "$work/stolen" ] || fail 'a name was run'
touch "$work/bin/headroom.stuck"
before=$(cut -d. -f1 /proc/uptime)
same 'no board' '' "$(offers headroom explain we)"
[ $(($(cut -d. -f1 /proc/uptime) - before)) -le 10 ] || fail 'a board that is stuck keeps the shell waiting'
rm "$work/bin/headroom.stuck"

if command -v fish >/dev/null; then
	fish() { (cd "$work" && HOME=$work PATH=$work/bin:$PATH command fish -N -c "source headroom.fish; complete -C '$1'" | cut -f 1 | sort | tr '\n' ' ' | sed 's/ *$//'); }
	same 'fish: a command' 'explain export' "$(fish 'headroom ex')"
	same 'fish: an option' '--sort' "$(fish 'headroom ls --so')"
	same 'fish: its words' 'kills' "$(fish 'headroom ls --sort ki')"
	same 'fish: parts' 'check import init test' "$(fish 'headroom policy ')"
	same 'fish: an option of a part' '--replay' "$(fish 'headroom policy test x --re')"
	same 'fish: containers' 'web-1 web-2' "$(fish 'headroom explain we')"
	same 'fish: the daemon' 'enforce' "$(fish 'headroomd --mode en')"
else
	echo 'fish is not here: its completion was not tried'
fi

if command -v zsh >/dev/null; then
	zsh -fn "$work/headroom.zsh" || fail 'zsh: syntax'
	# As typed: a shell in a terminal of its own, one Tab, and a key that writes down what stands on its line then.
	cat >"$work/try.zsh" <<-'S'
		zmodload zsh/zpty
		zpty try zsh -f -i
		zpty -w try "PS1= fpath=($PWD \$fpath); autoload -Uz compinit; compinit -D -u; bindkey '^I' complete-word
			line() { print -r -- \$BUFFER >$PWD/line.new && mv $PWD/line.new $PWD/line; zle send-break; }
			zle -N line; bindkey '^X' line; print REA''DY"
		zpty -r -m try got '*READY*' || exit 1
		zpty -n -w try "$1"$'\t\x18'
		for ((n = 0; n < 200; n++)); do [[ -e line ]] && break; sleep 0.05; done
		zpty -d try
		[[ -e line ]] && cat line
	S
	cp "$work/headroom.zsh" "$work/_headroom"
	zsh_line() { (cd "$work" && rm -f line && PATH=$work/bin:$PATH timeout 30 zsh -f try.zsh "$1" | sed 's/ *$//'); }
	same 'zsh: a command' 'headroom explain' "$(zsh_line 'headroom expl')"
	same 'zsh: an option' 'headroom events --follow' "$(zsh_line 'headroom events --fo')"
	same 'zsh: its words' 'headroom ls --sort kills' "$(zsh_line 'headroom ls --sort kil')"
	same 'zsh: an option of a part' 'headroom policy test x --replay' "$(zsh_line 'headroom policy test x --rep' | sed 's/=$//')"
	same 'zsh: a container' 'headroom explain shop/cart-7f/cart' "$(zsh_line 'headroom explain shop')"
else
	echo 'zsh is not here: its completion was not tried'
fi
