# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Docker: `docker rename` and `docker update` of running containers. See rename.inc.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/engine.inc"
. "$(dirname "$0")/docker.inc"
. "$(dirname "$0")/action.inc"
. "$(dirname "$0")/rename.inc"

containers='web web_old web_new'
docker_start
engine=docker run='' image=headroom-test:busybox
rename_scenario web web_new docker
