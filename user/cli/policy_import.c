// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The result of an import: notes, protected names, policies, and what became of each line of the sources. */
#include "policy_import.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8_clean.h"
#include "policy/policy_parse.h"
#include "policy_import_internal.h"

#define WIDTH 92 /* of a comment without what stands before it */

struct texts {
	char **text;
	size_t n;
};

struct protect {
	char *entry, *comment;
};

struct policy_text {
	char *name;
	size_t begin;         /* in policies_text */
	struct texts targets; /* KEY:GLOB */
};

struct import {
	const char *program;
	struct policy_text *policy;
	size_t n_policies;
	struct texts notes, warnings, lost;
	struct protect *protect;
	size_t protects;
	struct import_source *sources, **last;
	FILE *policies;
	char *policies_text;
	size_t policies_bytes;
	bool failed; /* no memory */
};

/* ---- texts ---- */

static bool add_text(struct import *im, struct texts *list, const char *format, va_list args)
{
	char **more, *text = NULL;

	if (vasprintf(&text, format, args) < 0) {
		im->failed = true;
		return false;
	}
	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->text[i], text)) {
			free(text);
			return false;
		}
	more = reallocarray(list->text, list->n + 1, sizeof(*more));
	if (!more) {
		im->failed = true;
		free(text);
		return false;
	}
	list->text = more;
	list->text[list->n++] = text;
	return true;
}

static void free_texts(struct texts *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->text[i]);
	free(list->text);
}

void import_note(struct import *im, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_text(im, &im->notes, format, args);
	va_end(args);
}

void import_warn(struct import *im, const char *format, ...)
{
	va_list args, again;

	va_start(args, format);
	va_copy(again, args);
	if (add_text(im, &im->warnings, format, args))
		add_text(im, &im->notes, format, again);
	va_end(again);
	va_end(args);
}

void import_lost(struct import *im, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_text(im, &im->lost, format, args);
	va_end(args);
}

static const char *text_at(const struct texts *list, size_t i)
{
	return i < list->n ? list->text[i] : NULL;
}

const char *import_lost_text(const struct import *im, size_t i) { return text_at(&im->lost, i); }
const char *import_warning_text(const struct import *im, size_t i)
{
	return text_at(&im->warnings, i);
}

/* ---- the parts ---- */

struct import *import_new(const char *program)
{
	struct import *im = calloc(1, sizeof(*im));

	if (!im)
		return NULL;
	im->program = program;
	im->last = &im->sources;
	im->policies = open_memstream(&im->policies_text, &im->policies_bytes);
	if (im->policies)
		return im;
	free(im);
	return NULL;
}

void import_free(struct import *im)
{
	if (!im)
		return;
	free_texts(&im->notes);
	free_texts(&im->warnings);
	free_texts(&im->lost);
	for (size_t i = 0; i < im->protects; i++) {
		free(im->protect[i].entry);
		free(im->protect[i].comment);
	}
	free(im->protect);
	for (size_t i = 0; i < im->n_policies; i++) {
		free(im->policy[i].name);
		free_texts(&im->policy[i].targets);
	}
	free(im->policy);
	sources_free(im->sources);
	fclose(im->policies);
	free(im->policies_text);
	free(im);
}

void import_add_source(struct import *im, struct import_source *source)
{
	*im->last = source;
	im->last = source_next(source);
}

struct import_source *import_find_source(struct import *im, const char *path)
{
	struct import_source *s = im->sources;

	while (s && strcmp(source_path(s), path) != 0)
		s = *source_next(s);
	return s;
}

FILE *import_policy(struct import *im, const char *name)
{
	struct policy_text *more = reallocarray(im->policy, im->n_policies + 1, sizeof(*more));

	fflush(im->policies);
	if (!more) {
		im->failed = true;
		return im->policies;
	}
	im->policy = more;
	im->policy[im->n_policies++] =
		(struct policy_text){.name = strdup(name), .begin = im->policies_bytes};
	return im->policies;
}

static void add_target(struct import *im, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_text(im, &im->policy[im->n_policies - 1].targets, format, args);
	va_end(args);
}

