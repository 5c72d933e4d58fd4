/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_msg: bodies of messages from a peer that has been taken over.  The first three
 * bytes choose type, sender and receiver.  What decodes must encode to the same bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf b = {0};
	struct msg m;

	if (n < 3)
		return 0;
	for (int fd = 0; fd < 2; fd++) {
		if (msg_decode(&m, data[0], data + 3, n - 3, data[1] % ROLE_COUNT,
			data[2] % ROLE_COUNT, fd, NULL) != 0)
			continue;
		msg_encode(&b, &m);
		if (b.len != n - 3 ||
		    (b.len > 0 && memcmp(b.data, data + 3, b.len) != 0))
			abort();
		msg_clear(&m);
		buf_free(&b);
	}
	return 0;
}
