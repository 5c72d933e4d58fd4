/* SPDX-License-Identifier: Apache-2.0 */
/*
 * meter: to which rule the time of a check goes.  Whoever asks the engine has the clock
 * and is told: first that the candidates come now (-1), then each time that one has been
 * confirmed or not, with the number of its rule within the engine.  What is looked for
 * for all rules together, words, strings and expressions, is nobody's.
 */
#ifndef RULES_METER_H
#define RULES_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct meter {
	/* False: this text is not measured.  NULL: none is. */
	bool (*told)(void *ctx, int64_t rule);
	void *ctx;
};

static inline bool
meter_begin(const struct meter *m)
{
	return m->told != NULL && m->told(m->ctx, -1);
}

static inline void
meter_rule(const struct meter *m, uint32_t rule)
{
	m->told(m->ctx, rule);
}

#endif
