# Checks of the tree itself, and the notes.  Programs stand in the local.mk of the
# room that they test.
dist_check_SCRIPTS += \
	%D%/check_floors.sh \
	%D%/check_man.sh
EXTRA_DIST += %D%/README
