// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Packets at the control socket, with and without descriptors, and the credentials of their senders. */
#include "fuzz.h"

#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/unix_socket.h"
#include "daemon/control_socket.h"

/* Sends the input as a packet; every eighth with a descriptor. */
static void send_packet(int fd, const uint8_t *data, size_t n, bool pass)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} with = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	struct msghdr packet = {.msg_iov = &(struct iovec){(void *)data, n},
				.msg_iovlen = 1,
				.msg_control = pass ? &with : NULL,
				.msg_controllen = pass ? sizeof(with) : 0};

	memcpy(CMSG_DATA(&with.header), &fd, sizeof(fd));
	if (sendmsg(fd, &packet, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)n)
		abort();
}

static void try_access(const uint8_t *data, size_t n)
{
	struct fuzz_input in = {data, n};
	static struct control_peer peer;
	struct config_allow allow[CONFIG_ALLOW];
	char acl[512];
	uint32_t allows = (uint32_t)fuzz_take(&in, 1) % (CONFIG_ALLOW + 1);
	bool named = false;

	peer.uid = (uint32_t)fuzz_value(&in);
	peer.gid = (uint32_t)fuzz_value(&in);
	peer.groups = 0;
	for (uint32_t i = 0; i < allows; i++) {
		allow[i] = (struct config_allow){.id = (uint32_t)fuzz_value(&in), .group = i % 2};
		named |= allow[i].id == (allow[i].group ? peer.gid : peer.uid) &&
			 allow[i].id != HR_UNKNOWN_U32;
	}
	if (control_peer_allowed(&peer, allow, allows, false) != (named || peer.uid == 0))
		abort();
	if (control_acl(allow, allows, acl, sizeof(acl)) < 4 + 4 * 8)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct hr_control_request asked;
	int pair[2];
	bool pass = n % 8 == 7;
	ssize_t got;

	try_access(data, n);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair))
		abort();
	send_packet(pair[1], data, n, pass);
	got = unix_receive(pair[0], &asked, sizeof(asked));
	if (pass ? got != -EBADF : got != (ssize_t)n)
		abort();
	if (!pass && !control_packet_error(&asked, got) &&
	    (n != sizeof(asked) || asked.magic != HR_CONTROL_MAGIC))
		abort();
	send_packet(pair[1], data, n, false);
	if (unix_hang_up(pair[0]) == pass)
		abort();
	if (pass)
		close(pair[0]); /* here it waits for nothing */
	close(pair[1]);
	return 0;
}
