noinst_LIBRARIES += libtosd_base.a
libtosd_base_a_SOURCES = \
	%D%/buf.c %D%/buf.h \
	%D%/clock.c %D%/clock.h \
	%D%/complain.c %D%/complain.h \
	%D%/cost.c %D%/cost.h \
	%D%/digest.c %D%/digest.h \
	%D%/err.c %D%/err.h \
	%D%/file.c %D%/file.h \
	%D%/finding.c %D%/finding.h \
	%D%/hash.c %D%/hash.h \
	%D%/histogram.c %D%/histogram.h \
	%D%/id.c %D%/id.h \
	%D%/item.c %D%/item.h \
	%D%/later.c %D%/later.h \
	%D%/line.c %D%/line.h \
	%D%/log.c %D%/log.h \
	%D%/option.c %D%/option.h \
	%D%/text.c %D%/text.h

UNIT_TESTS += tests/test_base
tests_test_base_SOURCES = tests/test_base.c tests/suite.h
tests_test_base_LDADD = libtosd_base.a $(CUNIT_LIBS) $(CRYPTO_LIBS)
