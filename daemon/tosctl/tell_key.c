/* SPDX-License-Identifier: Apache-2.0 */
/* tell_key: see tell_key.h. */
#include "tosctl/tell_key.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/complain.h"

int
tell_key(const char *vkey, const char *file)
{
	printf("%s\n", vkey);
	if (fflush(stdout) == 0)
		return 0;
	complain("tosctl: the public half could not be told: %s; no key is left in %s",
	    strerror(errno), file);
	unlink(file);
	return 3;
}
