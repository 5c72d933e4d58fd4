/* SPDX-License-Identifier: Apache-2.0 */
/* complain: one line on standard error; see complain.h. */
#include "base/complain.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/text.h"

void
complain(const char *fmt, ...)
{
	struct buf said = {0}, shown = {0};
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&said, fmt, ap);
	va_end(ap);
	text_escape_buf(&shown, said.data, said.len);
	buf_putc(&shown, '\n');
	fwrite(shown.data, 1, shown.len, stderr);
	buf_free(&said);
	buf_free(&shown);
}
