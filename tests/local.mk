# Checks of the tree itself, and the notes.  Programs stand in the local.mk of the
# room that they test.
dist_check_SCRIPTS += \
	%D%/check_floors.sh \
	%D%/check_man.sh
EXTRA_DIST += %D%/README

# The daemon as people meet it.
dist_check_SCRIPTS += %D%/test_newcomer.py
EXTRA_DIST += %D%/demo.sh %D%/demo.py %D%/demo_story.py %D%/product.py
CLEANFILES += %D%/pattern-cache/*

demo: all
	srcdir='$(abs_top_srcdir)' builddir='$(abs_top_builddir)' \
		$(SHELL) $(srcdir)/%D%/demo.sh
.PHONY: demo
