# The feed room: bytes of tenants to items.
noinst_LIBRARIES += libtosd_feed.a
libtosd_feed_a_SOURCES = \
	%D%/charset.c %D%/charset.h \
	%D%/date.c %D%/date.h %D%/date_asia.c %D%/date_iso.c \
	%D%/date_parts.c %D%/date_parts.h %D%/date_words.c \
	%D%/date_zone.c \
	%D%/draft.c %D%/draft.h \
	%D%/entities.c %D%/entities.h \
	%D%/feed.c %D%/feed.h \
	%D%/feed_json.c \
	%D%/feed_xml.c \
	%D%/html.c %D%/html.h \
	%D%/html_hidden.c %D%/html_hidden.h \
	%D%/html_names.c %D%/html_names.h \
	%D%/json.c %D%/json.h \
	%D%/lanes.h \
	%D%/markup.c %D%/markup.h %D%/markup_fault.c \
	%D%/names.c %D%/names.h \
	%D%/reference.c \
	%D%/url.c %D%/url.h \
	%D%/xml_elements.c %D%/xml_links.c %D%/xml_state.h %D%/xml_values.c

UNIT_TESTS += tests/test_feed
tests_test_feed_SOURCES = tests/test_feed.c tests/suite.h
tests_test_feed_LDADD = libtosd_feed.a libtosd_base.a $(CUNIT_LIBS) $(UCHARDET_LIBS) \
	$(CRYPTO_LIBS)

UNIT_TESTS += tests/test_feed_dates
tests_test_feed_dates_SOURCES = tests/test_feed_dates.c tests/suite.h
tests_test_feed_dates_LDADD = libtosd_feed.a libtosd_base.a $(CUNIT_LIBS) $(CRYPTO_LIBS)

UNIT_TESTS += tests/test_feed_formats
tests_test_feed_formats_SOURCES = tests/test_feed_formats.c tests/suite.h
tests_test_feed_formats_LDADD = libtosd_feed.a libtosd_base.a $(CUNIT_LIBS) \
	$(UCHARDET_LIBS) $(CRYPTO_LIBS)

UNIT_TESTS += tests/test_feed_hostile
tests_test_feed_hostile_SOURCES = tests/test_feed_hostile.c tests/suite.h
tests_test_feed_hostile_LDADD = libtosd_feed.a libtosd_base.a $(CUNIT_LIBS) \
	$(UCHARDET_LIBS) $(CRYPTO_LIBS)

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
noinst_PROGRAMS += tests/fuzz_markup tests/fuzz_date tests/fuzz_charset
tests_fuzz_markup_SOURCES = tests/fuzz_markup.c
tests_fuzz_markup_LDADD = $(tests_fuzz_feed_LDADD)
tests_fuzz_markup_LDFLAGS = $(tests_fuzz_feed_LDFLAGS)
tests_fuzz_date_SOURCES = tests/fuzz_date.c
tests_fuzz_date_LDADD = $(tests_fuzz_feed_LDADD)
tests_fuzz_date_LDFLAGS = $(tests_fuzz_feed_LDFLAGS)
tests_fuzz_charset_SOURCES = tests/fuzz_charset.c
tests_fuzz_charset_LDADD = $(tests_fuzz_feed_LDADD)
tests_fuzz_charset_LDFLAGS = $(tests_fuzz_feed_LDFLAGS)
endif

# Speed beside bare expat: build with `make tests/bench_feed`.
EXTRA_DIST += tests/bench_feed.c
if HAVE_EXPAT
EXTRA_PROGRAMS += tests/bench_feed
tests_bench_feed_SOURCES = tests/bench_feed.c
tests_bench_feed_LDADD = libtosd_feed.a libtosd_base.a $(EXPAT_LIBS) $(UCHARDET_LIBS) \
	$(CRYPTO_LIBS)
endif
