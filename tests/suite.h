/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suite: the frame of every CUnit program: a table of tests and a main() whose
 * exit code says whether all of them passed.
 */
#ifndef TOSD_TESTS_SUITE_H
#define TOSD_TESTS_SUITE_H

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As CU_ASSERT_STRING_EQUAL, but NULL is a value too, and both are shown. */
static inline void
suite_same(const char *got, const char *want, int line)
{
	bool same = got != NULL && want != NULL ? strcmp(got, want) == 0 : got == want;

	if (!same)
		printf("\n    line %d: got \"%s\", expected \"%s\" ", line,
		    got != NULL ? got : "(null)", want != NULL ? want : "(null)");
	CU_ASSERT(same);
}
#define SAME(got, want) suite_same(got, want, __LINE__)

struct suite_test {
	const char *name;
	void (*run)(void);
};

/* before: called before each test; NULL: nothing is. */
static inline int
suite_main_with(
    const char *suite, const struct suite_test *tests, size_t n, void (*before)(void))
{
	CU_pSuite s;
	unsigned failed;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 2;
	s = CU_add_suite_with_setup_and_teardown(suite, NULL, NULL, before, NULL);
	for (size_t i = 0; s != NULL && i < n; i++)
		CU_add_test(s, tests[i].name, tests[i].run);
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	failed = CU_get_number_of_failures();
	CU_cleanup_registry();
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static inline int
suite_main(const char *suite, const struct suite_test *tests, size_t n)
{
	return suite_main_with(suite, tests, n, NULL);
}

#define SUITE_MAIN(name, tests)                                                          \
	int main(void)                                                                   \
	{                                                                                \
		return suite_main(name, tests, sizeof(tests) / sizeof((tests)[0]));      \
	}

#endif
