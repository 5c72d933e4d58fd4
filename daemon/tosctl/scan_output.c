/* SPDX-License-Identifier: Apache-2.0 */
/* scan_output: where results go while plugins run in this process; see tosctl_scan.h.
 */
#include <fcntl.h>
#include <jansson.h>
#include <unistd.h>

#include "tosctl/tosctl_scan.h"
#include "tosctl/print_json.h"

FILE *
scan_own_output(void)
{
	static FILE *own;
	int fd;

	if (own != NULL)
		return own;
	fflush(stdout);
	fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	own =
	    fd >= 0 && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0 ? fdopen(fd, "w") : NULL;
	own = own != NULL ? own : stdout;
	return own;
}

void
scan_print_json(json_t *o)
{
	print_json(scan_own_output(), o, JSON_REAL_PRECISION(6));
	json_decref(o);
}
