# The conf room.
noinst_LIBRARIES += libtosd_conf.a
libtosd_conf_a_SOURCES = \
	%D%/conf.c %D%/conf.h \
	%D%/conf_arena.c %D%/conf_arena.h \
	%D%/conf_blind.c \
	%D%/conf_blocklist.c \
	%D%/conf_check.c %D%/conf_check.h \
	%D%/conf_files.c \
	%D%/conf_lex.c %D%/conf_lex.h \
	%D%/conf_list.c \
	%D%/conf_secret.c %D%/conf_secret.h \
	%D%/conf_mapping.c \
	%D%/conf_set.c \
	%D%/conf_source.c %D%/conf_source.h \
	%D%/conf_table.c %D%/conf_table.h \
	%D%/conf_tenant.c \
	%D%/conf_url.c \
	%D%/conf_value.c %D%/conf_value.h \
	%D%/conf_walk.c %D%/conf_walk.h \
	%D%/conf_writable.c %D%/conf_writable.h

UNIT_TESTS += tests/test_conf
tests_test_conf_SOURCES = tests/test_conf.c tests/suite.h
tests_test_conf_LDADD = libtosd_conf.a libtosd_base.a $(CONFIG_LIBS) $(CURL_LIBS) \
	$(CRYPTO_LIBS) $(CUNIT_LIBS)
