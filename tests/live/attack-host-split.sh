# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A hog outside containers splits its memory over many processes, none of which is large: what they have in common is found, and
# they are taken together. The innocent process beside them lives.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"
. "$(dirname "$0")/attack-host.inc"
other='env HOG_UID=65534'

attack 'forty process groups of one session' 200 '' groups 200 40
attack '300 sessions of one user' 300 "$other" sessions 300 300
attack 'forty orphans, each in a session' 200 "$other" orphans 200 40
