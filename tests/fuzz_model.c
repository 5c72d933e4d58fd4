/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_model: any bytes as a model file; those without a good digest get one, so that
 * what is inside is read.  A model that loads judges a text, and the score is a chance.
 * Seeds: plugins/classifier/violence.model; -max_len=1048576
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classifier/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
sign(char *data, size_t n)
{
	char hex[MEM_HEX];

	mem_sha256(data, n - 32, hex);
	for (size_t i = 0; i < 32; i++) {
		unsigned v = 0;

		sscanf(hex + 2 * i, "%2x", &v);
		data[n - 32 + i] = (char)v;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char text[] =
	    "We will kill them all. Who is in? \"Not me\", he said.";
	char *s = malloc(size + 1);
	struct model *m;
	struct why why;

	if (size > 0)
		memcpy(s, data, size);
	if (size >= 32)
		sign(s, size);
	if (model_parse(s, size, &m, &why) == 0) {
		struct model_work k = {0};
		struct model_span v[12];
		double p = model_score(m, &k, text, sizeof(text) - 1);
		size_t n = model_explain(m, &k, v, 12);

		if (!(p >= 0 && p <= 1))
			abort();
		for (size_t i = 0; i < n; i++)
			if (v[i].start >= v[i].end || v[i].end > sizeof(text) - 1)
				abort();
		model_work_free(&k);
		model_free(&m);
	}
	free(s);
	return 0;
}
