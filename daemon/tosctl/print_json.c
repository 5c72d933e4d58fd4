/* SPDX-License-Identifier: Apache-2.0 */
/* print_json: see print_json.h. */
#include "tosctl/print_json.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

int
print_json(FILE *to, const json_t *o, size_t flags)
{
	char *text = json_dumps(o, flags | JSON_COMPACT);
	struct buf b = {0};

	if (text == NULL)
		return -1;
	text_escape_json(&b, text, strlen(text));
	buf_putc(&b, '\n');
	fwrite(b.data, 1, b.len, to);
	buf_free(&b);
	free(text);
	return 0;
}

int
print_json_take(json_t *o, size_t flags)
{
	int rc = print_json(stdout, o, flags);

	json_decref(o);
	return rc;
}
