// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What the parsers of a policy file share: start and end, arrays that grow, and the pool of texts. */
#include "policy_parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Why these: docs/reference/configuration.md. */
#define RATE_LIMIT_DEFAULT_KILLS  3
#define RATE_LIMIT_DEFAULT_PER_MS 600000

void policy_parse_init(struct policy_parse *c, const struct tree *tree)
{
	*c = (struct policy_parse){
		.tree = tree,
		.head.magic = POLICY_MAGIC,
		.head.rate_limit_kills = RATE_LIMIT_DEFAULT_KILLS,
		.head.rate_limit_per_ms = RATE_LIMIT_DEFAULT_PER_MS,
	};
}

void policy_parse_done(struct policy_parse *c)
{
	free(c->policy);
	free(c->place);
	free(c->selector);
	free(c->glob);
	free(c->text);
}

int policy_parse_space(void *array, uint32_t *space, uint32_t need, size_t each)
{
	uint32_t more = *space ? *space : 64;
	void *grown;

	if (need <= *space)
		return 0;
	while (more < need)
		more *= 2;
	grown = reallocarray(*(void **)array, more, each);
	if (!grown)
		return -ENOMEM;
	*(void **)array = grown;
	*space = more;
	return 0;
}

/* Text comes first in the block, so that its offset is known now. */
int policy_parse_text(struct policy_parse *c, const char *text, uint32_t *ret_at)
{
	uint32_t bytes = (uint32_t)strlen(text) + 1;
	int err = policy_parse_space(&c->text, &c->text_space, c->texts + bytes, 1);

	if (err)
		return err;
	memcpy(c->text + c->texts, text, bytes);
	*ret_at = (uint32_t)sizeof(struct policy_set) + c->texts;
	c->texts += bytes;
	return 0;
}
