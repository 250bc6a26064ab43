# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A process outside containers hides its memory from a policy about the host's memory: in one process. It is taken, and the
# innocent process beside it lives.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"
. "$(dirname "$0")/attack-host.inc"
other='env HOG_UID=65534'

attack 'its main thread has ended' 200 '' thread 200
attack 'the init of a pid namespace' 200 '' init 200
attack 'another process group every moment' 200 '' hop 200
attack 'the name of a runtime' 200 '' runtime 200
attack 'behind 300 sessions' 200 '' crowd 200 300
attack 'its executable deleted' 200 '' deleted 200
attack 'shared memory' 200 '' shmem 200
attack 'a memfd' 200 '' memfd 200
attack 'the child of a vfork' 200 '' vfork 200
attack 'another name every moment' 200 '' names 200
attack 'another process every 100 ms' 200 "$other" relay 200
attack 'a set-user-ID program' 200 "$other" helper 200 "$bin/$evil-"
