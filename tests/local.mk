# Checks of the tree itself, and the notes.  Programs stand in the local.mk of the
# room that they test.
dist_check_SCRIPTS += \
	%D%/check_floors.sh \
	%D%/check_man.sh
EXTRA_DIST += %D%/README

# Scenarios in virtual time, through the engine's own code.
dist_check_SCRIPTS += %D%/test_story.py
EXTRA_DIST += %D%/scenarios/story.conf %D%/scenarios/story.json \
	%D%/scenarios/policies.d/story.conf

# The real programs with a web server and a mail server; daemon.py is what they share.
dist_check_SCRIPTS += \
	%D%/test_feeds_daemon.py \
	%D%/test_kill.py \
	%D%/test_smtp_bytes.py
EXTRA_DIST += %D%/daemon.py
