/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_date: libFuzzer target: any string as a date; what is read is read again alike.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "feed/date.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *s = xstrndup((const char *)data, n), text[CLOCK_TEXT];
	int64_t t = feed_date(s), floor;

	free(s);
	if (t == CLOCK_NONE)
		return 0;
	/* The years 0 to 9999, and a day for zones. */
	if (t < clock_days(0, 1, 1) * CLOCK_DAY - CLOCK_DAY ||
	    t > clock_days(10000, 1, 1) * CLOCK_DAY + CLOCK_DAY)
		abort();
	floor = t - ((t % CLOCK_SEC) + CLOCK_SEC) % CLOCK_SEC;
	clock_format(floor, text);
	if (strlen(text) == strlen("2000-01-01T00:00:00Z") && text[0] != '-' &&
	    feed_date(text) != floor)
		abort();
	return 0;
}
