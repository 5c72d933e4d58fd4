/* SPDX-License-Identifier: Apache-2.0 */
/* tosctl_plugin: the command `tosctl plugin'. */
#ifndef TOSD_TOSCTL_PLUGIN_H
#define TOSD_TOSCTL_PLUGIN_H

#include <stdbool.h>

/* `try CMD...': judges items from standard input; 0 all judged, 1 some not wholly, 2
 * usage, 3 cannot.  `conform CMD...': the cases of tosd-exec(7); 1 when one failed.
 * argv[0] is "plugin". */
int tosctl_plugin(int argc, char **argv);

struct plugin_run;
/* All cases; the count of those that failed. */
unsigned plugin_conform(struct plugin_run *r, bool json, const char *only);
void plugin_conform_list(bool json);

#endif
