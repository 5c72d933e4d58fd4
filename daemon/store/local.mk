# The store room.
noinst_LIBRARIES += libtosd_store.a
libtosd_store_a_SOURCES = \
	%D%/db.c %D%/db.h \
	%D%/db_row.c \
	%D%/store.h \
	%D%/store_ask.c %D%/store_ask.h \
	%D%/store_case.c \
	%D%/store_cost.c \
	%D%/store_cover.c %D%/store_cover.h \
	%D%/store_due.c \
	%D%/store_exposure.c \
	%D%/store_feed.c \
	%D%/store_history.c %D%/store_history.h \
	%D%/store_item.c \
	%D%/store_async.c \
	%D%/store_key.c \
	%D%/store_ledger.c \
	%D%/store_list.c %D%/store_list.h \
	%D%/store_outbox.c \
	%D%/store_report.c %D%/store_report.h \
	%D%/store_retry.c \
	%D%/store_rule.c %D%/store_rule.h \
	%D%/store_rule_day.c \
	%D%/store_schema.c \
	%D%/store_sqlite.c \
	%D%/store_stream.c \
	%D%/store_todo.c \
	%D%/store_violation.c

UNIT_TESTS += tests/test_store tests/test_store_disk
tests_test_store_SOURCES = tests/test_store.c tests/store_sample.h tests/suite.h
tests_test_store_LDADD = libtosd_store.a libtosd_base.a $(CUNIT_LIBS) $(SQLITE_LIBS) \
	$(CRYPTO_LIBS)
tests_test_store_disk_SOURCES = tests/test_store_disk.c tests/store_sample.h \
	tests/suite.h
tests_test_store_disk_LDADD = $(tests_test_store_LDADD)

UNIT_TESTS += tests/test_store_async
tests_test_store_async_SOURCES = tests/test_store_async.c tests/store_sample.h \
	tests/suite.h
tests_test_store_async_LDADD = $(tests_test_store_LDADD)

UNIT_TESTS += tests/test_store_key
tests_test_store_key_SOURCES = tests/test_store_key.c tests/store_sample.h tests/suite.h
tests_test_store_key_LDADD = $(tests_test_store_LDADD)

UNIT_TESTS += tests/test_store_todo
tests_test_store_todo_SOURCES = tests/test_store_todo.c tests/store_sample.h tests/suite.h
tests_test_store_todo_LDADD = $(tests_test_store_LDADD)

UNIT_TESTS += tests/test_store_cover
tests_test_store_cover_SOURCES = tests/test_store_cover.c tests/store_sample.h tests/suite.h
tests_test_store_cover_LDADD = $(tests_test_store_LDADD)

UNIT_TESTS += tests/test_store_rule
tests_test_store_rule_SOURCES = tests/test_store_rule.c tests/store_sample.h tests/suite.h
tests_test_store_rule_LDADD = $(tests_test_store_LDADD)
