/* SPDX-License-Identifier: Apache-2.0 */
/* standard_output: see standard_output.h. */
#include "tosctl/standard_output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/complain.h"

enum { EXIT_CANNOT = 3 };

bool
standard_output_there(void)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);

	if (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY)
		return true;
	complain("tosctl: cannot write: %s", strerror(EBADF));
	return false;
}

bool
standard_output_taken(void)
{
	bool lost = ferror(stdout) != 0;

	errno = 0;
	return fflush(stdout) == 0 && !lost;
}

int
standard_output_lost(void)
{
	complain("tosctl: cannot write: %s",
	    errno != 0 ? strerror(errno) : "some of the output was not taken");
	return EXIT_CANNOT;
}
