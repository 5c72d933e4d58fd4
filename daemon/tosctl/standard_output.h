/* SPDX-License-Identifier: Apache-2.0 */
/*
 * standard_output: whether there is one, and whether what was printed was taken.  A process
 * that ends by itself (plugin_cage.h) says so by itself: nobody else knows of its output.
 */
#ifndef TOSD_TOSCTL_STANDARD_OUTPUT_H
#define TOSD_TOSCTL_STANDARD_OUTPUT_H

#include <stdbool.h>

/* Whether there is one.  Before any plugin is asked: later a descriptor that is closed is a
 * plugin's doing.  If not, that has been told. */
bool standard_output_there(void);

/* Whether all that was printed so far was taken; errno says why not. */
bool standard_output_taken(void);
/* Says that it was not; the exit code. */
int standard_output_lost(void);

#endif
