# The ipc room: the loop, messages between roles, and what a role may do.
noinst_LIBRARIES += libtosd_ipc.a
libtosd_ipc_a_SOURCES = \
	%D%/channel.c %D%/channel.h \
	%D%/frame.c %D%/frame.h \
	%D%/landlock.c %D%/landlock.h \
	%D%/loop.c %D%/loop.h \
	%D%/msg.c %D%/msg.h %D%/msg_codec.h \
	%D%/msg_control.c \
	%D%/msg_inspect.c \
	%D%/msg_mail.c \
	%D%/msg_poll.c \
	%D%/role.c %D%/role.h \
	%D%/sandbox.c %D%/sandbox.h \
	%D%/seccomp.c %D%/seccomp.h

check_PROGRAMS += tests/test_ipc
tests_test_ipc_SOURCES = tests/test_ipc.c tests/suite.h
tests_test_ipc_LDADD = libtosd_ipc.a libtosd_base.a $(CUNIT_LIBS) $(EVENT_LIBS) \
	$(SECCOMP_LIBS) $(CRYPTO_LIBS)
