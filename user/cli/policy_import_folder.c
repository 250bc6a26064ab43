// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What an expression for programs' paths protects: their names, also where it names their folder alone, such as ^/usr/lib/gdm3/. */
#include <fts.h>
#include <regex.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "policy_import_internal.h"

#define LETTERS       3    /* before what is wild in a name */
#define FILES_MOST    4096 /* that are looked at */
#define PROGRAMS_MOST 64   /* a folder of more is not one program's own */

/* The settings may be read on another host than the one that they are for. */
static const char *const common[] = {
	"/usr/lib/gdm3/gdm-session-worker",
	"/usr/lib/gdm3/gdm-wayland-session",
	"/usr/lib/gdm3/gdm-x-session",
	"/usr/lib/gdm3/gdm-host-chooser",
	"/usr/lib/gdm3/gdm-simple-chooser",
	"/usr/lib/gdm3/gdm-disable-wayland",
	"/usr/lib/sddm/sddm-helper",
	"/usr/lib/x86_64-linux-gnu/sddm/sddm-helper",
	"/usr/lib/lightdm/lightdm-greeter-session",
	"/usr/lib/xorg/Xorg",
	"/usr/lib/xorg/Xorg.wrap",
};

static void try_path(const regex_t *regex, const char *path, struct globs *globs)
{
	if (!regexec(regex, path, 0, NULL, 0))
		globs_add_name(globs, strrchr(path, '/') + 1);
}

/* Before the last slash that no wild character precedes. */
static void folder_of(const char *glob, char *folder, size_t size)
{
	size_t n = strcspn(glob, "*?[\\");

	while (n && glob[n - 1] != '/')
		n--;
	snprintf(folder, size, "%.*s", (int)n, glob);
}

/* -EFBIG: it has more files or programs than are looked at. */
static int try_folder(const regex_t *regex, char *folder, struct globs *globs)
{
	char *const paths[] = {folder, NULL};
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	size_t files = 0;
	FTSENT *entry;

	while (walk && (entry = fts_read(walk)) && files < FILES_MOST &&
	       globs->n <= PROGRAMS_MOST) {
		files++;
		if (entry->fts_info == FTS_F && entry->fts_statp->st_mode & S_IXUSR)
			try_path(regex, entry->fts_path, globs);
	}
	if (walk)
		fts_close(walk);
	return files == FILES_MOST || globs->n > PROGRAMS_MOST ? -EFBIG : 0;
}

/* -ENOENT: none is known; -EFBIG: it is a folder of too many; -EINVAL: no folder. */
static int folder_programs(const char *text, const char *glob, struct globs *ret_globs)
{
	struct globs globs = {0};
	char folder[512];
	regex_t regex;
	int err;

	folder_of(glob, folder, sizeof(folder));
	if (*folder != '/' || regcomp(&regex, text, REG_EXTENDED | REG_NOSUB))
		return -EINVAL;
	err = try_folder(&regex, folder, &globs);
	for (size_t i = 0; i < ARRAY_SIZE(common) && !err; i++)
		try_path(&regex, common[i], &globs);
	regfree(&regex);
	if (!err && !globs.n)
		err = -ENOENT;
	if (err)
		globs_free(&globs);
	*ret_globs = globs;
	return err;
}

/* A folder: by the names of the programs in it. */
static void protect_folder(struct import *im, struct import_source *s, size_t line,
			   const char *what, const char *regex, const char *glob)
{
	struct globs programs;
	char comment[512];
	int err = folder_programs(regex, glob, &programs);

	if (err) {
		line_lost(im, s, line,
			  "%s %s: names programs by their folder, and %s; name them below protect",
			  what, regex,
			  err == -EFBIG ? "that has too many" : "none of them is known here");
		return;
	}
	snprintf(comment, sizeof(comment),
		 "%s %.300s: a folder, by the names of the programs that this host has in it, and "
		 "of "
		 "common ones",
		 what, regex);
	for (size_t i = 0; i < programs.n; i++)
		import_protect(im, "process:", programs.glob[i], comment);
	line_taken(s, line, "protect, %zu programs in that folder", programs.n);
	globs_free(&programs);
}

/* The last name of each path, unless that is wild. */
void import_protect_paths(struct import *im, struct import_source *s, size_t line, const char *what,
			  const char *regex)
{
	struct globs globs = {0};
	char comment[512];

	if (regex_globs(regex, REGEX_PATH, &globs)) {
		line_lost(im, s, line, "%s %s: %s; name what it means below protect", what, regex,
			  globs.how);
		return;
	}
	for (size_t i = 0; i < globs.n; i++) {
		const char *last = strrchr(globs.glob[i], '/');
		char name[64];

		snprintf(name, sizeof(name), "%.15s", last ? last + 1 : globs.glob[i]);
		/* *d would protect half of the host */
		if (strcspn(name, "*?[") < LETTERS && name[strcspn(name, "*?[")]) {
			protect_folder(im, s, line, what, regex, globs.glob[i]);
			continue;
		}
		snprintf(comment, sizeof(comment), "%s %.300s: by the program's name", what, regex);
		import_protect(im, "process:", name, comment);
		line_taken(s, line, "protect");
	}
	globs_free(&globs);
}
