// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What `headroom policy init` looks for, and its profiles. */
#include "policy_init.h"

#include "base/cleanup.h"

/* Where the field has several names, those of Debian, Fedora and Arch. Java programs have no process name of their own. */
const struct init_item init_items[] = {
	{INIT_DATABASE, "PostgreSQL", {"postgres*.service"}, {"postgres"}, {"*postgres*"}},
	{INIT_DATABASE,
	 "MySQL or MariaDB",
	 {"mysql*.service", "mariadb*.service"},
	 {"mysqld", "mariadbd"},
	 {"*mysql*", "*mariadb*"}},
	{INIT_DATABASE, "MongoDB", {"mongod*.service"}, {"mongod"}, {"*mongo*"}},
	{INIT_DATABASE,
	 "Redis or Valkey",
	 {"redis*.service", "valkey*.service"},
	 {"redis-server", "valkey-server"},
	 {"*redis*", "*valkey*"}},
	{INIT_DATABASE, "etcd", {"etcd*.service"}, {"etcd"}, {"*etcd*"}},
	{INIT_DATABASE,
	 "ClickHouse",
	 {"clickhouse-server*.service"},
	 {"clickhouse-server"},
	 {"*clickhouse*"}},
	{INIT_DATABASE, "InfluxDB", {"influxd*.service"}, {"influxd"}, {"*influxdb*"}},
	{INIT_DATABASE,
	 "Elasticsearch or OpenSearch",
	 {"elasticsearch*.service", "opensearch*.service"},
	 {NULL},
	 {"*elasticsearch*", "*opensearch*"}},
	{INIT_DATABASE, "Cassandra", {"cassandra*.service"}, {NULL}, {"*cassandra*"}},
	{INIT_DATABASE, "CouchDB", {"couchdb*.service"}, {NULL}, {"*couchdb*"}},
	{INIT_DATABASE, "RabbitMQ", {"rabbitmq-server*.service"}, {NULL}, {"*rabbitmq*"}},
	{INIT_DATABASE, "SQL Server", {"mssql-server*.service"}, {"sqlservr"}, {"*mssql*"}},
	{INIT_DATABASE, "OpenLDAP", {"slapd*.service"}, {"slapd"}, {"*openldap*"}},
	{INIT_DATABASE, "Ceph", {"ceph-osd@*", "ceph-mon@*"}, {"ceph-osd", "ceph-mon"}, {NULL}},

	{INIT_ACCESS, "NetworkManager", {"NetworkManager.service"}, {"NetworkManager"}, {NULL}},
	{INIT_ACCESS, "DHCP client", {"dhcpcd*.service"}, {"dhcpcd", "dhclient"}, {NULL}},
	{INIT_ACCESS,
	 "Wi-Fi",
	 {"wpa_supplicant*.service", "iwd.service"},
	 {"wpa_supplicant", "iwd"},
	 {NULL}},
	{INIT_ACCESS, "Dropbear", {"dropbear*.service"}, {"dropbear"}, {NULL}},
	{INIT_ACCESS, "OpenVPN", {"openvpn*.service"}, {"openvpn"}, {NULL}},
	{INIT_ACCESS, "Tailscale", {"tailscaled.service"}, {"tailscaled"}, {NULL}},

	{INIT_DESKTOP, "GDM", {"gdm.service", "gdm3.service"}, {"gdm3", "gdm"}, {NULL}},
	{INIT_DESKTOP, "SDDM", {"sddm.service"}, {"sddm"}, {NULL}},
	{INIT_DESKTOP, "LightDM", {"lightdm.service"}, {"lightdm"}, {NULL}},
	{INIT_DESKTOP, "greetd", {"greetd.service"}, {"greetd"}, {NULL}},
	{INIT_DESKTOP, "X server", {NULL}, {"Xorg", "Xwayland"}, {NULL}},
	{INIT_DESKTOP, "GNOME", {NULL}, {"gnome-shell", "gnome-session-binary"}, {NULL}},
	{INIT_DESKTOP,
	 "KDE Plasma",
	 {NULL},
	 {"plasmashell", "kwin_wayland", "kwin_x11", "ksmserver"},
	 {NULL}},
	{INIT_DESKTOP, "Xfce", {NULL}, {"xfce4-session", "xfwm4", "xfce4-panel"}, {NULL}},
	{INIT_DESKTOP, "Cinnamon", {NULL}, {"cinnamon", "cinnamon-session"}, {NULL}},
	{INIT_DESKTOP, "MATE", {NULL}, {"mate-session", "marco", "mate-panel"}, {NULL}},
	{INIT_DESKTOP, "LXQt", {NULL}, {"lxqt-session", "lxqt-panel"}, {NULL}},
	{INIT_DESKTOP, "window manager", {NULL}, {"sway", "Hyprland", "i3", "openbox"}, {NULL}},
	{INIT_DESKTOP, "PipeWire", {NULL}, {"pipewire", "pipewire-pulse", "wireplumber"}, {NULL}},

	{INIT_RUNNER, "GitLab Runner", {"gitlab-runner*.service"}, {"gitlab-runner"}, {NULL}},
	{INIT_RUNNER,
	 "GitHub Actions",
	 {"actions.runner.*.service"},
	 {"Runner.Listener", "Runner.Worker"},
	 {NULL}},
	{INIT_RUNNER,
	 "Gitea or Forgejo runner",
	 {"act_runner*.service", "gitea-runner*.service", "forgejo-runner*.service"},
	 {"act_runner", "gitea-runner", "forgejo-runner"},
	 {NULL}},
	{INIT_RUNNER, "Buildkite", {"buildkite-agent*.service"}, {"buildkite-agent"}, {NULL}},
	{INIT_RUNNER, "Woodpecker", {"woodpecker-agent*.service"}, {"woodpecker-agent"}, {NULL}},
	{INIT_RUNNER, "Drone", {"drone-runner*.service"}, {"drone-runner-exec"}, {NULL}},
	{INIT_RUNNER,
	 "Azure Pipelines",
	 {"vsts.agent.*.service"},
	 {"Agent.Listener", "Agent.Worker"},
	 {NULL}},
	{INIT_RUNNER, "Jenkins agent", {"jenkins-agent*.service"}, {NULL}, {NULL}},

	{INIT_ENGINE,
	 "Docker",
	 {"docker.service", "snap.docker.dockerd.service"},
	 {"dockerd"},
	 {NULL}},
	{INIT_ENGINE, "containerd", {"containerd.service"}, {"containerd"}, {NULL}},
	{INIT_ENGINE, "CRI-O", {"crio.service"}, {"crio"}, {NULL}},
	{INIT_ENGINE, "Podman", {"podman.service"}, {"podman"}, {NULL}},
	{INIT_ENGINE,
	 "LXC, LXD or Incus",
	 {"lxc.service", "lxd.service", "incus.service"},
	 {"lxc-start", "lxd", "incusd"},
	 {NULL}},
	{INIT_ENGINE,
	 "Kubernetes",
	 {"kubelet.service", "k3s*.service", "rke2-*.service", "k0s*.service"},
	 {"kubelet", "k3s", "k0s"},
	 {NULL}},
};
const unsigned int init_item_count = ARRAY_SIZE(init_items);
_Static_assert(ARRAY_SIZE(init_items) <= INIT_ITEMS, "init_host has a place for each item");

