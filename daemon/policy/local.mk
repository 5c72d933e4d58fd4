noinst_LIBRARIES += libtosd_policy.a
libtosd_policy_a_SOURCES = \
	%D%/face.c %D%/face.h \
	%D%/fusion.c %D%/fusion.h \
	%D%/host.c %D%/host.h \
	%D%/plugin.c %D%/plugin.h \
	%D%/verdict.c %D%/verdict.h

# `tosctl scan` and `tosctl policy` on their own, for tests of this room.
check_PROGRAMS += tests/scan_main
tests_scan_main_SOURCES = tests/scan_main.c \
	daemon/tosctl/places.c daemon/tosctl/places.h \
	daemon/tosctl/tosctl_scan.c daemon/tosctl/tosctl_scan.h
tests_scan_main_LDADD = libtosd_policy.a libtosd_ipc.a libtosd_base.a $(JANSSON_LIBS) \
	$(EVENT_LIBS) $(SECCOMP_LIBS) $(CRYPTO_LIBS) -lm

UNIT_TESTS += tests/test_policy
tests_test_policy_SOURCES = tests/test_policy.c tests/suite.h
tests_test_policy_LDADD = libtosd_policy.a libtosd_ipc.a libtosd_base.a $(CUNIT_LIBS) \
	$(EVENT_LIBS) $(SECCOMP_LIBS) $(CRYPTO_LIBS) -lm


UNIT_TESTS += tests/test_rules
tests_test_rules_SOURCES = tests/test_rules.c tests/suite.h
tests_test_rules_LDADD = libtosd_policy.a libtosd_ipc.a libtosd_base.a $(CUNIT_LIBS) \
	$(EVENT_LIBS) $(SECCOMP_LIBS) $(CRYPTO_LIBS) -lm
EXTRA_DIST += tests/policy_negatives.txt

EXTRA_PROGRAMS += tests/bench_scan
tests_bench_scan_SOURCES = tests/bench_scan.c
tests_bench_scan_LDADD = libtosd_policy.a libtosd_ipc.a libtosd_base.a $(EVENT_LIBS) \
	$(SECCOMP_LIBS) $(HS_LIBS) $(CRYPTO_LIBS) -lm
CLEANFILES += tests/bench_scan
