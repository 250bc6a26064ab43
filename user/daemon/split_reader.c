// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "split_reader.h"

#include <errno.h>
#include <string.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"

#define STACK (64 * 1024)

static void read_one(const struct split_reader *reader, struct split_read *read)
{
	memset(&read->sample, 0xff, sizeof(read->sample));
	read->sample.flags = 0;
	read->read_ns = clock_mono_ns();
	read->error = usage_split_read(&read->files, reader->layout, &read->sample);
}

static void *reader_thread(void *arg)
{
	struct split_reader *reader = arg;
	uint64_t one = 1;

	for (;;) {
		while (sem_wait(&reader->go) && errno == EINTR)
			;
		if (__atomic_load_n(&reader->stop, __ATOMIC_ACQUIRE))
			return NULL;
		for (size_t i = 0; i < reader->n; i++)
			read_one(reader, &reader->read[i]);
		if (write(reader->done_fd, &one, sizeof(one)) < 0)
			return NULL; /* an eventfd that can't be written is a closed one */
	}
}

int split_reader_open(struct split_reader *reader, enum cgroup_layout layout)
{
	pthread_attr_t attr;
	int err;

	memset(reader, 0, sizeof(*reader));
	reader->layout = layout;
	reader->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (reader->done_fd < 0)
		return -errno;
	sem_init(&reader->go, 0, 0);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	err = pthread_create(&reader->thread, &attr, reader_thread, reader);
	pthread_attr_destroy(&attr);
	if (err)
		reader->thread = 0;
	return -err;
}

void split_reader_close(struct split_reader *reader)
{
	if (reader->thread) {
		__atomic_store_n(&reader->stop, true, __ATOMIC_RELEASE);
		sem_post(&reader->go);
		pthread_join(reader->thread, NULL);
	}
	for (size_t i = 0; i < reader->n; i++)
		if (reader->read[i].left)
			usage_files_close(&reader->read[i].files);
	if (reader->done_fd > 0)
		close(reader->done_fd);
	memset(reader, 0, sizeof(*reader));
}

void split_reader_priority(struct split_reader *reader, bool first)
{
	const struct sched_param param = {.sched_priority = first ? 1 : 0};

	if (reader->thread)
		pthread_setschedparam(reader->thread, first ? SCHED_RR : SCHED_OTHER, &param);
}

void split_reader_start(struct split_reader *reader)
{
	reader->busy = true;
	sem_post(&reader->go);
}

bool split_reader_finish(struct split_reader *reader)
{
	uint64_t count;

	if (read(reader->done_fd, &count, sizeof(count)) < 0)
		return false;
	reader->busy = false;
	for (size_t i = 0; i < reader->n; i++)
		if (reader->read[i].left)
			usage_files_close(&reader->read[i].files);
	return true;
}

void split_reader_drop(struct split_reader *reader, struct usage_files *files)
{
	for (size_t i = 0; reader->busy && i < reader->n; i++) {
		if (reader->read[i].files.usage != files->usage || reader->read[i].left)
			continue;
		reader->read[i].left = true;
		*files = USAGE_FILES_CLOSED;
		return;
	}
	usage_files_close(files);
}
