// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Creates, adopts, grows and closes a board. Everything in the writer that allocates or blocks is
 * here, in open, close and grow. A board that is not sound is replaced, never trusted.
 */
#include "board_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "layout.h"
#include "ring.h"
#include "stamps.h"
#include "validate.h"

/* Maps and pre-faults. MAP_POPULATE alone maps shared pages read-only; a write to each makes it
 * writable. */
static int map_whole(int fd, size_t bytes, void **ret_map)
{
	volatile unsigned char *p =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);

	if ((void *)p == MAP_FAILED)
		return -errno;
	for (size_t at = 0; at < bytes; at += HR_BOARD_PAGE)
		p[at + HR_BOARD_PAGE - 1] = p[at + HR_BOARD_PAGE - 1];
	*ret_map = (void *)p;
	return 0;
}

static uint64_t *bits_new(uint32_t capacity)
{
	return calloc((capacity + 63) / 64, sizeof(uint64_t));
}

/* Sets the pointers into a map, and which slots are taken. Takes ownership of `fd`, `taken` and `hole`. */
static void attach(struct board *board, void *map, size_t bytes, int fd, uint64_t *taken,
		   uint64_t *hole)
{
	struct hr_board_header *header = map;

	board->map = map;
	board->bytes = bytes;
	board->header = header;
	board->host = (void *)(board->map + header->host_offset);
	board->slots = board->map + header->slots_offset;
	board->text_short = false;
	for (uint32_t i = 0; i < header->slots_high; i++)
		if (slot_of(board, i)->state != HR_SLOT_FREE)
			taken[i / 64] |= 1ULL << (i % 64);
	if (board->fd >= 0)
		close(board->fd);
	free(board->taken);
	free(board->hole);
	board->fd = fd;
	board->taken = taken;
	board->hole = hole;
	board->holes = 0;
	board->words = (header->slot_capacity + 63) / 64;
	board->hint = 0;
}

static uint64_t random_instance(void)
{
	uint64_t instance = 0;

	if (getrandom(&instance, sizeof(instance), GRND_NONBLOCK) != sizeof(instance))
		instance = clock_wall_ns() ^ (uint64_t)getpid()
						     << 40; /* before the pool is ready */
	return instance ? instance : 1;
}

static void header_alive(struct hr_board_header *header, bool starting)
{
	header->generation++;
	header->daemon_pid = (uint32_t)getpid();
	__atomic_store_n(&header->heartbeat_ns, clock_mono_ns(), __ATOMIC_RELAXED);
	__atomic_store_n(&header->state, starting ? HR_BOARD_STARTING : HR_BOARD_RUNNING,
			 __ATOMIC_RELEASE);
}

/* Until a daemon has measured: it may never come to that. */
static void host_unknown(struct hr_host *host)
{
	uint64_t *const unknown[] = {
		&host->mem_total, &host->mem_available, &host->swap_total,
		&host->swap_free, &host->headroom,      &host->swap_cost,
	};

	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		*unknown[i] = HR_UNKNOWN;
	memset(&host->memory, 0xff, sizeof(host->memory)); /* HR_UNKNOWN */
}

static int create(struct board *board, const struct board_config *config)
{
	_cleanup_free_ uint64_t *taken = bits_new(config->capacity);
	_cleanup_free_ uint64_t *hole = bits_new(config->capacity);
	_cleanup_close_ int fd = -1;
	struct hr_board_header header;
	void *map;
	uint32_t text = config->text_bytes ? config->text_bytes : HR_SLOT_TEXT;
	int r = layout_make(config->capacity, LAYOUT_TEXT + text, config->keep_bytes,
			    config->chatter_bytes, &header);

	if (r || !taken || !hole)
		return r ? r : -ENOMEM;
	header.instance = random_instance();
	stamps_begin(&header);
	r = board_path_create(&board->at, header.file_bytes, &fd);
	if (r)
		return r;
	r = map_whole(fd, header.file_bytes, &map);
	if (!r) {
		memcpy(map, &header, sizeof(header));
		header_alive(map, config->starting);
		attach(board, map, header.file_bytes, take_fd(fd), take_ptr(taken), take_ptr(hole));
		host_unknown(board->host);
		r = board_path_publish(&board->at);
	}
	if (r)
		board_path_discard(&board->at);
	return r;
}

