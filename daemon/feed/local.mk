# The feed room: bytes of tenants to items.
noinst_LIBRARIES += libtosd_feed.a
libtosd_feed_a_SOURCES = \
	%D%/charset.c %D%/charset.h \
	%D%/charset_names.c %D%/charset_names.h \
	%D%/date.c %D%/date.h %D%/date_asia.c %D%/date_iso.c \
	%D%/date_parts.c %D%/date_parts.h %D%/date_words.c \
	%D%/date_numeric.c %D%/date_usual.c \
	%D%/date_zone.c \
	%D%/draft.c %D%/draft.h %D%/draft_labels.c \
	%D%/entities.c %D%/entities.h \
	%D%/feed.c %D%/feed.h \
	%D%/feed_json.c %D%/feed_json.h \
	%D%/feed_json_activity.c \
	%D%/feed_json_atproto.c \
	%D%/feed_json_discourse.c \
	%D%/feed_json_doc.c \
	%D%/feed_json_item.c \
	%D%/feed_json_keys.c \
	%D%/feed_json_map.c \
	%D%/feed_json_mastodon.c \
	%D%/feed_json_put.c \
	%D%/feed_xml.c \
	%D%/html.c %D%/html.h \
	%D%/html_cover.c %D%/html_in.h \
	%D%/html_hidden.c %D%/html_hidden.h \
	%D%/html_media.c %D%/html_media.h \
	%D%/html_names.c %D%/html_names.h \
	%D%/html_plain.c \
	%D%/html_sheet.c %D%/html_sheet.h \
	%D%/html_shown.c %D%/html_shown.h \
	%D%/json.c %D%/json.h \
	%D%/lines.c %D%/lines.h \
	%D%/lanes.h \
	%D%/markup.c %D%/markup.h %D%/markup_fault.c \
	%D%/names.c %D%/names.h \
	%D%/reference.c \
	%D%/sse.c %D%/sse.h \
	%D%/stream.c %D%/stream.h \
	%D%/url.c %D%/url.h \
	%D%/xml_elements.c %D%/xml_links.c %D%/xml_lost.c %D%/xml_space.c \
	%D%/xml_state.h %D%/xml_values.c

UNIT_TESTS += tests/test_feed
tests_test_feed_SOURCES = tests/test_feed.c tests/suite.h
tests_test_feed_LDADD = libtosd_feed.a libtosd_base.a $(CUNIT_LIBS) $(UCHARDET_LIBS) \
	$(CRYPTO_LIBS)

UNIT_TESTS += tests/test_feed_charset
tests_test_feed_charset_SOURCES = tests/test_feed_charset.c tests/suite.h
tests_test_feed_charset_LDADD = libtosd_feed.a libtosd_base.a $(CUNIT_LIBS) \
	$(UCHARDET_LIBS) $(CRYPTO_LIBS)

UNIT_TESTS += tests/test_feed_dates
tests_test_feed_dates_SOURCES = tests/test_feed_dates.c tests/suite.h
tests_test_feed_dates_LDADD = libtosd_feed.a libtosd_base.a $(CUNIT_LIBS) $(CRYPTO_LIBS)

UNIT_TESTS += tests/test_feed_formats
tests_test_feed_formats_SOURCES = tests/test_feed_formats.c tests/suite.h
tests_test_feed_formats_LDADD = libtosd_feed.a libtosd_base.a $(CUNIT_LIBS) \
	$(UCHARDET_LIBS) $(CRYPTO_LIBS)

UNIT_TESTS += tests/test_feed_media
tests_test_feed_media_SOURCES = tests/test_feed_media.c tests/suite.h
tests_test_feed_media_LDADD = libtosd_feed.a libtosd_base.a $(CUNIT_LIBS) \
	$(UCHARDET_LIBS) $(CRYPTO_LIBS)