#define GROWS          ", growth: 10MiB/min"
#define LARGE          ", rss: 64MiB"
#define END_PROCESSES  "notify, {term: 5s}, kill"
#define END_CONTAINERS "notify, {term: 10s}, kill"
#define HOLDS_MOST     "Still short: nothing grows, or ending it was not enough. Ends the largest."
#define NOTICE                                                                          \
	{                                                                               \
		"runs-out", "An event a quarter of an hour ahead; nothing is ended.",   \
			INIT_WORKLOADS, INIT_ALWAYS, "oom_in: 15m, age: 10m", "notify", \
			"    cooldown: 30m\n"                                           \
	}
#define LEAKS                                                                               \
	{                                                                                   \
		"slow-leaks", "An event for each leak; nothing is ended.", INIT_WORKLOADS,  \
			INIT_ALWAYS, "leak: suspected, growth: 50MiB/h, age: 1h", "notify", \
			"    cooldown: 6h\n"                                                \
	}

#define GROWING_CONTAINERS                                                                  \
	{                                                                                   \
		"growing-containers",                                                       \
			"Memory of the host runs short: ends the container that fills it.", \
			INIT_CONTAINERS, INIT_EARLY, GROWS, END_CONTAINERS, ""              \
	}
#define LARGEST_CONTAINER                                                                        \
	{                                                                                        \
		"largest-container", HOLDS_MOST, INIT_CONTAINERS, INIT_LATE, "", END_CONTAINERS, \
			""                                                                       \
	}

/* A policy on the host's memory takes what grows while there is time, and later the largest. Processes and containers are policies of
 * their own: one policy for both would match everything, which `policy check` warns of. `growth` keeps the first of them from ending
 * what did not make the host short. */