/* A board on disk can survive a boot, and the kernel assigns cgroup ids anew with each: only one of this boot is
 * adopted. The kernel's id decides: the wall clock may have been set since. */
static bool of_this_boot(const struct hr_board_header *header)
{
	char boot_id[HR_BOOT_ID];

	stamps_boot_id(boot_id);
	return *boot_id && !memcmp(boot_id, header->boot_id, sizeof(boot_id));
}

/* Takes over the board at the path, if it is sound and of this boot. */
static int adopt(struct board *board, bool starting)
{
	_cleanup_free_ uint64_t *taken = NULL, *hole = NULL;
	_cleanup_close_ int fd =
		openat(board->at.dir_fd, board->at.file, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	struct hr_board_header header;
	struct stat st;
	const char *what;
	void *map;
	int r;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_mode & (S_IWGRP | S_IWOTH))
		return -EPERM;
	if (pread(fd, &header, sizeof(header), 0) != sizeof(header))
		return -EBADMSG;
	r = layout_check(&header, (uint64_t)st.st_size, &what);
	if (r)
		return r;
	if (header.state == HR_BOARD_REPLACED || (!board->at.tmpfs && !of_this_boot(&header)))
		return -ESTALE;
	taken = bits_new(header.slot_capacity);
	hole = bits_new(header.slot_capacity);
	if (!taken || !hole)
		return -ENOMEM;
	r = -posix_fallocate(fd, 0, (off_t)header.file_bytes); /* a hole would be a SIGBUS */
	if (r)
		return r;
	r = map_whole(fd, header.file_bytes, &map);
	if (r)
		return r;
	board_repair(map);
	r = board_check(map, header.file_bytes, &what);
	if (r) {
		munmap(map, header.file_bytes);
		return r;
	}
	attach(board, map, header.file_bytes, take_fd(fd), take_ptr(taken), take_ptr(hole));
	header_alive(map, starting);
	board_clock_check(board);
	return 0;
}

/* Does not tell readers that the daemon stopped. */
static void release(struct board *board)
{
	if (board->map)
		munmap(board->map, board->bytes);
	free(board->taken);
	free(board->hole);
	if (board->fd >= 0)
		close(board->fd);
	if (board->lock_fd >= 0)
		close(board->lock_fd);
	board_path_close(&board->at);
	free(board);
}

int board_open(const struct board_config *config, struct board **ret_board, bool *ret_adopted)
{
	struct board *board = calloc(1, sizeof(*board));
	bool adopted;
	int r;

	if (!board)
		return -ENOMEM;
	board->fd = board->lock_fd = -1;
	board->at.dir_fd = -1;
	r = board_path_open(config->path, &board->at);
	if (!r)
		r = board_path_lock(&board->at, &board->lock_fd);
	if (r) {
		release(board);
		return r;
	}
	adopted = config->adopt && !adopt(board, config->starting);
	if (!adopted)
		r = create(board, config);
	else if (board->header->slot_capacity < config->capacity)
		r = board_grow(board, config->capacity);
	else if (board->header->version < HR_BOARD_VERSION)
		r = board_grow(board, board->header->slot_capacity);
	if (r) {
		release(board);
		return r;
	}
	*ret_board = board;
	if (ret_adopted)
		*ret_adopted = adopted;
	return 0;
}

void board_close(struct board *board)
{
	if (!board)
		return;
	__atomic_store_n(&board->header->state, HR_BOARD_STOPPED, __ATOMIC_RELEASE);
	release(board);
}

struct carry {
	struct hr_board_header *header;
	unsigned char *map;
};

static int carry_event(const struct hr_event *event, void *arg)
{
	struct carry *to = arg;

	ring_put(to->header, to->map, event);
	return 0;
}

