# The notice room: templates, composed mails, and the courier's transports.
noinst_LIBRARIES += libtosd_notice.a
libtosd_notice_a_SOURCES = \
	%D%/courier.c %D%/courier.h \
	%D%/courier_book.c %D%/courier_book.h \
	%D%/courier_sendmail.c %D%/courier_smtp.c \
	%D%/mail_word.c %D%/mail_word.h \
	%D%/notice.h %D%/notice_compose.c %D%/notice_quote.c \
	%D%/notice_set.c %D%/notice_set.h \
	%D%/notice_lint.c %D%/notice_lint.h \
	%D%/template.h %D%/template_tree.h \
	%D%/template_parse.c %D%/template_render.c

UNIT_TESTS += tests/test_template
tests_test_template_SOURCES = tests/test_template.c tests/suite.h
tests_test_template_LDADD = libtosd_notice.a libtosd_base.a $(CUNIT_LIBS) \
	$(JANSSON_LIBS) $(CRYPTO_LIBS)

check_PROGRAMS += tests/notice_main
tests_notice_main_SOURCES = tests/notice_main.c
tests_notice_main_LDADD = $(tests_test_template_LDADD)

UNIT_TESTS += tests/test_notice
tests_test_notice_SOURCES = tests/test_notice.c tests/suite.h
tests_test_notice_LDADD = $(tests_test_template_LDADD)

dist_check_SCRIPTS += tests/test_notice_mail.py
EXTRA_DIST += tests/notice/stage.tenant.json tests/notice/stage.tenant.eml

check_PROGRAMS += tests/courier_main
tests_courier_main_SOURCES = tests/courier_main.c
tests_courier_main_LDADD = libtosd_notice.a libtosd_base.a $(CURL_LIBS) $(JANSSON_LIBS) \
	$(CRYPTO_LIBS)

dist_check_SCRIPTS += tests/test_courier.py

check_PROGRAMS += tests/render_main
tests_render_main_SOURCES = tests/render_main.c \
	daemon/tosctl/tosctl_render.c daemon/tosctl/tosctl_render.h
tests_render_main_LDADD = $(tests_test_template_LDADD)
dist_check_SCRIPTS += tests/test_render.sh

UNIT_TESTS += tests/test_role_courier
tests_test_role_courier_SOURCES = tests/test_role_courier.c tests/suite.h \
	daemon/role_courier.c daemon/roles.h
tests_test_role_courier_LDADD = libtosd_notice.a libtosd_conf.a libtosd_ipc.a \
	libtosd_base.a $(CUNIT_LIBS) $(EVENT_LIBS) $(CURL_LIBS) $(JANSSON_LIBS) \
	$(CONFIG_LIBS) $(SECCOMP_LIBS) $(CRYPTO_LIBS)

if FUZZERS
noinst_PROGRAMS += tests/fuzz_template
tests_fuzz_template_SOURCES = tests/fuzz_template.c
tests_fuzz_template_LDADD = libtosd_notice.a libtosd_base.a $(CURL_LIBS) \
	$(JANSSON_LIBS) $(CRYPTO_LIBS)
tests_fuzz_template_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif
