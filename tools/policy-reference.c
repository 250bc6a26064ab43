// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The policy conditions or actions as list items in mdoc(7), each sentence on its line; tools/manual puts them into
 * headroom.yaml(5).
 */
#include <stdio.h>
#include <string.h>

#include "policy/action_table.h"
#include "policy/condition_table.h"

static void print_item(const char *word, const char *values, const char *reference)
{
	printf(".It Cm %s\n", word);
	if (values)
		printf("%s.\n", values);
	for (const char *at = reference; *at; at++)
		putchar(at > reference && *at == ' ' && at[-1] == '.' ? '\n' : *at);
	putchar('\n');
}

static void print_action(unsigned int kind)
{
	print_item(hr_action_kind_name(kind), action_kinds[kind].values,
		   action_kinds[kind].reference);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "conditions")) {
		for (size_t i = 0; i < CONDITIONS; i++)
			print_item(condition_table[i].key, condition_table[i].values,
				   condition_table[i].reference);
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "actions")) {
		for (unsigned int order = 1; order < HR_ACTION_COUNT; order++)
			for (unsigned int i = 0; i < HR_ACTION_COUNT; i++)
				if (action_kinds[i].order == order)
					print_action(i);
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "on_exit")) {
		print_item("on_exit", action_kinds[HR_ACTION_ON_EXIT].values,
			   action_kinds[HR_ACTION_ON_EXIT].reference);
		return 0;
	}
	fprintf(stderr, "usage: policy-reference conditions|actions|on_exit\n");
	return 2;
}
