/* SPDX-License-Identifier: Apache-2.0 */
/* render_main: `tosctl render` by itself, for test_render.sh. */
#include "tosctl/tosctl_render.h"

int
main(int argc, char **argv)
{
	return tosctl_render(argc, argv);
}
