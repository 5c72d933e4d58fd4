/* SPDX-License-Identifier: Apache-2.0 */
/* tosctl_render: `tosctl render`, a template and its data to the rendered bytes. */
#ifndef TOSD_TOSCTL_TOSCTL_RENDER_H
#define TOSD_TOSCTL_TOSCTL_RENDER_H

/* argv[0] is "render".  Returns the exit code: 0 done; 1 template, partial or data is
 * wrong, or the data lack a name; 2 usage; 3 a file cannot be read or the output not
 * be written.  Nothing is written to standard output unless all went well. */
int tosctl_render(int argc, char **argv);

#endif
