/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_exec: what a plugin that is a program may write.  The first byte says in what
 * pieces it comes: the events must be the same as when it comes whole.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/exec_proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Everything that is told, as one hash, and how it ended. */
static uint64_t
hash(uint64_t h, const void *data, size_t n)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 1099511628211u;
	return h;
}

static uint64_t
run(const char *text, size_t n, size_t step)
{
	struct exec_proto *p = exec_proto_new("fuzz");
	struct exec_event ev;
	uint64_t h = 14695981039346656037u;
	int rc = 0;

	for (size_t i = 0; i < n && rc >= 0; i += step) {
		exec_proto_take(p, text + i, n - i < step ? n - i : step);
		while ((rc = exec_proto_next(p, &ev, NULL)) > 0) {
			h = hash(h, &ev.kind, sizeof(ev.kind));
			h = hash(h, &ev.seq, sizeof(ev.seq));
			if (ev.kind == EXEC_HELLO &&
			    (ev.hello.nrules == 0 || ev.hello.name == NULL))
				abort();
			for (size_t k = 0; k < ev.n; k++) {
				const struct exec_finding *f = &ev.findings[k];

				if (f->bad != NULL)
					h = hash(h, f->bad, strlen(f->bad));
				h = hash(h, f->rule, strlen(f->rule));
				h = hash(h, f->reason, strlen(f->reason));
				h = hash(h, f->spans, f->nspans * sizeof(f->spans[0]));
			}
			exec_hello_clear(&ev.hello);
		}
	}
	exec_proto_free(&p);
	return hash(h, &rc, sizeof(rc));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char hello[] =
	    "{\"t\":\"hello\",\"proto\":[1,1],\"name\":\"n\",\"version\":\"1\","
	    "\"rules\":"
	    "[{\"id\":\"a/b\",\"rev\":2,\"clause\":\"1\",\"category\":\"x\","
	    "\"severity\":\"low\"}],\"want\":[\"text\"]}\n";
	struct buf b = {0};
	size_t step;

	if (n < 2)
		return 0;
	step = data[0] % 64 + 1;
	/* Half of the inputs begin behind a good hello. */
	if (data[0] & 64)
		buf_put(&b, hello, sizeof(hello) - 1);
	buf_put(&b, data + 1, n - 1);
	if (run(b.data, b.len, step) != run(b.data, b.len, b.len))
		abort();
	buf_free(&b);
	return 0;
}