const struct init_profile init_profiles[] = {
	{"small-host",
	 "a small host",
	 {8, 5, 2},
	 {4, 2, 1},
	 INIT_KIND(INIT_DATABASE) | INIT_KIND(INIT_ACCESS),
	 true,
	 {NULL},
	 "{kills: 3, per: 10m}",
	 {
		 {"growing-processes",
		  "Memory of the host runs short: ends the process group (a build, a script, the "
		  "processes of a service) that fills it, not the largest one.",
		  INIT_PROCESSES, INIT_EARLY, GROWS LARGE, END_PROCESSES, ""},
		 GROWING_CONTAINERS,
		 {"largest-process", HOLDS_MOST, INIT_PROCESSES, INIT_LATE, LARGE, END_PROCESSES,
		  ""},
		 LARGEST_CONTAINER,
		 LEAKS,
	 }},
	{"container-host",
	 "a host of containers",
	 {8, 5, 2},
	 {4, 2, 1},
	 INIT_KIND(INIT_DATABASE) | INIT_KIND(INIT_ACCESS),
	 true,
	 {NULL},
	 "{kills: 3, per: 10m}",
	 {
		 {"leak-reaches-limit",
		  "A leak is certain and the limit is minutes away: SIGTERM with time to shut "
		  "down, before the kernel's SIGKILL. Docker's restart policy on-failure leaves "
		  "alone what ends with status 0: then take in on_exit.",
		  INIT_CONTAINERS, INIT_ALWAYS, "leak: confirmed, oom_in: 3m",
		  "notify, {term: 30s}, kill",
		  "    #on_exit: {run: [docker, start, \"{name}\"], run_as: root}\n"},
		 GROWING_CONTAINERS,
		 LARGEST_CONTAINER,
		 NOTICE,
		 LEAKS,
	 }},
	{"kubernetes-node",
	 "a Kubernetes node",
	 {5, 5, 2},
	 {3, 3, 1},
	 INIT_KIND(INIT_DATABASE) | INIT_KIND(INIT_ACCESS),
	 false,
	 {"namespace:kube-system", "namespace:headroom"},
	 "{kills: 3, per: 10m}",
	 {
		 {"leak-reaches-limit",
		  "A leak is certain and the limit is minutes away: SIGTERM with time to shut "
		  "down, before the kernel's SIGKILL. The kubelet restarts it.",
		  INIT_PODS, INIT_ALWAYS, "leak: confirmed, oom_in: 3m",
		  "notify, {term: 30s}, kill", ""},
		 {"growing-pods",
		  "Memory of the node runs short: ends the container that fills it and is over "
		  "its request, before the kernel takes any process of the node.",
		  INIT_PODS, INIT_EARLY, GROWS, END_CONTAINERS, ""},
		 {"largest-pod", HOLDS_MOST, INIT_PODS, INIT_LATE, "", END_CONTAINERS, ""},
		 NOTICE,
	 }},
	{"ci-runner",
	 "a host that runs CI jobs",
	 {10, 6, 2},
	 {5, 3, 1},
	 INIT_KIND(INIT_DATABASE) | INIT_KIND(INIT_ACCESS) | INIT_KIND(INIT_RUNNER),
	 true,
	 {NULL},
	 "{kills: 10, per: 10m} # jobs can be started again",
	 {
		 {"growing-job",
		  "Memory of the host runs short: ends the job that fills it. The runner itself "
		  "stays, and reports the job as failed.",
		  INIT_JOBS, INIT_EARLY, GROWS LARGE, END_PROCESSES, ""},
		 GROWING_CONTAINERS,
		 {"largest-job", HOLDS_MOST, INIT_JOBS, INIT_LATE, LARGE, END_PROCESSES, ""},
		 LARGEST_CONTAINER,
		 LEAKS,
	 }},
	{"desktop",
	 "a desktop",
	 {8, 5, 2},
	 {4, 2, 1},
	 INIT_KIND(INIT_DATABASE) | INIT_KIND(INIT_ACCESS) | INIT_KIND(INIT_DESKTOP),
	 true,
	 {NULL},
	 "{kills: 3, per: 10m}",
	 {
		 {"growing-application",
		  "Memory runs short: ends the application that fills it, before the desktop "
		  "hangs.",
		  INIT_APPS, INIT_EARLY, GROWS LARGE, END_PROCESSES, ""},
		 GROWING_CONTAINERS,
		 {"largest-in-session", HOLDS_MOST, INIT_SESSIONS, INIT_LATE, LARGE, END_PROCESSES,
		  ""},
		 LARGEST_CONTAINER,
		 LEAKS,
	 }},
	{0},
};

const char *init_profile_word(size_t i)
{
	return i < ARRAY_SIZE(init_profiles) ? init_profiles[i].word : NULL;
}
