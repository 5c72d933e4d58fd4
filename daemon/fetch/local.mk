# The fetch room: libraries and tests.
noinst_LIBRARIES += libtosd_fetch.a
libtosd_fetch_a_SOURCES = \
	%D%/answer.c %D%/answer.h \
	%D%/client.c %D%/client.h \
	%D%/endpoint.c %D%/endpoint.h \
	%D%/guard.c %D%/guard.h \
	%D%/hosts.c %D%/hosts.h \
	%D%/job.c %D%/job.h \
	%D%/link.c %D%/link.h \
	%D%/multi.c %D%/multi.h \
	%D%/network.c %D%/network.h \
	%D%/pace.c %D%/pace.h \
	%D%/resolve.c %D%/resolve.h \
	%D%/resolve_dns.c %D%/resolve_dns.h \
	%D%/same.c %D%/same.h \
	%D%/schedule.c %D%/schedule.h \
	%D%/signature.c %D%/signature.h \
	%D%/stream.c %D%/stream.h \
	%D%/subscription.c %D%/subscription.h \
	%D%/target.c %D%/target.h \
	%D%/transfer.c %D%/transfer.h

UNIT_TESTS += tests/test_fetch
tests_test_fetch_SOURCES = tests/test_fetch.c tests/suite.h
tests_test_fetch_LDADD = libtosd_fetch.a libtosd_ipc.a libtosd_base.a $(CUNIT_LIBS) \
	$(CURL_LIBS) $(CARES_LIBS) $(EVENT_LIBS) $(SECCOMP_LIBS) $(CRYPTO_LIBS)

UNIT_TESTS += tests/test_fetch_client
tests_test_fetch_client_SOURCES = tests/test_fetch_client.c tests/http_child.h \
	tests/fetch_ask.h tests/suite.h
tests_test_fetch_client_LDADD = libtosd_fetch.a libtosd_ipc.a libtosd_base.a \
	$(CUNIT_LIBS) $(CURL_LIBS) $(CARES_LIBS) $(EVENT_LIBS) $(SECCOMP_LIBS) \
	$(CRYPTO_LIBS)

UNIT_TESTS += tests/test_fetch_names
tests_test_fetch_names_SOURCES = tests/test_fetch_names.c tests/http_child.h \
	tests/fetch_ask.h tests/suite.h
tests_test_fetch_names_LDADD = libtosd_fetch.a libtosd_ipc.a libtosd_base.a \
	$(CUNIT_LIBS) $(CURL_LIBS) $(CARES_LIBS) $(EVENT_LIBS) $(SECCOMP_LIBS) \
	$(CRYPTO_LIBS)
EXTRA_DIST += tests/dns_server.py tests/dns_zone.json

UNIT_TESTS += tests/test_fetch_wire
tests_test_fetch_wire_SOURCES = tests/test_fetch_wire.c tests/http_child.h \
	tests/fetch_ask.h tests/suite.h
tests_test_fetch_wire_LDADD = libtosd_fetch.a libtosd_ipc.a libtosd_base.a \
	$(CUNIT_LIBS) $(CURL_LIBS) $(CARES_LIBS) $(EVENT_LIBS) $(SECCOMP_LIBS) \
	$(CRYPTO_LIBS)
EXTRA_DIST += tests/nginx_server.py

UNIT_TESTS += tests/test_fetch_stream
tests_test_fetch_stream_SOURCES = tests/test_fetch_stream.c tests/suite.h
tests_test_fetch_stream_LDADD = libtosd_fetch.a libtosd_conf.a libtosd_ipc.a \
	libtosd_base.a $(CUNIT_LIBS) $(CURL_LIBS) $(CARES_LIBS) $(EVENT_LIBS) $(CONFIG_LIBS) \
	$(SECCOMP_LIBS) $(CRYPTO_LIBS)

UNIT_TESTS += tests/test_role_fetch
tests_test_role_fetch_SOURCES = tests/test_role_fetch.c tests/http_child.h \
	tests/suite.h daemon/role_fetch.c daemon/role_fetch.h daemon/role_fetch_ask.c \
	daemon/role_fetch_hub.c \
	daemon/role_fetch_capture.c \
	daemon/role_fetch_list.c \
	daemon/role_fetch_read.c \
	daemon/role_fetch_stream.c daemon/roles.h
tests_test_role_fetch_LDADD = libtosd_feed.a libtosd_fetch.a libtosd_media.a libtosd_conf.a \
	libtosd_ipc.a libtosd_base.a $(CUNIT_LIBS) $(CURL_LIBS) $(CARES_LIBS) \
	$(EVENT_LIBS) $(CONFIG_LIBS) $(JANSSON_LIBS) $(UCHARDET_LIBS) $(SECCOMP_LIBS) \
	$(JPEG_LIBS) $(PNG_LIBS) $(CRYPTO_LIBS) -lm
EXTRA_DIST += tests/http_server.py tests/http_script.json

# The client beside a bare libcurl loop: part of `make bench'.
if HAVE_EXPAT
EXTRA_PROGRAMS += tests/bench_fetch
tests_bench_fetch_SOURCES = tests/bench_fetch.c
tests_bench_fetch_LDADD = libtosd_feed.a libtosd_fetch.a libtosd_ipc.a libtosd_base.a \
	$(CURL_LIBS) $(CARES_LIBS) $(EVENT_LIBS) $(JANSSON_LIBS) $(UCHARDET_LIBS) \
	$(SECCOMP_LIBS) $(CRYPTO_LIBS) $(EXPAT_LIBS)
endif