UNIT_TESTS += tests/test_feed_items
tests_test_feed_items_SOURCES = tests/test_feed_items.c tests/suite.h
tests_test_feed_items_LDADD = libtosd_feed.a libtosd_base.a $(CUNIT_LIBS) \
	$(UCHARDET_LIBS) $(CRYPTO_LIBS)

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
	$(UCHARDET_LIBS) $(CRYPTO_LIBS)

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
	daemon/tosctl/tosctl_parse.h daemon/tosctl/mapping_find.c \
	daemon/tosctl/mapping_find.h daemon/tosctl/print_json.c \
	daemon/tosctl/print_json.h
tests_parse_main_LDADD = libtosd_conf.a libtosd_feed.a libtosd_base.a \
	$(CONFIG_LIBS) $(CURL_LIBS) $(JANSSON_LIBS) $(UCHARDET_LIBS) \
	$(CRYPTO_LIBS)

dist_check_SCRIPTS += tests/check_feeds.py

if FUZZERS
noinst_PROGRAMS += tests/fuzz_feed
tests_fuzz_feed_SOURCES = tests/fuzz_feed.c tests/fuzz_doc.h
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

UNIT_TESTS += tests/test_feed_json
tests_test_feed_json_SOURCES = tests/test_feed_json.c tests/json_feed.h tests/suite.h
tests_test_feed_json_LDADD = libtosd_feed.a libtosd_base.a $(CUNIT_LIBS) \
	$(UCHARDET_LIBS) $(CRYPTO_LIBS)

UNIT_TESTS += tests/test_json
tests_test_json_SOURCES = tests/test_json.c tests/suite.h
tests_test_json_LDADD = libtosd_feed.a libtosd_base.a $(CUNIT_LIBS) \
	$(UCHARDET_LIBS) $(CRYPTO_LIBS)

UNIT_TESTS += tests/test_json_hostile
tests_test_json_hostile_SOURCES = tests/test_json_hostile.c tests/suite.h
tests_test_json_hostile_LDADD = libtosd_feed.a libtosd_base.a $(CUNIT_LIBS) \
	$(UCHARDET_LIBS) $(CRYPTO_LIBS)

# Speed beside yajl: build with `make tests/bench_json`.
EXTRA_DIST += tests/bench_json.c
if HAVE_YAJL
EXTRA_PROGRAMS += tests/bench_json
tests_bench_json_SOURCES = tests/bench_json.c
tests_bench_json_CPPFLAGS = $(AM_CPPFLAGS) $(YAJL_CFLAGS)
tests_bench_json_LDADD = libtosd_feed.a libtosd_base.a $(YAJL_LIBS) $(UCHARDET_LIBS) \
	$(CRYPTO_LIBS)
endif

UNIT_TESTS += tests/test_feed_stream
tests_test_feed_stream_SOURCES = tests/test_feed_stream.c tests/suite.h
tests_test_feed_stream_LDADD = libtosd_feed.a libtosd_base.a $(CUNIT_LIBS) \
	$(UCHARDET_LIBS) $(CRYPTO_LIBS)

if FUZZERS
noinst_PROGRAMS += tests/fuzz_json tests/fuzz_sse
tests_fuzz_json_SOURCES = tests/fuzz_json.c tests/fuzz_doc.h
tests_fuzz_json_LDADD = libtosd_feed.a libtosd_base.a $(UCHARDET_LIBS) $(CRYPTO_LIBS)
tests_fuzz_json_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_sse_SOURCES = tests/fuzz_sse.c
tests_fuzz_sse_LDADD = libtosd_feed.a libtosd_base.a $(UCHARDET_LIBS) $(CRYPTO_LIBS)
tests_fuzz_sse_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif

UNIT_TESTS += tests/test_feed_social
tests_test_feed_social_SOURCES = tests/test_feed_social.c tests/json_feed.h tests/suite.h
tests_test_feed_social_LDADD = libtosd_feed.a libtosd_base.a $(CUNIT_LIBS) \
	$(UCHARDET_LIBS) $(CRYPTO_LIBS)
