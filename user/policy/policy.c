// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Compiled policies: the label keys that they ask for. */
#include "policy.h"

#include <string.h>

const char *policy_label(const struct policy_set *set, uint32_t wanted)
{
	for (uint32_t i = 0; i < set->matches; i++) {
		const char *key = policy_text(set, policy_match_at(set, i)->label);
		uint32_t k = 0;

		while (k < i && strcmp(policy_text(set, policy_match_at(set, k)->label), key) != 0)
			k++;
		if (*key && k == i && !wanted--)
			return key;
	}
	return NULL;
}
