/* SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"
#include "feed/feed.h"
static void t(void){ CU_ASSERT(1); }
static const struct suite_test tests[]={{"t",t}};
SUITE_MAIN("feed",tests)
