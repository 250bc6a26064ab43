// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Cgroup paths as they stand on real hosts, and what each alone tells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "identify/identity.h"

#define ID     "3f4a9c0d1e2b5f6a7b8c9d0e1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c"
#define SHORT  "3f4a9c0d1e2b"
#define ID2    "aa4a9c0d1e2b5f6a7b8c9d0e1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3bbb"
#define SHORT2 "aa4a9c0d1e2b"
#define P      "1c2d3e4f-5a6b-7c8d-9e0f-a1b2c3d4e5f6"
#define P_     "1c2d3e4f_5a6b_7c8d_9e0f_a1b2c3d4e5f6"
#define STATIC "0123456789abcdef0123456789abcdef"
#define KIND   "/docker/" ID2 "/kubelet.slice/kubelet-kubepods.slice"
#define USER   "/user.slice/user-1000.slice/user@1000.service"

enum {
	NONE = HR_RUNTIME_NONE,
	DOCKER = HR_RUNTIME_DOCKER,
	CONTAINERD = HR_RUNTIME_CONTAINERD,
	CRIO = HR_RUNTIME_CRIO,
	PODMAN = HR_RUNTIME_PODMAN,
	NERDCTL = HR_RUNTIME_NERDCTL,
	LXC = HR_RUNTIME_LXC,
	SYSTEMD = HR_RUNTIME_SYSTEMD,
	NSPAWN = HR_RUNTIME_NSPAWN,
	SLURM = HR_RUNTIME_SLURM,
};
enum {
	GROUP = HR_KIND_GROUP,
	CONTAINER = HR_KIND_CONTAINER,
	UNIT = HR_KIND_UNIT,
	POD = HR_KIND_POD,
	SANDBOX = HR_KIND_SANDBOX,
};

struct row {
	const char *path;
	int runtime, kind;
	const char *id, *pod_uid, *unit, *name;
	unsigned int uid;
};

