/* SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"
static const struct suite_test tests[] = {{0}};
SUITE_MAIN("evidence", tests)
