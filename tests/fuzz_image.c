/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_image: any bytes as a medium: digests, and of a picture its hash.  Seeds:
 * pictures of any kind, small ones; -max_len=65536
 */
#include <stdlib.h>
#include <string.h>

#include "media/media.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct media m;

	media_hash(data, size, 300000, &m);
	if (strlen(m.sha256) != 64 || (m.pdq[0] != '\0') != (m.why[0] == '\0') ||
	    (m.pdq[0] != '\0' && strlen(m.pdq) != 64) || m.quality < 0 ||
	    m.quality > 100)
		abort();
	return 0;
}