static const struct row rows[] = {
	/* Kubernetes, systemd driver */
	{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" P_
	 ".slice/cri-containerd-" ID ".scope",
	 CONTAINERD, CONTAINER, ID, P, "", SHORT, 0},
	{"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" P_
	 ".slice/cri-containerd-" ID ".scope",
	 CONTAINERD, CONTAINER, ID, P, "", SHORT, 0},
	{"/kubepods.slice/kubepods-pod" P_ ".slice/cri-containerd-" ID ".scope", CONTAINERD,
	 CONTAINER, ID, P, "", SHORT, 0},
	{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" P_ ".slice/crio-" ID
	 ".scope",
	 CRIO, CONTAINER, ID, P, "", SHORT, 0},
	{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" P_ ".slice/crio-" ID
	 ".scope/container",
	 CRIO, GROUP, ID, P, "", SHORT, 0},
	{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" P_ ".slice/docker-" ID
	 ".scope",
	 DOCKER, CONTAINER, ID, P, "", SHORT, 0},
	{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" P_
	 ".slice/crio-conmon-" ID ".scope",
	 CRIO, SANDBOX, ID, P, "", "crio-conmon-" ID ".scope", 0},
	{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" P_ ".slice", NONE, POD,
	 "", P, "", "kubepods-burstable-pod" P_ ".slice", 0},
	{"/kubepods.slice/kubepods-pod" P_ ".slice", NONE, POD, "", P, "",
	 "kubepods-pod" P_ ".slice", 0},
	{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" STATIC
	 ".slice/cri-containerd-" ID ".scope",
	 CONTAINERD, CONTAINER, ID, STATIC, "", SHORT, 0},
	{"/kubepods.slice/kubepods-burstable.slice", SYSTEMD, GROUP, "", "",
	 "kubepods-burstable.slice", "kubepods-burstable.slice", 0},
	{"/kubepods.slice", SYSTEMD, GROUP, "", "", "kubepods.slice", "kubepods.slice", 0},
	/* Kubernetes, cgroupfs driver */
	{"/kubepods/burstable/pod" P "/" ID, CONTAINERD, CONTAINER, ID, P, "", SHORT, 0},
	{"/kubepods/besteffort/pod" P "/" ID, CONTAINERD, CONTAINER, ID, P, "", SHORT, 0},
	{"/kubepods/pod" P "/" ID, CONTAINERD, CONTAINER, ID, P, "", SHORT, 0},
	{"/kubepods/burstable/pod" P "/crio-" ID, CRIO, CONTAINER, ID, P, "", SHORT, 0},
	{"/kubepods/burstable/pod" P "/crio-conmon-" ID, CRIO, SANDBOX, ID, P, "",
	 "crio-conmon-" ID, 0},
	{"/kubepods/burstable/pod" P, NONE, POD, "", P, "", "pod" P, 0},
	{"/kubepods/burstable/pod" STATIC "/" ID, CONTAINERD, CONTAINER, ID, STATIC, "", SHORT, 0},
	{"/kubepods/burstable", NONE, GROUP, "", "", "", "burstable", 0},
	{"/kubepods", NONE, GROUP, "", "", "", "kubepods", 0},
	{"/custom/root/kubepods/burstable/pod" P "/" ID, CONTAINERD, CONTAINER, ID, P, "", SHORT,
	 0},
	/* driver mismatch */
	{"/system.slice/containerd.service/kubepods-burstable-pod" P_ ".slice:cri-containerd:" ID,
	 CONTAINERD, CONTAINER, ID, P, "", SHORT, 0},
	{"/kubepods-besteffort-pod" P_ ".slice:cri-containerd:" ID, CONTAINERD, CONTAINER, ID, P,
	 "", SHORT, 0},
	{"/kubepods-pod" P_ ".slice:crio:" ID, CRIO, CONTAINER, ID, P, "", SHORT, 0},
	{"/system.slice:docker:" ID, DOCKER, CONTAINER, ID, "", "", SHORT, 0},
	/* nested: kind, minikube, a cgroup namespace that is not ours */
	{KIND "/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod" P_
	      ".slice/cri-containerd-" ID ".scope",
	 CONTAINERD, CONTAINER, ID, P, "", SHORT, 0},
	{KIND "/kubelet-kubepods-pod" P_ ".slice/cri-containerd-" ID ".scope", CONTAINERD,
	 CONTAINER, ID, P, "", SHORT, 0},
	{KIND "/kubelet-kubepods-pod" P_ ".slice", NONE, POD, "", P, "",
	 "kubelet-kubepods-pod" P_ ".slice", 0},
	{KIND "/kubelet-kubepods-burstable.slice", DOCKER, GROUP, ID2, "", "", SHORT2, 0},
	{KIND, DOCKER, GROUP, ID2, "", "", SHORT2, 0},
	{"/docker/" ID2 "/system.slice/containerd.service", DOCKER, GROUP, ID2, "",
	 "containerd.service", SHORT2, 0},
	{"/docker/" ID2 "/kubelet/kubepods/besteffort/pod" P "/" ID, CONTAINERD, CONTAINER, ID, P,
	 "", SHORT, 0},
	{"/system.slice/docker-" ID2 ".scope/kubepods/burstable/pod" P "/" ID, CONTAINERD,
	 CONTAINER, ID, P, "", SHORT, 0},
	{"/kubepods/burstable/pod" P "/" ID2 "/docker/" ID, DOCKER, CONTAINER, ID, P, "", SHORT, 0},
	{"/../../docker/" ID, DOCKER, CONTAINER, ID, "", "", SHORT, 0},
	/* Docker */
	{"/docker/" ID, DOCKER, CONTAINER, ID, "", "", SHORT, 0},
	{"/system.slice/docker-" ID ".scope", DOCKER, CONTAINER, ID, "", "", SHORT, 0},
	{"/system.slice/docker-" ID ".scope/init.scope", DOCKER, GROUP, ID, "", "init.scope", SHORT,
	 0},
	{"/system.slice/docker-" ID ".scope/system.slice/nginx.service", DOCKER, GROUP, ID, "",
	 "nginx.service", SHORT, 0},
	{"/ecs/8d5f1c2e-1111-2222-3333-444455556666/" ID, DOCKER, CONTAINER, ID, "", "", SHORT, 0},
	{"/ecs/mycluster/8d5f1c2e11112222333344445555aaaa/" ID, DOCKER, CONTAINER, ID, "", "",
	 SHORT, 0},
	{"/ecstasks.slice/ecstasks-8d5f1c2e11112222333344445555aaaa.slice/docker-" ID ".scope",
	 DOCKER, CONTAINER, ID, "", "", SHORT, 0},
	{USER "/user.slice/docker-" ID ".scope", DOCKER, CONTAINER, ID, "", "", SHORT, 1000},
	{"/docker", NONE, GROUP, "", "", "", "docker", 0},
	{"/docker/buildx", NONE, GROUP, "", "", "", "buildx", 0},
	/* nerdctl, plain containerd */
	{"/system.slice/nerdctl-" ID ".scope", NERDCTL, CONTAINER, ID, "", "", SHORT, 0},
	{"/default/" ID, NERDCTL, CONTAINER, ID, "", "", SHORT, 0},
	{USER "/user.slice/nerdctl-" ID ".scope", NERDCTL, CONTAINER, ID, "", "", SHORT, 1000},
	{"/buildkit/" ID, CONTAINERD, CONTAINER, ID, "", "", SHORT, 0},
	{"/k8s.io/" ID, CONTAINERD, CONTAINER, ID, "", "", SHORT, 0},
	{"/testns/web", NONE, GROUP, "", "", "", "web", 0}, /* ctr's: its state file tells */
	/* Podman */
	{"/machine.slice/libpod-" ID ".scope", PODMAN, CONTAINER, ID, "", "", SHORT, 0},
	{"/machine.slice/libpod-" ID ".scope/container", PODMAN, GROUP, ID, "", "", SHORT, 0},
	{"/machine.slice/libpod-conmon-" ID ".scope", PODMAN, SANDBOX, ID, "", "",
	 "libpod-conmon-" ID ".scope", 0},
	{"/libpod_parent/libpod-" ID, PODMAN, CONTAINER, ID, "", "", SHORT, 0},
	{"/libpod_parent/conmon", PODMAN, SANDBOX, "", "", "", "conmon", 0},
	{"/libpod_parent/" ID2 "/conmon", PODMAN, SANDBOX, "", "", "", "conmon", 0},
	{"/libpod_parent", NONE, GROUP, "", "", "", "libpod_parent", 0},
	{"/libpod_parent/" ID2 "/libpod-" ID, PODMAN, CONTAINER, ID, ID2, "", SHORT, 0},
	{"/libpod_parent/" ID2, PODMAN, POD, "", ID2, "", ID2, 0},
	{"/machine.slice/machine-libpod_pod_" ID2 ".slice/libpod-" ID ".scope", PODMAN, CONTAINER,
	 ID, ID2, "", SHORT, 0},
	{"/machine.slice/machine-libpod_pod_" ID2 ".slice", PODMAN, POD, "", ID2, "",
	 "machine-libpod_pod_" ID2 ".slice", 0},
	{"/system.slice/web.service/libpod-payload-" ID, PODMAN, CONTAINER, ID, "", "web.service",
	 SHORT, 0},
	{"/system.slice/web.service/runtime", SYSTEMD, GROUP, "", "", "web.service", "web.service",
	 0},
	{USER "/user.slice/libpod-" ID ".scope/container", PODMAN, GROUP, ID, "", "", SHORT, 1000},
	{USER "/user.slice/user-libpod_pod_" ID2 ".slice/libpod-" ID ".scope", PODMAN, CONTAINER,
	 ID, ID2, "", SHORT, 1000},
	{USER "/app.slice/web.service/libpod-payload-" ID, PODMAN, CONTAINER, ID, "", "web.service",
	 SHORT, 1000},
	/* LXC */
	{"/lxc/web01", LXC, CONTAINER, "web01", "", "", "web01", 0},
	{"/lxc/101/ns/system.slice/ssh.service", LXC, GROUP, "101", "", "ssh.service", "101", 0},
	{"/lxc.payload.web01", LXC, CONTAINER, "web01", "", "", "web01", 0},
	{"/lxc.payload/web01", LXC, CONTAINER, "web01", "", "", "web01", 0},
	{"/lxc.monitor.web01", LXC, SANDBOX, "web01", "", "", "web01", 0},
	{"/lxc.payload.user-1000_c1/init.scope", LXC, GROUP, "user-1000_c1", "", "init.scope",
	 "user-1000_c1", 0},
	{"/lxc", NONE, GROUP, "", "", "", "lxc", 0},
	/* systemd */
	{"/system.slice/ssh.service", SYSTEMD, UNIT, "", "", "ssh.service", "ssh.service", 0},
	{"/system.slice/system-getty.slice/getty@tty1.service", SYSTEMD, UNIT, "", "",
	 "getty@tty1.service", "getty@tty1.service", 0},
	{"/system.slice/systemd-cryptsetup@my\\x2ddisk.service", SYSTEMD, UNIT, "", "",
	 "systemd-cryptsetup@my\\x2ddisk.service", "systemd-cryptsetup@my-disk.service", 0},
	{USER "/app.slice/app-org.gnome.Terminal.slice/vte-spawn-1.scope", SYSTEMD, UNIT, "", "",
	 "vte-spawn-1.scope", "vte-spawn-1.scope", 1000},
	{USER, SYSTEMD, GROUP, "", "", "user@1000.service", "user@1000.service", 1000},
	{USER "/init.scope", SYSTEMD, UNIT, "", "", "init.scope", "init.scope", 1000},
	{USER "/app.slice", SYSTEMD, GROUP, "", "", "app.slice", "app.slice", 1000},
	{"/user.slice/user-1000.slice", SYSTEMD, GROUP, "", "", "user-1000.slice",
	 "user-1000.slice", 1000},
	{"/user.slice/user-1000.slice/session-3.scope", SYSTEMD, UNIT, "", "", "session-3.scope",
	 "session-3.scope", 1000},
	{"/init.scope", SYSTEMD, UNIT, "", "", "init.scope", "init.scope", 0},
	{"/system.slice", SYSTEMD, GROUP, "", "", "system.slice", "system.slice", 0},
	{"/system.slice/run-docker-netns-abc.mount", SYSTEMD, GROUP, "", "",
	 "run-docker-netns-abc.mount", "run-docker-netns-abc.mount", 0},
	{"/system.slice/_memory.service", SYSTEMD, UNIT, "", "", "memory.service", "memory.service",
	 0},
	{"/machine.slice/machine-qemu\\x2d1\\x2dvm.scope", SYSTEMD, UNIT, "", "",
	 "machine-qemu\\x2d1\\x2dvm.scope", "machine-qemu-1-vm.scope", 0},
	{"/system.slice/docker.service", SYSTEMD, UNIT, "", "", "docker.service", "docker.service",
	 0},
	{"/system.slice/ssh.service/sub/deep", SYSTEMD, GROUP, "", "", "ssh.service", "ssh.service",
	 0},
	/* applications of a desktop, snaps, systemd-run */
	{USER "/app.slice/app-gnome-firefox-1234.scope", SYSTEMD, UNIT, "", "",
	 "app-gnome-firefox-1234.scope", "app-gnome-firefox-1234.scope", 1000},
	{USER "/app.slice/app-org.kde.konsole-8f1c2d.scope", SYSTEMD, UNIT, "", "",
	 "app-org.kde.konsole-8f1c2d.scope", "app-org.kde.konsole-8f1c2d.scope", 1000},
	{USER "/app.slice/app-flatpak-org.mozilla.Thunderbird-77.scope", SYSTEMD, UNIT, "", "",
	 "app-flatpak-org.mozilla.Thunderbird-77.scope",
	 "app-flatpak-org.mozilla.Thunderbird-77.scope", 1000},
	{USER "/app.slice/app-google\\x2dchrome@9a.service", SYSTEMD, UNIT, "", "",
	 "app-google\\x2dchrome@9a.service", "app-google-chrome@9a.service", 1000},
	{USER "/app.slice/snap.firefox.firefox-0c1d2e3f-1111-2222-3333-444455556666.scope", SYSTEMD,
	 UNIT, "", "", "snap.firefox.firefox-0c1d2e3f-1111-2222-3333-444455556666.scope",
	 "snap.firefox.firefox-0c1d2e3f-1111-2222-3333-444455556666.scope", 1000},
	{USER "/app.slice/run-r0123456789abcdef.scope", SYSTEMD, UNIT, "", "",
	 "run-r0123456789abcdef.scope", "run-r0123456789abcdef.scope", 1000},
	{"/system.slice/run-u42.service", SYSTEMD, UNIT, "", "", "run-u42.service",
	 "run-u42.service", 0},
	{USER "/user.slice/apptainer-4711.scope", SYSTEMD, UNIT, "", "", "apptainer-4711.scope",
	 "apptainer-4711.scope", 1000},
	{"/nomad.slice/share.slice/0b1c2d3e-1111-2222-3333-444455556666.web.scope", SYSTEMD, UNIT,
	 "", "", "0b1c2d3e-1111-2222-3333-444455556666.web.scope",
	 "0b1c2d3e-1111-2222-3333-444455556666.web.scope", 0},
	/* machines */
	{"/machine.slice/systemd-nspawn@web.service/payload", NSPAWN, CONTAINER, "web", "",
	 "systemd-nspawn@web.service", "web", 0},
	{"/machine.slice/systemd-nspawn@web.service/payload/system.slice/sshd.service", NSPAWN,
	 GROUP, "web", "", "systemd-nspawn@web.service", "web", 0},
	{"/machine.slice/systemd-nspawn@web.service/supervisor", NSPAWN, SANDBOX, "web", "",
	 "systemd-nspawn@web.service", "web", 0},
	{"/machine.slice/systemd-nspawn@my\\x2dweb.service/payload", NSPAWN, CONTAINER, "my-web",
	 "", "systemd-nspawn@my\\x2dweb.service", "my-web", 0},
	{"/machine.slice/systemd-nspawn@web.service", NSPAWN, UNIT, "web", "",
	 "systemd-nspawn@web.service", "systemd-nspawn@web.service", 0},
	{"/machine.slice/machine-web.scope", NSPAWN, UNIT, "web", "", "machine-web.scope",
	 "machine-web.scope", 0},
	{"/machine.slice/machine-web.scope/payload/init.scope", NSPAWN, GROUP, "web", "",
	 "machine-web.scope", "web", 0},
	{"/machine.slice/machine-web.scope/system.slice/sshd.service", NSPAWN, GROUP, "web", "",
	 "machine-web.scope", "machine-web.scope", 0}, /* v1 */
	{"/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/vcpu0", SYSTEMD, GROUP, "", "",
	 "machine-qemu\\x2d1\\x2dvm.scope", "machine-qemu-1-vm.scope", 0},
	{"/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/emulator", SYSTEMD, GROUP, "", "",
	 "machine-qemu\\x2d1\\x2dvm.scope", "machine-qemu-1-vm.scope", 0},
	{"/machine.slice/machine-lxc\\x2d7\\x2dct.scope/system.slice/sshd.service", SYSTEMD, GROUP,
	 "lxc-7-ct", "", "machine-lxc\\x2d7\\x2dct.scope", "machine-lxc-7-ct.scope", 0},
	{USER "/machine-x.scope/supervisor", NSPAWN, GROUP, "x", "", "machine-x.scope", "x", 1000},
	{"/system.slice/ci.service/machine-x.scope/supervisor", NSPAWN, GROUP, "x", "",
	 "machine-x.scope", "x", 0},
	/* Slurm */
	{"/system.slice/slurmstepd.scope", SLURM, GROUP, "", "", "slurmstepd.scope",
	 "slurmstepd.scope", 0},
	{"/system.slice/slurmstepd.scope/system", SLURM, SANDBOX, "", "", "", "system", 0},
	{"/system.slice/slurmstepd.scope/job_5", SLURM, GROUP, "", "", "slurmstepd.scope", "job_5",
	 0},
	{"/system.slice/slurmstepd.scope/job_5/step_0", SLURM, GROUP, "", "", "slurmstepd.scope",
	 "step_0", 0},
	{"/system.slice/slurmstepd.scope/job_5/step_0/user", SLURM, CONTAINER, "5.0", "", "", "5.0",
	 0},
	{"/system.slice/slurmstepd.scope/job_5/step_0/user/task_0", SLURM, GROUP, "5.0", "", "",
	 "5.0", 0},
	{"/system.slice/slurmstepd.scope/job_5/step_batch/slurm", SLURM, SANDBOX, "5.batch", "", "",
	 "5.batch", 0},
	{"/system.slice/n1_slurmstepd.scope/job_5/step_extern/user/task_special", SLURM, GROUP,
	 "5.extern", "", "", "5.extern", 0},
	{"/slurm/uid_1000/job_5/step_batch", SLURM, CONTAINER, "5.batch", "", "", "5.batch", 0},
	{"/slurm/uid_1000/job_5/step_batch/task_0", SLURM, GROUP, "5.batch", "", "", "5.batch", 0},
	{"/slurm_n1/uid_1000/job_5/step_0/task_1", SLURM, GROUP, "5.0", "", "", "5.0", 0},
	{"/slurm/uid_1000/job_5", NONE, GROUP, "", "", "", "job_5", 0},
	{"/slurm/uid_1000", NONE, GROUP, "", "", "", "uid_1000", 0},
	{USER "/slurmstepd.scope/system", SLURM, GROUP, "", "", "", "system", 1000},
	{"/jobs/job_5/step_0/user", NONE, GROUP, "", "", "", "user", 0},
	/* balena, Kata, LXD's projects, and engines that no runtime here knows: groups, never a target without `cgroup:` */
	{"/system.slice/balena-" ID ".scope", DOCKER, CONTAINER, ID, "", "", SHORT, 0},
	{"/system.slice/balena-engine-" ID ".scope", DOCKER, CONTAINER, ID, "", "", SHORT, 0},
	{"/balena-engine/" ID, DOCKER, CONTAINER, ID, "", "", SHORT, 0},
	{"/kata_overhead/" ID, CONTAINERD, SANDBOX, ID, "", "", ID, 0},
	{"/lxc.payload.dev_web", LXC, CONTAINER, "dev_web", "", "", "dev_web", 0},
	{"/lxc.monitor/web01", LXC, SANDBOX, "web01", "", "", "web01", 0},
	{"/lxc.payload.outer/lxc.payload.inner/init.scope", LXC, GROUP, "inner", "", "init.scope",
	 "inner", 0},
	{"/garden/0b1c2d3e-1111-2222-3333-444455556666", NONE, GROUP, "", "", "",
	 "0b1c2d3e-1111-2222-3333-444455556666", 0},
	{"/mesos/0b1c2d3e-1111-2222-3333-444455556666", NONE, GROUP, "", "", "",
	 "0b1c2d3e-1111-2222-3333-444455556666", 0},
	{"/firecracker/vm1", NONE, GROUP, "", "", "", "vm1", 0},
	{"/snap.microk8s.daemon-kubelite.service/kubepods/burstable/pod" P "/" ID, CONTAINERD,
	 CONTAINER, ID, P, "", SHORT, 0},
	{"/my.slice/docker-" ID ".scope", DOCKER, CONTAINER, ID, "", "", SHORT,
	 0}, /* --cgroup-parent */
	{"/docker/" ID2 "/docker/" ID, DOCKER, CONTAINER, ID, "", "", SHORT, 0}, /* in Docker */
	/* bare groups, and what only looks like something */
	{"/", NONE, GROUP, "", "", "", "/", 0},
	{"/build", NONE, GROUP, "", "", "", "build", 0},
	{"/my group/with blanks", NONE, GROUP, "", "", "", "with blanks", 0},
	{"/docker-" SHORT ".scope", SYSTEMD, UNIT, "", "", "docker-" SHORT ".scope",
	 "docker-" SHORT ".scope", 0},
	{"/podcasts", NONE, GROUP, "", "", "", "podcasts", 0},
	{"/kubepods/burstable/pod1234", NONE, GROUP, "", "", "", "pod1234", 0},
	{"/x/" ID "0", NONE, GROUP, "", "", "", ID "0", 0}, /* 65 digits */
	{"/.service", NONE, GROUP, "", "", "", ".service", 0},
};

