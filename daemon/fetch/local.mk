# The fetch room: libraries and tests.
noinst_LIBRARIES += libtosd_fetch.a
libtosd_fetch_a_SOURCES = \
	%D%/answer.c %D%/answer.h \
	%D%/client.c %D%/client.h \
	%D%/guard.c %D%/guard.h \
	%D%/hosts.c %D%/hosts.h \
	%D%/multi.c %D%/multi.h \
	%D%/network.c %D%/network.h \
	%D%/schedule.c %D%/schedule.h \
	%D%/transfer.c %D%/transfer.h

check_PROGRAMS += tests/test_fetch
tests_test_fetch_SOURCES = tests/test_fetch.c tests/suite.h
tests_test_fetch_LDADD = libtosd_fetch.a libtosd_base.a $(CUNIT_LIBS) $(CURL_LIBS) \
	$(CRYPTO_LIBS)