void import_target(struct import *im, const char *key, const char *glob)
{
	if (im->n_policies)
		add_target(im, "%s%s", key, glob);
}

void import_protect(struct import *im, const char *key, const char *glob, const char *comment)
{
	struct protect *more = reallocarray(im->protect, im->protects + 1, sizeof(*more));
	char *entry = NULL;

	if (more)
		im->protect = more;
	if (!more || asprintf(&entry, "%s%s", key, glob) < 0) {
		im->failed = true;
		return;
	}
	for (size_t i = 0; i < im->protects; i++)
		if (!strcmp(im->protect[i].entry, entry)) {
			free(entry);
			return;
		}
	if (im->protects == POLICY_PARSE_PROTECTS) {
		import_lost(
			im,
			"more protected names than the %u that a configuration holds: join some "
			"by a * in their expressions",
			POLICY_PARSE_PROTECTS);
		free(entry);
		return;
	}
	im->protect[im->protects++] = (struct protect){entry, comment ? strdup(comment) : NULL};
}

/* Text that YAML and terminals can hold: what they can't becomes a ?, which also is the glob for it. */
static void put_plain(FILE *out, const char *text, size_t n, bool quote)
{
	for (size_t i = 0, bytes; i < n; i += bytes) {
		unsigned char c = (unsigned char)text[i];
		char clean[20];

		bytes = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
		if (c == '\\' || (quote && c == '\'')) {
			fputs(c == '\\' ? "\\" : "\'\'", out);
		} else if (bytes <= n - i &&
			   !strncmp(text_clean(text + i, bytes, clean, sizeof(clean)), text + i,
				    bytes) &&
			   strlen(clean) == bytes) {
			fwrite(text + i, 1, bytes, out);
		} else {
			fputc('?', out);
			bytes = 1;
		}
	}
}

void import_quoted(FILE *out, const char *before, const char *text)
{
	fputc('\'', out);
	put_plain(out, before, strlen(before), true);
	put_plain(out, text, strlen(text), true);
	fputc('\'', out);
}

void import_host_policy(struct import *im, const struct host_policy *p)
{
	FILE *out = import_policy(im, p->name);

	fprintf(out, "  - name: %s\n", p->name);
	if (p->priority)
		fprintf(out, "    priority: %d\n", p->priority);
	if (p->prefer) {
		fputs("    match: {scope: host_processes, process: [", out);
		for (size_t i = 0; i < p->prefer->n; i++) {
			fputs(i ? ", " : "", out);
			import_quoted(out, "", p->prefer->glob[i]);
			import_target(im, "process:", p->prefer->glob[i]);
		}
		fputs("]}\n", out);
	}
	fprintf(out, "    when: {host_available: %s%s%s}\n    actions: [", p->amount,
		p->prefer ? ", rss: " : "", p->prefer ? "64MiB" : "");
	if (p->run) {
		fputs("{notify: {run: [", out);
		import_quoted(out, "", p->run);
		fputs(", '{policy}'], run_as: root}}", out); /* as earlyoom ran it */
	} else {
		fputs("notify", out);
	}
	fputs(!p->kill ? ", term]\n" : p->largest ? ", {kill: largest}]\n" : ", kill]\n", out);
}

/* ---- writing ---- */

/* As much as fits on a line: up to a blank; of a longer word up to a sign that separates, else what fits, in whole characters. */
static size_t part_of(const char *text)
{
	size_t n = strlen(text), end = WIDTH;

	if (n <= WIDTH)
		return n;
	while (end && text[end] != ' ')
		end--;
	if (end)
		return end;
	for (end = WIDTH - 1; end > WIDTH / 2; end--)
		if (strchr("|,;/)", text[end - 1]))
			return end;
	for (end = WIDTH - 1; end > 1 && ((unsigned char)text[end] & 0xc0) == 0x80;)
		end--;
	return end;
}

void comment_write(FILE *out, const char *indent, const char *text)
{
	for (const char *at = text, *before = ""; *at; at += strspn(at, " "), before = "    ") {
		size_t n = part_of(at);

		fprintf(out, "# %s%s", indent, before);
		put_plain(out, at, n, false);
		fputs(at[n] && at[n] != ' ' ? "\\\n" : "\n", out); /* the word goes on */
		at += n;
	}
}

