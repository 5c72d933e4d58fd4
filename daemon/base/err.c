/* SPDX-License-Identifier: Apache-2.0 */
/* err: codes with a text; see err.h.  Linked into every role and tool. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	int code;
	const char *name;
} names[] = {
    {TOSD_OK, "ok"},
    {TOSD_EINVAL, "invalid"},
    {TOSD_ENOENT, "not found"},
    {TOSD_EIO, "input or output failed"},
    {TOSD_ELIMIT, "limit reached"},
    {TOSD_EPROTO, "protocol broken"},
    {TOSD_EDENIED, "denied"},
    {TOSD_EBUSY, "busy"},
    {TOSD_ETAMPER, "does not match its commitment"},
    {TOSD_ESTATE, "not possible now"},
    {TOSD_EEXIST, "exists already"},
};

const char *
err_name(int code)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].code == code)
			return names[i].name;
	return "unknown error";
}

int
err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	if (e == NULL)
		return code;
	e->code = code;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return code;
}

int
err_sys(struct err *e, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;
	int n;

	if (e == NULL)
		return TOSD_EIO;
	e->code = TOSD_EIO;
	va_start(ap, fmt);
	n = vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(e->text))
		snprintf(e->text + n, sizeof(e->text) - n, ": %s", strerror(saved));
	return TOSD_EIO;
}

int
err_wrap(struct err *e, const char *fmt, ...)
{
	char old[ERR_TEXT_MAX];
	va_list ap;
	int n;

	if (e == NULL)
		return TOSD_EIO;
	memcpy(old, e->text, sizeof(old));
	va_start(ap, fmt);
	n = vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(e->text))
		snprintf(e->text + n, sizeof(e->text) - n, ": %s", old);
	return e->code;
}
