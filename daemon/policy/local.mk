noinst_LIBRARIES += libtosd_policy.a
libtosd_policy_a_SOURCES = \
	%D%/exec.c %D%/exec.h %D%/exec_in.h \
	%D%/exec_batch.c \
	%D%/exec_child.c %D%/exec_child.h \
	%D%/exec_face.c %D%/exec_face.h \
	%D%/exec_proto.c %D%/exec_proto.h %D%/exec_put.c \
	%D%/face.c %D%/face.h \
	%D%/face_ask.c %D%/face_declare.c %D%/face_means.c \
	%D%/fetched.c %D%/fetched.h \
	%D%/fusion.c %D%/fusion.h \
	%D%/host.c %D%/host.h %D%/host_in.h \
	%D%/host_batch.c %D%/host_digest.c %D%/host_tell.c \
	%D%/kept.c %D%/kept.h \
	%D%/lent.c %D%/lent.h \
	%D%/life.c %D%/life.h \
	%D%/meter.c %D%/meter.h \
	%D%/plugin.c %D%/plugin.h \
	%D%/quiet.c %D%/quiet.h \
	%D%/said.c %D%/said.h \
	%D%/verdict.c %D%/verdict.h \
	%D%/when.c %D%/when.h

UNIT_TESTS += tests/test_policy
tests_test_policy_SOURCES = tests/test_policy.c tests/suite.h
tests_test_policy_LDADD = libtosd_policy.a libtosd_ipc.a libtosd_base.a $(CUNIT_LIBS) \
	$(JANSSON_LIBS) $(EVENT_LIBS) $(SECCOMP_LIBS) $(CRYPTO_LIBS) -lm

UNIT_TESTS += tests/test_policy_ask
tests_test_policy_ask_SOURCES = tests/test_policy_ask.c tests/suite.h
tests_test_policy_ask_LDADD = $(tests_test_policy_LDADD)

UNIT_TESTS += tests/test_policy_full
tests_test_policy_full_SOURCES = tests/test_policy_full.c tests/suite.h
tests_test_policy_full_LDADD = $(tests_test_policy_LDADD)

UNIT_TESTS += tests/test_policy_kept
tests_test_policy_kept_SOURCES = tests/test_policy_kept.c tests/suite.h
tests_test_policy_kept_LDADD = $(tests_test_policy_LDADD)

UNIT_TESTS += tests/test_rules
tests_test_rules_SOURCES = tests/test_rules.c tests/suite.h
tests_test_rules_LDADD = libtosd_policy.a libtosd_ipc.a libtosd_base.a $(CUNIT_LIBS) \
	$(JANSSON_LIBS) $(EVENT_LIBS) $(SECCOMP_LIBS) $(CRYPTO_LIBS) -lm
EXTRA_DIST += tests/policy_negatives.txt

UNIT_TESTS += tests/test_rules_same tests/test_rules_packs tests/test_rules_author \
	tests/test_rules_lint tests/test_rules_regex \
	tests/test_rules_hostile tests/test_rules_long
tests_test_rules_same_SOURCES = tests/test_rules_same.c tests/rules_host.h tests/suite.h
tests_test_rules_same_LDADD = $(tests_test_rules_LDADD)
tests_test_rules_packs_SOURCES = tests/test_rules_packs.c tests/rules_pack.h \
	tests/rules_host.h tests/suite.h
tests_test_rules_packs_LDADD = libtosd_evidence.a $(tests_test_rules_LDADD)
tests_test_rules_author_SOURCES = tests/test_rules_author.c tests/rules_pack.h \
	tests/rules_host.h tests/suite.h
tests_test_rules_author_LDADD = $(tests_test_rules_LDADD)
tests_test_rules_lint_SOURCES = tests/test_rules_lint.c tests/rules_pack.h \
	tests/rules_host.h tests/suite.h
tests_test_rules_lint_LDADD = $(tests_test_rules_LDADD)
tests_test_rules_regex_SOURCES = tests/test_rules_regex.c tests/rules_pack.h \
	tests/rules_host.h tests/suite.h
tests_test_rules_regex_LDADD = $(tests_test_rules_LDADD)
tests_test_rules_hostile_SOURCES = tests/test_rules_hostile.c tests/rules_host.h \
	tests/rules_made.h tests/suite.h
tests_test_rules_hostile_LDADD = $(tests_test_rules_LDADD)
tests_test_rules_long_SOURCES = tests/test_rules_long.c tests/rules_host.h \
	tests/rules_pack.h tests/suite.h
tests_test_rules_long_LDADD = $(tests_test_rules_LDADD)

EXTRA_PROGRAMS += tests/bench_scan
tests_bench_scan_SOURCES = tests/bench_scan.c tests/rules_made.h
tests_bench_scan_LDADD = libtosd_policy.a libtosd_ipc.a libtosd_base.a $(JANSSON_LIBS) \
	$(EVENT_LIBS) $(SECCOMP_LIBS) $(HS_LIBS) $(CRYPTO_LIBS) -lm
CLEANFILES += tests/bench_scan

UNIT_TESTS += tests/test_life
tests_test_life_SOURCES = tests/test_life.c tests/suite.h
tests_test_life_LDADD = $(tests_test_policy_LDADD)

UNIT_TESTS += tests/test_exec
tests_test_exec_SOURCES = tests/test_exec.c tests/suite.h
tests_test_exec_LDADD = $(tests_test_policy_LDADD)

if FUZZERS
noinst_PROGRAMS += tests/fuzz_exec
tests_fuzz_exec_SOURCES = tests/fuzz_exec.c
tests_fuzz_exec_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_exec_LDADD = libtosd_policy.a libtosd_ipc.a libtosd_base.a $(JANSSON_LIBS) \
	$(EVENT_LIBS) $(SECCOMP_LIBS) $(CRYPTO_LIBS) -lm
else
EXTRA_DIST += tests/fuzz_exec.c
endif
