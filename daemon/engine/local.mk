# The engine room: the reaction, without sockets or clocks.
noinst_LIBRARIES += libtosd_engine.a
libtosd_engine_a_SOURCES = \
	%D%/engine.c %D%/engine.h %D%/engine_in.h \
	%D%/engine_answer.c \
	%D%/engine_ask.c %D%/engine_ask.h \
	%D%/engine_batch.c %D%/engine_batch.h \
	%D%/engine_budget.c \
	%D%/engine_capture.c \
	%D%/engine_case.c \
	%D%/engine_clock.c \
	%D%/engine_compare.c \
	%D%/engine_control.c \
	%D%/engine_cost.c \
	%D%/engine_cover.c %D%/engine_cover.h \
	%D%/engine_doc.c \
	%D%/engine_errand.c \
	%D%/engine_exposure.c \
	%D%/engine_feed.c \
	%D%/engine_fill.c \
	%D%/engine_findings.c \
	%D%/engine_fresh.c \
	%D%/engine_gate.c \
	%D%/engine_loaded.c \
	%D%/engine_meaning.c \
	%D%/engine_inspect.c \
	%D%/engine_json.h \
	%D%/engine_judge.c \
	%D%/engine_keep.c \
	%D%/engine_lack.c \
	%D%/engine_plugin.c \
	%D%/engine_label.c \
	%D%/engine_life.c %D%/engine_life.h \
	%D%/engine_list.c %D%/engine_list.h \
	%D%/engine_list_bytes.c %D%/engine_list_file.c %D%/engine_list_force.c \
	%D%/engine_list_query.c %D%/engine_list_sync.c \
	%D%/engine_look.c %D%/engine_look.h \
	%D%/engine_media.c \
	%D%/engine_move.c \
	%D%/engine_moved.c \
	%D%/engine_notice.c \
	%D%/engine_older.c %D%/engine_older.h \
	%D%/engine_outage.c \
	%D%/engine_outbox.c \
	%D%/engine_page.c \
	%D%/engine_person.c \
	%D%/engine_plan.c \
	%D%/engine_pointer.c \
	%D%/engine_poll.c \
	%D%/engine_push.c \
	%D%/engine_query.c \
	%D%/engine_queue.c \
	%D%/engine_recheck.c \
	%D%/engine_record.c %D%/engine_record.h \
	%D%/engine_removal.c \
	%D%/engine_report.c \
	%D%/engine_retry.c \
	%D%/engine_review.c \
	%D%/engine_rule.c \
	%D%/engine_rules.c \
	%D%/engine_score.c \
	%D%/engine_stat.c \
	%D%/engine_stream.c \
	%D%/engine_take.c \
	%D%/engine_turn.c %D%/engine_turn.h \
	%D%/engine_trend.c %D%/engine_trend.h \
	%D%/engine_window.c %D%/engine_window.h

UNIT_TESTS += tests/test_engine
tests_test_engine_SOURCES = tests/test_engine.c tests/engine_bench.h tests/suite.h
tests_test_engine_LDADD = $(ROOMS) $(CUNIT_LIBS) $(ROOM_LIBS)

UNIT_TESTS += tests/test_engine_ask
tests_test_engine_ask_SOURCES = tests/test_engine_ask.c tests/engine_asker.h \
	tests/engine_bench.h tests/suite.h
tests_test_engine_ask_LDADD = $(ROOMS) $(CUNIT_LIBS) $(ROOM_LIBS)

UNIT_TESTS += tests/test_engine_budget
tests_test_engine_budget_SOURCES = tests/test_engine_budget.c tests/engine_asker.h \
	tests/engine_bench.h tests/suite.h
tests_test_engine_budget_LDADD = $(ROOMS) $(CUNIT_LIBS) $(ROOM_LIBS)

UNIT_TESTS += tests/test_engine_report
tests_test_engine_report_SOURCES = tests/test_engine_report.c tests/engine_asker.h \
	tests/engine_bench.h tests/suite.h
tests_test_engine_report_LDADD = $(ROOMS) $(CUNIT_LIBS) $(ROOM_LIBS)

UNIT_TESTS += tests/test_engine_plugin
tests_test_engine_plugin_SOURCES = tests/test_engine_plugin.c tests/engine_bench.h \
	tests/suite.h