static void carry_over(const struct board *board, void *map, const struct hr_board_header *geometry)
{
	struct hr_board_header *header = map;
	struct carry to = {.header = header, .map = map};
	size_t least = board->header->slot_bytes < geometry->slot_bytes ? board->header->slot_bytes
									: geometry->slot_bytes;

	*header = *board->header;
	header->version = geometry->version;
	header->file_bytes = geometry->file_bytes;
	header->slot_bytes = geometry->slot_bytes;
	header->slot_capacity = geometry->slot_capacity;
	memcpy(header->ring, geometry->ring, sizeof(header->ring));
	/* A tail of 0 tells readers that a ring never overwrote an event. One that did starts a lap further. */
	for (int ring = 0; ring < HR_RINGS; ring++)
		header->ring_head[ring] = header->ring_tail[ring] =
			board->header->ring_tail[ring] ? geometry->ring[ring].bytes : 0;
	memcpy((char *)map + header->host_offset, board->host, sizeof(*board->host));
	for (uint32_t i = 0; i < board->header->slots_high; i++)
		memcpy((char *)map + header->slots_offset + (size_t)i * header->slot_bytes,
		       slot_of(board, i), least);
	for (int ring = 0; ring < HR_RINGS; ring++)
		ring_walk(board->map, (enum hr_ring)ring, carry_event, &to);
}

/* Slots of the grown board: larger where a text was cut; of an older board the smallest that hold what is there. */
static uint32_t grown_slot_bytes(const struct board *board)
{
	static const uint32_t text[] = {BOARD_TEXT_FEW, BOARD_TEXT_MORE, HR_SLOT_TEXT};
	uint32_t has = board->header->slot_bytes - LAYOUT_TEXT, used = 0, i = 0;

	if (board->header->version == HR_BOARD_VERSION && !board->text_short)
		return board->header->slot_bytes;
	for (uint32_t k = 0; k < board->header->slots_high; k++)
		if (slot_of(board, k)->text_used > used)
			used = slot_of(board, k)->text_used;
	if (board->text_short)
		used = has + 1;
	while (i + 1 < ARRAY_SIZE(text) && text[i] < used)
		i++;
	return LAYOUT_TEXT + text[i];
}

int board_grow(struct board *board, uint32_t capacity)
{
	struct hr_board_header geometry = {0}, wish;
	struct hr_board_header *old = board->header;
	unsigned char *old_map = board->map;
	size_t old_bytes = board->bytes;
	_cleanup_free_ uint64_t *taken = bits_new(capacity), *hole = bits_new(capacity);
	_cleanup_close_ int fd = -1;
	uint32_t slot_bytes = grown_slot_bytes(board);
	uint64_t ring[HR_RINGS];
	void *map;
	int r;

	if (capacity < old->slot_capacity ||
	    (capacity == old->slot_capacity && slot_bytes == old->slot_bytes))
		return -EINVAL;
	if (!taken || !hole)
		return -ENOMEM;
	r = layout_make(capacity, slot_bytes, 0, 0, &wish);
	for (int i = 0; !r && i < HR_RINGS; i++) /* never smaller than before */
		ring[i] = wish.ring[i].bytes > old->ring[i].bytes ? wish.ring[i].bytes
								  : old->ring[i].bytes;
	if (!r)
		r = layout_make(capacity, slot_bytes, ring[0], ring[1], &geometry);
	if (!r)
		r = board_path_create(&board->at, geometry.file_bytes, &fd);
	if (r)
		return r;
	r = map_whole(fd, geometry.file_bytes, &map);
	if (!r) {
		carry_over(board, map, &geometry);
		r = board_path_publish(&board->at);
		if (r)
			munmap(map, geometry.file_bytes);
	}
	if (r) {
		board_path_discard(&board->at);
		return r;
	}
	attach(board, map, geometry.file_bytes, take_fd(fd), take_ptr(taken), take_ptr(hole));
	board_heartbeat(board);
	/* after the rename: a reader that sees this finds the new file under the old name */
	__atomic_store_n(&old->state, HR_BOARD_REPLACED, __ATOMIC_RELEASE);
	munmap(old_map, old_bytes);
	return 0;
}

const char *board_path(const struct board *board) { return board->at.path; }
bool board_on_tmpfs(const struct board *board) { return board->at.tmpfs; }
struct hr_board_header *board_header(struct board *board) { return board->header; }
uint32_t board_capacity(const struct board *board) { return board->header->slot_capacity; }
