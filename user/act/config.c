// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * YAML into struct config. A table of keys, each with its parser; libyaml's marks say where an error stands. Knows no
 * policies yet: this version observes, and says so rather than ignoring a rule that somebody relies on.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/units.h"

#define INTERVAL_LEAST_MS 100
#define INTERVAL_MOST_MS  60000

struct config_file {
	const char *path;
	yaml_document_t document;
	char *error;
};

static const char *const mode_words[] = {"observe", "dry-run", "enforce"};

int config_mode_parse(const char *word, enum act_mode *ret_mode)
{
	for (size_t i = 0; i < ARRAY_SIZE(mode_words); i++) {
		if (!strcmp(word, mode_words[i])) {
			*ret_mode = (enum act_mode)i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *config_mode_word(enum act_mode mode)
{
	return mode_words[mode];
}

void config_init(struct config *config)
{
	*config = (struct config){.mode = MODE_OBSERVE, .interval_ms = 1000};
}

static int complain(struct config_file *file, yaml_mark_t mark, const char *what, const char *expected)
{
	char clean[160];

	text_clean(what, strlen(what), clean, sizeof(clean));
	snprintf(file->error, CONFIG_ERROR, "%s:%zu:%zu: %s: %s", file->path, mark.line + 1,
		 mark.column + 1, clean, expected);
	return -EINVAL;
}

static const char *scalar(const yaml_node_t *node)
{
	return node && node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

static int parse_mode(struct config_file *file, yaml_node_t *node, struct config *config)
{
	const char *word = scalar(node);
	enum act_mode mode;

	if (!word || config_mode_parse(word, &mode))
		return complain(file, node->start_mark, word ? word : "mode",
				"expected observe, dry-run or enforce");
	if (!config->mode_given)
		config->mode = mode;
	return 0;
}

static int parse_interval(struct config_file *file, yaml_node_t *node, struct config *config)
{
	const char *word = scalar(node);
	uint64_t ms;

	if (!word || units_parse_duration_ms(word, &ms) || ms < INTERVAL_LEAST_MS ||
	    ms > INTERVAL_MOST_MS)
		return complain(file, node->start_mark, word ? word : "interval",
				"expected a time from 100ms to 60s, such as 1s");
	config->interval_ms = (uint32_t)ms;
	return 0;
}

/* The exporter's part of the file: `headroom export` reads it, the guard only lets it stand. */
static int parse_elsewhere(struct config_file *file, yaml_node_t *node, struct config *config)
{
	return 0;
}

static int parse_list(struct config_file *file, yaml_node_t *node, struct config *config)
{
	if (node->type != YAML_SEQUENCE_NODE)
		return complain(file, node->start_mark, "protect",
				"expected a list, such as [unit:sshd.service]");
	return 0;
}

static int parse_later(struct config_file *file, yaml_node_t *node, struct config *config)
{
	return complain(file, node->start_mark, "policies and what belongs to them",
			"this version only observes; remove this part");
}

static const struct config_key {
	const char *name;
	int (*parse)(struct config_file *file, yaml_node_t *node, struct config *config);
} config_keys[] = {
	{"mode", parse_mode},	      {"interval", parse_interval}, {"protect", parse_list},
	{"export", parse_elsewhere},  {"policies", parse_later},    {"budget", parse_later},
	{"control", parse_later},
};

static int parse_pair(struct config_file *file, const yaml_node_pair_t *pair, struct config *config)
{
	yaml_node_t *key = yaml_document_get_node(&file->document, pair->key);
	yaml_node_t *value = yaml_document_get_node(&file->document, pair->value);
	const char *name = scalar(key);

	for (size_t i = 0; name && i < ARRAY_SIZE(config_keys); i++)
		if (!strcmp(name, config_keys[i].name))
			return config_keys[i].parse(file, value, config);
	return complain(file, key->start_mark, name ? name : "a key that is no word",
			"unknown key; expected mode, interval, protect or export");
}

static int parse_document(struct config_file *file, struct config *config)
{
	yaml_node_t *root = yaml_document_get_root_node(&file->document);
	int err;

	if (!root)
		return 0;	/* an empty file means the defaults */
	if (root->type != YAML_MAPPING_NODE)
		return complain(file, root->start_mark, "not a mapping", "expected `key: value` lines");
	for (yaml_node_pair_t *pair = root->data.mapping.pairs.start;
	     pair < root->data.mapping.pairs.top; pair++) {
		err = parse_pair(file, pair, config);
		if (err)
			return err;
	}
	return 0;
}

int config_load(const char *path, struct config *config, char error[CONFIG_ERROR])
{
	struct config_file file = {.path = path, .error = error};
	struct config parsed = *config;
	_cleanup_fclose_ FILE *stream = fopen(path, "re");
	yaml_parser_t parser;
	int err;

	if (!stream)
		return -errno;
	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_file(&parser, stream);
	if (!yaml_parser_load(&parser, &file.document)) {
		err = complain(&file, parser.problem_mark,
			       parser.problem ? parser.problem : "can't be read", "expected YAML");
		yaml_parser_delete(&parser);
		return err;
	}
	err = parse_document(&file, &parsed);
	yaml_document_delete(&file.document);
	yaml_parser_delete(&parser);
	if (!err)
		*config = parsed;
	return err;
}
