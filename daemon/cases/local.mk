# The cases room.
noinst_LIBRARIES += libtosd_cases.a
libtosd_cases_a_SOURCES = \
	%D%/chance.c %D%/chance.h \
	%D%/ladder.c %D%/ladder.h \
	%D%/measure.c %D%/measure.h \
	%D%/trend.c %D%/trend.h

UNIT_TESTS += tests/test_measure
tests_test_measure_SOURCES = tests/test_measure.c tests/suite.h
tests_test_measure_LDADD = libtosd_cases.a libtosd_base.a $(CUNIT_LIBS) -lm

# "tosctl trend" as a program of its own; without arguments it tests itself.
UNIT_TESTS += tests/trend_main
tests_trend_main_SOURCES = tests/trend_main.c tests/suite.h \
	daemon/tosctl/tosctl_trend.c daemon/tosctl/tosctl_trend.h
tests_trend_main_LDADD = libtosd_cases.a libtosd_base.a $(CUNIT_LIBS) $(JANSSON_LIBS) \
	-lm

UNIT_TESTS += tests/test_ladder
tests_test_ladder_SOURCES = tests/test_ladder.c tests/suite.h
tests_test_ladder_LDADD = libtosd_cases.a libtosd_base.a $(CUNIT_LIBS)
