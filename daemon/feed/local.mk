# The feed room: bytes of tenants to items.
noinst_LIBRARIES += libtosd_feed.a
libtosd_feed_a_SOURCES = \
	%D%/charset.c %D%/charset.h \
	%D%/date.c %D%/date.h %D%/date_iso.c \
	%D%/date_parts.c %D%/date_parts.h %D%/date_words.c \
	%D%/draft.c %D%/draft.h \
	%D%/entities.c %D%/entities.h \
	%D%/feed.c %D%/feed.h \
	%D%/feed_json.c \
	%D%/feed_xml.c \
	%D%/html.c %D%/html.h \
	%D%/html_names.c %D%/html_names.h \
	%D%/json.c %D%/json.h \
	%D%/markup.c %D%/markup.h \
	%D%/names.c %D%/names.h \
	%D%/reference.c \
	%D%/url.c %D%/url.h \
	%D%/xml_elements.c %D%/xml_state.h %D%/xml_values.c

UNIT_TESTS += tests/test_feed
tests_test_feed_SOURCES = tests/test_feed.c tests/suite.h
tests_test_feed_LDADD = libtosd_feed.a libtosd_base.a $(CUNIT_LIBS) $(UCHARDET_LIBS) \
	$(CRYPTO_LIBS)

UNIT_TESTS += tests/test_feed_hostile
tests_test_feed_hostile_SOURCES = tests/test_feed_hostile.c tests/suite.h
tests_test_feed_hostile_LDADD = libtosd_feed.a libtosd_base.a $(CUNIT_LIBS) \
	$(UCHARDET_LIBS) $(CRYPTO_LIBS)

# Finding feeds, and lists of them.
libtosd_feed_a_SOURCES += \
	%D%/discover.c %D%/discover.h %D%/discover_places.c \
	%D%/roster.c %D%/roster.h %D%/roster_csv.c %D%/roster_opml.c

UNIT_TESTS += tests/test_discover
tests_test_discover_SOURCES = tests/test_discover.c tests/suite.h
tests_test_discover_LDADD = libtosd_feed.a libtosd_base.a $(CUNIT_LIBS) \
	$(JANSSON_LIBS) $(UCHARDET_LIBS) $(CRYPTO_LIBS)

if FUZZERS
noinst_PROGRAMS += tests/fuzz_discover
tests_fuzz_discover_SOURCES = tests/fuzz_discover.c
tests_fuzz_discover_LDADD = libtosd_feed.a libtosd_base.a $(JANSSON_LIBS) \
	$(UCHARDET_LIBS) $(CRYPTO_LIBS)
tests_fuzz_discover_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif

# `tosctl parse` by itself: what check_feeds.py and people at the desk run.
noinst_PROGRAMS += tests/parse_main
tests_parse_main_SOURCES = tests/parse_main.c daemon/tosctl/tosctl_parse.c \
	daemon/tosctl/tosctl_parse.h
tests_parse_main_LDADD = libtosd_feed.a libtosd_base.a $(JANSSON_LIBS) $(UCHARDET_LIBS) \
	$(CRYPTO_LIBS)

dist_check_SCRIPTS += tests/check_feeds.py

if FUZZERS
noinst_PROGRAMS += tests/fuzz_feed
tests_fuzz_feed_SOURCES = tests/fuzz_feed.c
tests_fuzz_feed_LDADD = libtosd_feed.a libtosd_base.a $(UCHARDET_LIBS) $(CRYPTO_LIBS)
tests_fuzz_feed_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif

# Speed beside bare expat: build with `make tests/bench_feed`.
EXTRA_DIST += tests/bench_feed.c
if HAVE_EXPAT
EXTRA_PROGRAMS += tests/bench_feed
tests_bench_feed_SOURCES = tests/bench_feed.c
tests_bench_feed_LDADD = libtosd_feed.a libtosd_base.a $(EXPAT_LIBS) $(UCHARDET_LIBS) \
	$(CRYPTO_LIBS)
endif
