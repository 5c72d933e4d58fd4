# The engine room: the reaction, without sockets or clocks.
noinst_LIBRARIES += libtosd_engine.a
libtosd_engine_a_SOURCES = \
	%D%/engine.c %D%/engine.h %D%/engine_in.h \
	%D%/engine_capture.c \
	%D%/engine_case.c \
	%D%/engine_control.c \
	%D%/engine_doc.c \
	%D%/engine_exposure.c \
	%D%/engine_feed.c \
	%D%/engine_inspect.c \
	%D%/engine_notice.c \
	%D%/engine_outbox.c \
	%D%/engine_person.c \
	%D%/engine_poll.c \
	%D%/engine_push.c \
	%D%/engine_query.c \
	%D%/engine_recheck.c \
	%D%/engine_record.c \
	%D%/engine_stream.c

UNIT_TESTS += tests/test_engine
tests_test_engine_SOURCES = tests/test_engine.c tests/engine_bench.h tests/suite.h
tests_test_engine_LDADD = $(ROOMS) $(CUNIT_LIBS) $(ROOM_LIBS)
