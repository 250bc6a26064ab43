// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* See control_access.h. The format of an ACL: include/uapi/linux/posix_acl_xattr.h; its entries are sorted by tag and id. */
#include "control_access.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <headroom/control.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"

#define OVERFLOW_ID 65534u /* /proc/sys/kernel/overflowuid, unless an administrator changed it */
#define READ_WRITE  (ACL_READ | ACL_WRITE) /* connect() needs write permission */
#define ACL_ENTRIES (CONFIG_ALLOW + 4)

int control_peer_read(int fd, struct control_peer *ret_peer)
{
	struct ucred identity;
	socklen_t bytes = sizeof(identity);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &identity, &bytes))
		return -errno;
	ret_peer->uid = identity.uid;
	ret_peer->gid = identity.gid;
	bytes = sizeof(ret_peer->group);
	ret_peer->groups = 0;
	if (!getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, ret_peer->group, &bytes))
		ret_peer->groups = bytes / sizeof(gid_t);
	return 0;
}

static bool is_member(const struct control_peer *peer, uint32_t gid)
{
	if (peer->gid == gid)
		return true;
	for (uint32_t i = 0; i < peer->groups; i++)
		if (peer->group[i] == gid)
			return true;
	return false;
}

bool control_peer_allowed(const struct control_peer *peer, const struct config_allow *allow,
			  uint32_t allows, bool unmapped)
{
	if (peer->uid == 0)
		return true;
	for (uint32_t i = 0; i < allows; i++) {
		uint32_t id = allow[i].id;

		if (id == HR_UNKNOWN_U32 || (unmapped && id == OVERFLOW_ID))
			continue;
		if (allow[i].group ? is_member(peer, id) : peer->uid == id)
			return true;
	}
	return false;
}

/* ---- ACL ---- */

static int by_tag_and_id(const void *a, const void *b)
{
	const struct posix_acl_xattr_entry *left = a, *right = b;
	uint64_t l = (uint64_t)le16toh(left->e_tag) << 32 | le32toh(left->e_id),
		 r = (uint64_t)le16toh(right->e_tag) << 32 | le32toh(right->e_id);

	return l < r ? -1 : l > r;
}

static void add_entry(struct posix_acl_xattr_entry *entry, size_t *n, uint16_t tag, uint16_t perm,
		      uint32_t id)
{
	for (size_t i = 0; i < *n; i++)
		if (entry[i].e_tag == htole16(tag) && entry[i].e_id == htole32(id))
			return; /* named twice; the kernel takes each id once */
	entry[(*n)++] = (struct posix_acl_xattr_entry){htole16(tag), htole16(perm), htole32(id)};
}

size_t control_acl(const struct config_allow *allow, uint32_t allows, void *to, size_t space)
{
	struct posix_acl_xattr_header header = {htole32(POSIX_ACL_XATTR_VERSION)};
	struct posix_acl_xattr_entry entry[ACL_ENTRIES];
	size_t n = 0, bytes;

	add_entry(entry, &n, ACL_USER_OBJ, READ_WRITE, ACL_UNDEFINED_ID);
	add_entry(entry, &n, ACL_GROUP_OBJ, 0, ACL_UNDEFINED_ID);
	for (uint32_t i = 0; i < allows && i < CONFIG_ALLOW; i++)
		if (allow[i].id != HR_UNKNOWN_U32)
			add_entry(entry, &n, allow[i].group ? ACL_GROUP : ACL_USER, READ_WRITE,
				  allow[i].id);
	add_entry(entry, &n, ACL_MASK, READ_WRITE, ACL_UNDEFINED_ID);
	add_entry(entry, &n, ACL_OTHER, 0, ACL_UNDEFINED_ID);
	qsort(entry, n, sizeof(*entry), by_tag_and_id);
	bytes = sizeof(header) + n * sizeof(*entry);
	if (bytes > space)
		return 0;
	memcpy(to, &header, sizeof(header));
	memcpy((char *)to + sizeof(header), entry, n * sizeof(*entry));
	return bytes;
}

/* ---- place ---- */

/* A default board's directory is shared with readers in containers, root among them: its socket is elsewhere. A daemon without
 * root's rights (a sidecar) has no such rights to give. */
static bool place_names(const char *board, struct control_place *place)
{
	static const char *const defaults[] = {"/run/" HR_BOARD_DIR, "/dev/shm/" HR_BOARD_DIR};
	const char *slash = strrchr(board, '/');
	size_t n = slash ? (size_t)(slash - board) : 0;

	if ((size_t)snprintf(place->path, sizeof(place->path), "%s" HR_CONTROL_SUFFIX, board) >=
		    sizeof(place->path) ||
	    snprintf(place->name, sizeof(place->name), "%s" HR_CONTROL_SUFFIX,
		     slash ? slash + 1 : board) >= (int)sizeof(place->name))
		return false;
	snprintf(place->dir, sizeof(place->dir), "%.*s", slash ? (int)(n ?: 1) : 1,
		 slash ? board : ".");
	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++)
		if (!geteuid() && n == strlen(defaults[i]) && !strncmp(board, defaults[i], n))
			place->apart = true;
	if (place->apart) {
		strcat(place->dir, HR_CONTROL_DIR_SUFFIX);
		strcpy(place->name, HR_CONTROL_FILE);
	}
	return true;
}

int control_place_open(const char *board, struct control_place *ret_place)
{
	struct control_place *place = ret_place;
	struct stat st;

	*place = (struct control_place){.dir_fd = -1};
	if (!place_names(board, place))
		return -ENAMETOOLONG;
	if (place->apart && mkdir(place->dir, 0700) && errno != EEXIST)
		return -errno;
	place->dir_fd = open(place->dir,
			     O_RDONLY | O_DIRECTORY | O_CLOEXEC | (place->apart ? O_NOFOLLOW : 0));
	if (place->dir_fd < 0)
		return -errno;
	/* A volume of Kubernetes is writable for all at first: it is made ours with the mode. */
	if (place->apart &&
	    (fstat(place->dir_fd, &st) || st.st_uid != geteuid() || fchmod(place->dir_fd, 0700))) {
		close(take_fd(place->dir_fd));
		return -EPERM;
	}
	return 0;
}

int control_place_permit(const struct control_place *place, const struct config_allow *allow,
			 uint32_t allows)
{
	char acl[sizeof(struct posix_acl_xattr_header) +
		 ACL_ENTRIES * sizeof(struct posix_acl_xattr_entry)],
		path[128];
	size_t n = control_acl(allow, allows, acl, sizeof(acl));

	if (place->apart && fchmod(place->dir_fd, allows ? 0711 : 0700))
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", place->dir_fd, place->name);
	if (allows && n && !lsetxattr(path, "system.posix_acl_access", acl, n, 0))
		return 0;
	return fchmodat(place->dir_fd, place->name, allows ? 0666 : 0600, 0) ? -errno : 0;
}

int control_place_link(const struct control_place *place)
{
	char target[256], temporary[sizeof(place->path) + 8];

	if (!place->apart)
		return 0;
	snprintf(target, sizeof(target), "%s/%s", place->dir, place->name);
	snprintf(temporary, sizeof(temporary), "%s.new", place->path);
	unlink(temporary);
	return symlink(target, temporary) || rename(temporary, place->path) ? -errno : 0;
}

void control_place_remove(struct control_place *place)
{
	if (place->dir_fd < 0)
		return;
	unlinkat(place->dir_fd, place->name, 0);
	if (place->apart)
		unlink(place->path);
	close(take_fd(place->dir_fd));
}