static void test_paths(void **state)
{
	assert_true(ARRAY_SIZE(rows) >= 60);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		struct path path;
		struct identity identity;

		path_split(row->path, &path);
		identity_from_path(&path, &identity);
		if ((int)identity.runtime != row->runtime ||
		    (int)identity_kind(&identity) != row->kind ||
		    strcmp(identity.container_id, row->id) ||
		    strcmp(identity.pod_uid, row->pod_uid) || strcmp(identity.unit, row->unit) ||
		    strcmp(identity.name, row->name) || identity.uid != row->uid) {
			print_error("%s\n: runtime %d kind %d id '%s' pod '%s' unit '%s' name '%s' "
				    "uid %u\n",
				    row->path, identity.runtime, identity_kind(&identity),
				    identity.container_id, identity.pod_uid, identity.unit,
				    identity.name, identity.uid);
			fail();
		}
		assert_int_not_equal(identity_workload(&identity, row->path), 0);
	}
}

#define MANAGER "/user.slice/user-1000.slice/user@1000.service"
#define NAMES   HR_CHOSEN_NAMES
#define UNIT_   HR_CHOSEN_UNIT
#define PATH_   HR_CHOSEN_PATH
#define ALL     (HR_CHOSEN_NAMES | HR_CHOSEN_UNIT | HR_CHOSEN_PATH)