static void write_protect(const struct import *im, FILE *out)
{
	const char *last = NULL;

	fputs(im->protects ? "protect:\n" : "", out);
	for (size_t i = 0; i < im->protects; i++) {
		const struct protect *p = &im->protect[i];

		if (p->comment && (!last || strcmp(last, p->comment) != 0)) {
			fputs("  ", out);
			comment_write(out, "", p->comment);
		}
		last = p->comment;
		fputs("  - ", out);
		import_quoted(out, "", p->entry);
		fputc('\n', out);
	}
}

/* As policy_parse_check_protected() has it. */
static bool is_protected(const struct import *im, const char *target)
{
	size_t key = strcspn(target, ":") + 1;

	for (size_t i = 0; i < im->protects; i++) {
		const char *entry = im->protect[i].entry;

		if (!strncmp(entry, target, key) && glob_covers(entry + key, target + key))
			return true;
	}
	return false;
}

static bool selects_nothing(const struct import *im, const struct policy_text *p)
{
	size_t open = 0, cgroups = 0;

	for (size_t i = 0; i < p->targets.n; i++) {
		open += !is_protected(im, p->targets.text[i]);
		cgroups += !strncmp(p->targets.text[i], "cgroup:", 7);
	}
	return (p->targets.n && !open) || (!cgroups && is_protected(im, "cgroup:/*"));
}

/* Up to the next comma outside quotes. */
static size_t word_columns(const char *text)
{
	bool quoted = false;
	size_t n = 0;

	for (; text[n] && text[n] != '\n' && (quoted || text[n] != ','); n++)
		quoted ^= text[n] == '\'';
	return n + 1;
}

/* Breaks lines behind a comma outside quotes, where the next word would pass the 100th column. A quote within a text is doubled. */
static void write_wrapped(FILE *out, const char *text, size_t n)
{
	size_t column = 0;
	bool quoted = false;

	for (const char *at = text; at < text + n; at++, column++) {
		fputc(*at, out);
		quoted ^= *at == '\'';
		if (*at == '\n') {
			column = (size_t)-1;
			quoted = false;
		} else if (!quoted && *at == ',' && at[1] == ' ' &&
			   column + 2 + word_columns(at + 2) > 100) {
			fputs("\n         ", out);
			column = 9; /* the blank behind the comma is the tenth */
		}
	}
}

static void write_policies(const struct import *im, FILE *out)
{
	size_t left = 0;

	for (size_t i = 0; i < im->n_policies; i++)
		left += selects_nothing(im, &im->policy[i]);
	fputs(left < im->n_policies ? "policies:\n" : "policies: []\n", out);
	for (size_t i = 0; i < im->n_policies; i++) {
		const struct policy_text *p = &im->policy[i];
		size_t end = i + 1 < im->n_policies ? p[1].begin : im->policies_bytes;
		_cleanup_free_ char *text = NULL;

		if (!selects_nothing(im, p))
			write_wrapped(out, im->policies_text + p->begin, end - p->begin);
		else if (asprintf(&text, "%s: left out: all that it selects is protected",
				  p->name) >= 0)
			comment_write(out, "", text);
	}
}

int import_write(struct import *im, FILE *out)
{
	char restraint[256];

	fflush(im->policies);
	if (im->failed || ferror(im->policies))
		return -ENOMEM;
	snprintf(restraint, sizeof(restraint), "Imported from %s.", im->program);
	comment_write(out, "", restraint);
	for (size_t i = 0; i < im->notes.n; i++)
		comment_write(out, "", im->notes.text[i]);
	for (size_t i = 0; i < im->lost.n; i++) {
		fputs("# Not protected:\n", out);
		comment_write(out, "  ", im->lost.text[i]);
	}
	if (im->policies_bytes) {
		snprintf(restraint, sizeof(restraint), IMPORT_RESTRAINT, im->program);
		comment_write(out, "", restraint);
	}
	fputs("mode: dry-run    # later: enforce\n", out);
	write_protect(im, out);
	write_policies(im, out);
	sources_write(im->sources, out);
	return ferror(out) ? -EIO : 0;
}
