// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "socket_places.h"

#include "base/clock.h"

static size_t count(const struct socket_place place[SOCKET_PLACES], uint32_t uid)
{
	size_t n = 0;

	for (size_t i = 0; i < SOCKET_PLACES; i++)
		n += place[i].used && place[i].uid == uid;
	return n;
}

/* Of this user: the one that has not read for longest. */
static int idlest(const struct socket_place place[SOCKET_PLACES], uint32_t uid)
{
	int found = -1;

	for (int i = 0; i < SOCKET_PLACES; i++)
		if (place[i].used && place[i].uid == uid &&
		    (found < 0 || place[i].read_ns < place[found].read_ns))
			found = i;
	return found;
}

static int free_place(const struct socket_place place[SOCKET_PLACES])
{
	for (int i = 0; i < SOCKET_PLACES; i++)
		if (!place[i].used)
			return i;
	return -1;
}

static uint32_t user_with_most(const struct socket_place place[SOCKET_PLACES])
{
	uint32_t user = place[0].uid;

	for (size_t i = 1; i < SOCKET_PLACES; i++)
		if (count(place, place[i].uid) > count(place, user))
			user = place[i].uid;
	return user;
}

int socket_place_for(const struct socket_place place[SOCKET_PLACES], uint32_t uid, uint64_t now_ns)
{
	size_t own = count(place, uid);
	int at = free_place(place);
	uint32_t most;

	if (at >= 0 && (!uid || own < SOCKET_PER_USER))
		return at;
	most = at < 0 ? user_with_most(place) : uid;
	if (most != uid && count(place, most) > own + 1)
		return idlest(place, most);
	at = own ? idlest(place, uid) : -1;
	return at >= 0 && now_ns - place[at].read_ns > SOCKET_IDLE_S * NS_PER_SEC ? at : -1;
}
