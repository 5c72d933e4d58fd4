# The ipc room: the loop, messages between roles, and what a role may do.
noinst_LIBRARIES += libtosd_ipc.a
libtosd_ipc_a_SOURCES = \
	%D%/cage.c %D%/cage.h \
	%D%/channel.c %D%/channel.h \
	%D%/frame.c %D%/frame.h \
	%D%/given.c %D%/given.h \
	%D%/landlock.c %D%/landlock.h \
	%D%/http.c %D%/http.h %D%/http_limit.c %D%/http_limit.h \
	%D%/loop.c %D%/loop.h %D%/loop_in.h \
	%D%/msg.c %D%/msg.h %D%/msg_codec.h \
	%D%/msg_ask.c \
	%D%/msg_control.c \
	%D%/msg_inspect.c \
	%D%/msg_mail.c \
	%D%/msg_poll.c \
	%D%/msg_stream.c \
	%D%/ready.c %D%/ready.h \
	%D%/role.c %D%/role.h \
	%D%/sandbox.c %D%/sandbox.h \
	%D%/seccomp.c %D%/seccomp.h \
	%D%/spawn.c %D%/spawn.h \
	%D%/trace.c %D%/trace.h

UNIT_TESTS += tests/test_ipc
tests_test_ipc_SOURCES = tests/test_ipc.c tests/suite.h
tests_test_ipc_LDADD = libtosd_ipc.a libtosd_base.a $(CUNIT_LIBS) $(EVENT_LIBS) \
	$(SECCOMP_LIBS) $(CRYPTO_LIBS)

if FUZZERS
noinst_PROGRAMS += tests/fuzz_msg tests/fuzz_channel
tests_fuzz_msg_SOURCES = tests/fuzz_msg.c
tests_fuzz_msg_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_msg_LDADD = libtosd_ipc.a libtosd_base.a $(EVENT_LIBS) $(CRYPTO_LIBS)
tests_fuzz_channel_SOURCES = tests/fuzz_channel.c
tests_fuzz_channel_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_channel_LDADD = $(tests_fuzz_msg_LDADD)
else
EXTRA_DIST += tests/fuzz_msg.c tests/fuzz_channel.c
endif