/* Which names a path itself shows to be a user's or a container's; such a name makes nothing exempt. */
static void test_chosen(void **state)
{
	static const struct {
		const char *path;
		int kind, chosen;
		const char *root_path; /* NULL: the whole */
	} chosen[] = {
		{"/", GROUP, 0, NULL},
		{"/system.slice", GROUP, 0, NULL},
		{"/system.slice/ssh.service", UNIT, 0, NULL},
		{"/system.slice/ssh.service/worker", GROUP, PATH_, "/system.slice/ssh.service"},
		{"/system.slice/runner.service/headroomd.service", UNIT, ALL,
		 "/system.slice/runner.service"},
		{"/system.slice/runner.service/crio-conmon-" ID ".scope", UNIT, ALL,
		 "/system.slice/runner.service"},
		{"/system.slice/runner.service/lxc.monitor.x", GROUP, PATH_,
		 "/system.slice/runner.service"},
		{"/system.slice/runner.service/pod" P, POD, NAMES | PATH_,
		 "/system.slice/runner.service"},
		{"/system.slice/docker-" ID ".scope", CONTAINER, 0, NULL},
		{"/system.slice/docker-" ID ".scope/ssh.service", GROUP, UNIT_ | PATH_,
		 "/system.slice/docker-" ID ".scope"},
		{"/docker/" ID "/lxc.monitor.x", GROUP, PATH_, "/docker/" ID},
		{"/docker/" ID "/docker/" ID2, CONTAINER, ALL & ~UNIT_, "/docker/" ID},
		{"/docker/" ID "/libpod-conmon-" ID2 ".scope", GROUP, UNIT_ | PATH_, "/docker/" ID},
		{"/docker/" ID "/kubepods/pod" P "/" ID2, CONTAINER, ALL & ~UNIT_, "/docker/" ID},
		{"/kubepods/pod" P "/" ID, CONTAINER, 0, NULL},
		{"/kubepods/pod" P, POD, 0, NULL},
		{"/kubepods/pod" P "/" ID "/pod" P, POD, NAMES | PATH_, "/kubepods/pod" P "/" ID},
		{MANAGER, GROUP, 0, NULL},
		{"/user.slice/user-1000.slice/session-3.scope", UNIT, 0, NULL},
		{MANAGER "/app.slice/systemd-journald.service", UNIT, ALL, MANAGER},
		{MANAGER "/app.slice/init.scope", UNIT, ALL, MANAGER},
		{MANAGER "/app.slice/crio-conmon-" ID ".scope", UNIT, ALL, MANAGER},
		{MANAGER "/app.slice/libpod-conmon-" ID ".scope", UNIT, ALL, MANAGER},
		{MANAGER "/app.slice/lxc.monitor.x", GROUP, ALL, MANAGER},
		{MANAGER "/lxc.monitor/x", GROUP, PATH_, MANAGER},
		{MANAGER "/app.slice/pod" P, POD, NAMES | PATH_, MANAGER},
		{MANAGER "/app.slice/pod" P "/" ID, CONTAINER, ALL & ~UNIT_, MANAGER},
		{MANAGER "/app.slice/kata_overhead/" ID, GROUP, ALL, MANAGER},
		{MANAGER "/user.slice/libpod-" ID ".scope", CONTAINER, ALL & ~UNIT_, MANAGER},
		{MANAGER "/slurmstepd.scope/system", GROUP, NAMES | PATH_, MANAGER},
		{MANAGER "/systemd-nspawn@x.service/supervisor", GROUP, ALL, MANAGER},
		{"/machine.slice/systemd-nspawn@g.service", UNIT, 0, NULL},
		{"/machine.slice/systemd-nspawn@g.service/supervisor", SANDBOX, PATH_,
		 "/machine.slice/systemd-nspawn@g.service"},
		{"/machine.slice/systemd-nspawn@g.service/payload", CONTAINER, PATH_,
		 "/machine.slice/systemd-nspawn@g.service"},
		{"/machine.slice/systemd-nspawn@g.service/payload/system.slice/ssh.service", GROUP,
		 PATH_, "/machine.slice/systemd-nspawn@g.service"},
		{"/machine.slice/systemd-nspawn@g.service/docker/" ID, CONTAINER, ALL & ~UNIT_,
		 "/machine.slice/systemd-nspawn@g.service"},
		{"/machine.slice/libpod-" ID ".scope/libpod-conmon-" ID2 ".scope", GROUP,
		 UNIT_ | PATH_, "/machine.slice/libpod-" ID ".scope"},
		{"/machine.slice/libpod-conmon-" ID ".scope", SANDBOX, 0, NULL},
		{"/system.slice/slurmstepd.scope/job_5/step_0/slurm", SANDBOX, PATH_,
		 "/system.slice/slurmstepd.scope"},
		{"/system.slice/slurmstepd.scope/job_5/step_0/user/task_0/ssh.service", GROUP,
		 UNIT_ | PATH_, "/system.slice/slurmstepd.scope"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(chosen); i++) {
		struct path path;
		struct identity identity;
		const char *root_path = chosen[i].root_path ?: chosen[i].path;

		path_split(chosen[i].path, &path);
		identity_from_path(&path, &identity);
		if ((int)identity_kind(&identity) != chosen[i].kind ||
		    identity.chosen != chosen[i].chosen ||
		    (path.parts && identity.root_path != strlen(root_path))) {
			print_error("%s\n: kind %d chosen %#x root_path %u\n", chosen[i].path,
				    identity_kind(&identity), identity.chosen, identity.root_path);
			fail();
		}
	}
}

/* Longer than any path can be, with every component one letter: no table runs over. */
static void test_long(void **state)
{
	char text[4096];
	struct path path;
	struct identity identity;

	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = i % 2 ? 'a' : '/';
	text[sizeof(text) - 1] = 0;
	path_split(text, &path);
	assert_true(path.parts <= (int)ARRAY_SIZE(path.part));
	assert_int_equal(strlen(path.whole), RECORD_PATH - 1);
	identity_from_path(&path, &identity);
	assert_int_equal(identity.kind, HR_KIND_GROUP);
	path_split("", &path);
	identity_from_path(&path, &identity);
	assert_string_equal(identity.name, "/");
}

static void test_pod_uid(void **state)
{
	char uid[37];

	assert_int_equal(pod_uid_at(P_ ".slice", uid), 36);
	assert_string_equal(uid, P);
	assert_int_equal(pod_uid_at(STATIC, uid), 32);
	assert_int_equal(pod_uid_at(STATIC "0", uid), 0);
	assert_int_equal(pod_uid_at(P "0", uid), 0);
	assert_int_equal(pod_uid_at("1c2d3e4f-5a6b", uid), 0);
	assert_int_equal(pod_uid_at("", uid), 0);
}

static void test_logs(void **state)
{
	struct identity identity = {0};

	assert_int_equal(log_parse_container("web-0_shop_app-server-" ID ".log", &identity), 0);
	assert_string_equal(identity.pod, "web-0");
	assert_string_equal(identity.namespace, "shop");
	assert_string_equal(identity.container, "app-server");
	assert_true(log_parse_container("web-0_shop-" ID ".log", &identity) < 0);
	assert_true(log_parse_container("_", &identity) < 0);
	assert_true(log_parse_container("", &identity) < 0);
	assert_int_equal(log_parse_pod("shop_web-0_" P, strlen("shop_web-0_" P), &identity), 0);
	assert_string_equal(identity.pod_uid, P);
	assert_true(log_parse_pod("shop_web-0_", 11, &identity) < 0);
	assert_true(log_parse_pod("shop", 4, &identity) < 0);
}

/* A restart gives a container another id and the same workload; another container has another
 * one. */
static void test_workload(void **state)
{
	struct identity a = {.runtime = HR_RUNTIME_DOCKER,
			     .kind = HR_KIND_CONTAINER,
			     .named = true,
			     .name = "web",
			     .below = ""};
	struct identity b = a;

	assert_true(identity_workload(&a, "/docker/" ID) == identity_workload(&b, "/docker/" ID2));
	b.runtime = HR_RUNTIME_PODMAN;
	assert_true(identity_workload(&a, "/x") != identity_workload(&b, "/x"));
	b = a;
	b.below = "/init.scope";
	assert_true(identity_workload(&a, "/x") != identity_workload(&b, "/x"));
	b = a;
	b.named = false;
	assert_true(identity_workload(&b, "/docker/" ID) != identity_workload(&b, "/docker/" ID2));
	strcpy(a.pod, "web-0");
	strcpy(a.container, "app");
	b = a;
	strcpy(b.container, "log");
	assert_true(identity_workload(&a, "/x") != identity_workload(&b, "/x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths), cmocka_unit_test(test_chosen),
		cmocka_unit_test(test_long),  cmocka_unit_test(test_pod_uid),
		cmocka_unit_test(test_logs),  cmocka_unit_test(test_workload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
