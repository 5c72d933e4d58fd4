# The fetch room: libraries and tests.
noinst_LIBRARIES += libtosd_fetch.a
libtosd_fetch_a_SOURCES = \
	%D%/guard.c %D%/guard.h \
	%D%/schedule.c %D%/schedule.h

check_PROGRAMS += tests/test_fetch
tests_test_fetch_SOURCES = tests/test_fetch.c tests/suite.h
tests_test_fetch_LDADD = libtosd_fetch.a libtosd_base.a $(CUNIT_LIBS) $(CURL_LIBS) \
	$(CRYPTO_LIBS)
