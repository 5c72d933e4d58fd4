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
	%D%/vault.c %D%/vault.h \
	%D%/warc.c %D%/warc.h

check_PROGRAMS += tests/test_evidence
tests_test_evidence_SOURCES = tests/test_evidence.c tests/evidence_log.h tests/suite.h
tests_test_evidence_LDADD = libtosd_evidence.a libtosd_base.a $(CUNIT_LIBS) \
	$(JANSSON_LIBS) $(CRYPTO_LIBS)
