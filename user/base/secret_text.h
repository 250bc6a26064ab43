/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Secrets of the configuration in messages. A URL may hold one in its user part, its path (webhooks of chat services) and its
 * query, and a server or a library may repeat it: messages name scheme, host and port only, and lose the rest wherever it is
 * quoted. Pure but for the file readers; any thread.
 */
#ifndef HEADROOM_BASE_SECRET_TEXT_H
#define HEADROOM_BASE_SECRET_TEXT_H

#include <stddef.h>

#define SECRET_BYTES  8192
#define PEM_BYTES     (256u << 10)
#define SECRET_HIDDEN "***"
#define SECRET_LEAST  4 /* bytes; shorter parts of a URL are in too many words, and no secrets */

/* Scheme, host and port, and SECRET_HIDDEN for a path or query; of a list separated by commas each. "" where it is no URL.
 * Returns `to`. */
char *secret_url(const char *url, char *to, size_t bytes);
/* In place: each occurrence of the secret becomes SECRET_HIDDEN, also percent-encoded. Nothing grows, as a secret has at least SECRET_LEAST
 * bytes. */
void secret_hide(char *text, const char *secret);
/* The same for the parts of a URL that are not shown: user, password, path, its components, query and its values. */
void secret_hide_url(char *text, const char *url);

/* The first line of a file, at most bytes - 1; or the whole: 0 or -errno; -EFBIG. */
int secret_read(const char *path, char *text, size_t bytes);
int secret_read_all(const char *path, char *text, size_t bytes);

#endif
