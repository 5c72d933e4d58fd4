# The supervisor, what all roles share, and the programs.
noinst_LIBRARIES += libtosd_supervisor.a
libtosd_supervisor_a_SOURCES = \
	%D%/role_supervisor.c %D%/supervisor.h \
	%D%/roles.c %D%/roles.h \
	%D%/supervisor_blame.c \
	%D%/supervisor_child.c \
	%D%/supervisor_kept.c \
	%D%/supervisor_proc.c \
	%D%/supervisor_reload.c \
	%D%/supervisor_setup.c \
	%D%/supervisor_state.c \
	%D%/supervisor_try.c \
	%D%/supervisor_watch.c

dist_man_MANS += %D%/tosd.8
EXTRA_DIST += %D%/README

# The supervisor with roles that only talk, to be killed: tests/test_supervisor.py.
check_PROGRAMS += tests/probe
tests_probe_SOURCES = tests/probe.c
tests_probe_LDADD = libtosd_supervisor.a libtosd_conf.a libtosd_ipc.a libtosd_base.a \
	$(EVENT_LIBS) $(CONFIG_LIBS) $(CURL_LIBS) $(SECCOMP_LIBS) $(CRYPTO_LIBS)
dist_check_SCRIPTS += tests/test_supervisor.py

UNIT_TESTS += tests/test_sandbox
tests_test_sandbox_SOURCES = tests/test_sandbox.c tests/suite.h
tests_test_sandbox_LDADD = libtosd_supervisor.a libtosd_conf.a libtosd_ipc.a \
	libtosd_base.a $(CUNIT_LIBS) $(EVENT_LIBS) $(CONFIG_LIBS) $(CURL_LIBS) \
	$(SECCOMP_LIBS) $(CRYPTO_LIBS)

ROOMS = libtosd_engine.a libtosd_console.a libtosd_notice.a libtosd_fetch.a \
	libtosd_media.a libtosd_feed.a libtosd_policy.a libtosd_cases.a libtosd_store.a \
	libtosd_evidence.a libtosd_conf.a libtosd_ipc.a libtosd_base.a
ROOM_LIBS = $(EVENT_LIBS) $(CURL_LIBS) $(CARES_LIBS) $(JANSSON_LIBS) $(CONFIG_LIBS) \
	$(SQLITE_LIBS) $(UCHARDET_LIBS) $(SECCOMP_LIBS) $(JPEG_LIBS) $(PNG_LIBS) $(CRYPTO_LIBS) -lpthread -ldl -lm

sbin_PROGRAMS += tosd
tosd_SOURCES = \
	%D%/tosd.c \
	%D%/tosd_plugins.c %D%/tosd_plugins.h \
	%D%/role_console.c \
	%D%/role_courier.c \
	%D%/role_engine.c \
	%D%/role_fetch.c %D%/role_fetch.h \
	%D%/role_fetch_ask.c \
	%D%/role_fetch_capture.c \
	%D%/role_fetch_hub.c \
	%D%/role_fetch_list.c \
	%D%/role_fetch_read.c \
	%D%/role_fetch_stream.c \
	%D%/role_policy.c
tosd_LDADD = libtosd_supervisor.a $(ROOMS) $(ROOM_LIBS)