tests_test_engine_plugin_LDADD = $(ROOMS) $(CUNIT_LIBS) $(ROOM_LIBS)

UNIT_TESTS += tests/test_engine_list
tests_test_engine_list_SOURCES = tests/test_engine_list.c tests/engine_bench.h tests/suite.h
tests_test_engine_list_LDADD = $(ROOMS) $(CUNIT_LIBS) $(ROOM_LIBS)

tests_test_cover_SOURCES = tests/test_cover.c tests/engine_bench.h tests/suite.h
tests_test_cover_LDADD = $(ROOMS) $(CUNIT_LIBS) $(ROOM_LIBS)

UNIT_TESTS += tests/test_engine_media
tests_test_engine_media_SOURCES = tests/test_engine_media.c tests/engine_bench.h \
	tests/suite.h
tests_test_engine_media_LDADD = $(ROOMS) $(CUNIT_LIBS) $(ROOM_LIBS)

UNIT_TESTS += tests/test_window
tests_test_window_SOURCES = tests/test_window.c tests/suite.h
tests_test_window_LDADD = libtosd_engine.a libtosd_base.a $(CUNIT_LIBS) $(CRYPTO_LIBS)

# tests/test_engine_feeds is in UNIT_TESTS from the start: it takes longest.
tests_test_engine_feeds_SOURCES = tests/test_engine_feeds.c tests/engine_bench.h \
	tests/suite.h
tests_test_engine_feeds_LDADD = $(ROOMS) $(CUNIT_LIBS) $(ROOM_LIBS)

UNIT_TESTS += tests/test_keep
tests_test_keep_SOURCES = tests/test_keep.c tests/engine_bench.h tests/suite.h
tests_test_keep_LDADD = $(ROOMS) $(CUNIT_LIBS) $(ROOM_LIBS)
UNIT_TESTS += tests/test_engine_life
tests_test_engine_life_SOURCES = tests/test_engine_life.c tests/life_bench.h tests/engine_bench.h \
	tests/suite.h
tests_test_engine_life_LDADD = $(ROOMS) $(CUNIT_LIBS) $(ROOM_LIBS)

UNIT_TESTS += tests/test_engine_rule
tests_test_engine_rule_SOURCES = tests/test_engine_rule.c tests/life_bench.h tests/engine_bench.h \
	tests/suite.h
tests_test_engine_rule_LDADD = $(tests_test_engine_life_LDADD)

UNIT_TESTS += tests/test_engine_meaning
tests_test_engine_meaning_SOURCES = tests/test_engine_meaning.c tests/life_bench.h \
	tests/engine_bench.h tests/log_caught.h tests/suite.h
tests_test_engine_meaning_LDADD = $(tests_test_engine_life_LDADD)

UNIT_TESTS += tests/test_engine_told
tests_test_engine_told_SOURCES = tests/test_engine_told.c tests/life_bench.h \
	tests/engine_bench.h tests/log_caught.h tests/suite.h
tests_test_engine_told_LDADD = $(tests_test_engine_life_LDADD)

UNIT_TESTS += tests/test_engine_turn
tests_test_engine_turn_SOURCES = tests/test_engine_turn.c tests/engine_bench.h tests/suite.h
tests_test_engine_turn_LDADD = $(ROOMS) $(CUNIT_LIBS) $(ROOM_LIBS)

UNIT_TESTS += tests/test_engine_take
tests_test_engine_take_SOURCES = tests/test_engine_take.c tests/engine_bench.h tests/suite.h
tests_test_engine_take_LDADD = $(ROOMS) $(CUNIT_LIBS) $(ROOM_LIBS)

UNIT_TESTS += tests/test_engine_queue
tests_test_engine_queue_SOURCES = tests/test_engine_queue.c tests/engine_bench.h tests/suite.h
tests_test_engine_queue_LDADD = $(ROOMS) $(CUNIT_LIBS) $(ROOM_LIBS)

UNIT_TESTS += tests/test_engine_judge
tests_test_engine_judge_SOURCES = tests/test_engine_judge.c tests/engine_bench.h tests/suite.h
tests_test_engine_judge_LDADD = $(ROOMS) $(CUNIT_LIBS) $(ROOM_LIBS)
