# The media room: what the bytes of pictures, sounds and films are.
noinst_LIBRARIES += libtosd_media.a
libtosd_media_a_SOURCES = \
	%D%/image.c %D%/image.h \
	%D%/image_jpeg.c \
	%D%/image_png.c \
	%D%/media.c %D%/media.h \
	%D%/pdq.c %D%/pdq.h
libtosd_media_a_CPPFLAGS = $(AM_CPPFLAGS) $(JPEG_CFLAGS) $(PNG_CFLAGS)
MEDIA_LIBS = libtosd_media.a libtosd_base.a $(JPEG_LIBS) $(PNG_LIBS) $(CRYPTO_LIBS) -lm

UNIT_TESTS += tests/test_media
tests_test_media_SOURCES = tests/test_media.c tests/suite.h tests/pictures.h
tests_test_media_CPPFLAGS = $(AM_CPPFLAGS) $(JPEG_CFLAGS) $(PNG_CFLAGS)
tests_test_media_LDADD = $(CUNIT_LIBS) $(MEDIA_LIBS) -lz

# What lists find, through plugin and host.
UNIT_TESTS += tests/test_lists
tests_test_lists_SOURCES = tests/test_lists.c tests/suite.h
tests_test_lists_LDADD = plugins/lists/liblists.la libtosd_policy.a libtosd_evidence.a \
	libtosd_ipc.a libtosd_base.a $(CUNIT_LIBS) $(JANSSON_LIBS) $(EVENT_LIBS) \
	$(SECCOMP_LIBS) $(CRYPTO_LIBS) -lm

# What a look costs however long the lists are; ratios.
EXTRA_PROGRAMS += tests/bench_lists
tests_bench_lists_SOURCES = tests/bench_lists.c
tests_bench_lists_LDADD = plugins/lists/liblists.la $(CRYPTO_LIBS)
CLEANFILES += tests/bench_lists

if FUZZERS
noinst_PROGRAMS += tests/fuzz_image tests/fuzz_list
tests_fuzz_image_SOURCES = tests/fuzz_image.c
tests_fuzz_image_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_image_LDADD = $(MEDIA_LIBS)
tests_fuzz_list_SOURCES = tests/fuzz_list.c
tests_fuzz_list_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_list_LDADD = plugins/lists/liblists.la $(CRYPTO_LIBS)
else
EXTRA_DIST += tests/fuzz_image.c tests/fuzz_list.c
endif
