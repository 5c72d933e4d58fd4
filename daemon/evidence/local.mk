# The evidence room: captures, the signed ledger and its verifier.
noinst_LIBRARIES += libtosd_evidence.a
libtosd_evidence_a_SOURCES = \
	%D%/checkpoint.c %D%/checkpoint.h \
	%D%/ledger.c %D%/ledger.h %D%/ledger_in.h \
	%D%/ledger_key.c \
	%D%/ledger_open.c \
	%D%/ledger_seal.c \
	%D%/merkle.c %D%/merkle.h \
	%D%/note.c %D%/note.h \
	%D%/place.c %D%/place.h \
	%D%/salted.c %D%/salted.h \
	%D%/tile.c %D%/tile.h \
	%D%/table.c %D%/table.h \
	%D%/vault.c %D%/vault.h \
	%D%/verify.c %D%/verify.h %D%/verify_in.h \
	%D%/verify_entry.c \
	%D%/verify_files.c \
	%D%/verify_head.c \
	%D%/verify_tree.c \
	%D%/warc.c %D%/warc.h

UNIT_TESTS += tests/test_evidence tests/test_vault tests/test_verify
tests_test_evidence_SOURCES = tests/test_evidence.c tests/evidence_log.h tests/suite.h
tests_test_evidence_LDADD = libtosd_evidence.a libtosd_base.a $(CUNIT_LIBS) \
	$(JANSSON_LIBS) $(CRYPTO_LIBS)
tests_test_vault_SOURCES = tests/test_vault.c tests/evidence_log.h tests/suite.h
tests_test_vault_LDADD = $(tests_test_evidence_LDADD)
tests_test_verify_SOURCES = tests/test_verify.c tests/evidence_said.h \
	tests/evidence_build.h tests/evidence_log.h tests/suite.h
tests_test_verify_LDADD = $(tests_test_evidence_LDADD)
EXTRA_tests_test_verify_DEPENDENCIES = tests/evidence_main$(EXEEXT) tosctl$(EXEEXT)
tests_test_tamper_SOURCES = tests/test_tamper.c tests/evidence_said.h \
	tests/evidence_build.h tests/evidence_log.h tests/suite.h
tests_test_tamper_LDADD = $(tests_test_evidence_LDADD)

# `tosctl evidence` alone: a tool of test_verify, not a test.
EXTRA_PROGRAMS += tests/evidence_main
tests_evidence_main_SOURCES = tests/evidence_main.c \
	daemon/tosctl/tosctl_evidence.c daemon/tosctl/tosctl_evidence.h \
	daemon/tosctl/print_json.c daemon/tosctl/print_json.h \
	daemon/tosctl/tell_key.c daemon/tosctl/tell_key.h
tests_evidence_main_LDADD = libtosd_evidence.a libtosd_base.a $(JANSSON_LIBS) \
	$(CRYPTO_LIBS)
CLEANFILES += tests/evidence_main$(EXEEXT)
