/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_table: every key of the configuration as a row: its type, where its value
 * goes, its default as it would be written, its limits.  Private to this room;
 * the manual tosd.conf(5) is tested against these rows.
 */
#ifndef TOSD_CONF_CONF_TABLE_H
#define TOSD_CONF_CONF_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "conf/conf_walk.h"

enum conf_type {
	CONF_TEXT,     /* const char *; row.value.text checks it */
	CONF_PATH,     /* const char *, made absolute */
	CONF_KEYFILE,  /* const char *: a credential's name, or a path if with '/' */
	CONF_FLAG,     /* bool */
	CONF_COUNT,    /* unsigned */
	CONF_MANY,     /* size_t, a count */
	CONF_SIZE,     /* size_t, bytes */
	CONF_SPAN,     /* int64_t, milliseconds */
	CONF_SHARE,    /* double, 0 to 1 */
	CONF_CHOICE,   /* int or enum; row.value.choice: NULL-ended names */
	CONF_TEXTS,    /* const char **, a list of texts */
	CONF_RANGES,   /* struct conf_range * */
	CONF_SETTINGS, /* struct conf_setting *, free keys */
	CONF_GRANT,    /* unsigned, bits of <tosd/policy.h> */
	CONF_OPTION,   /* row.table's structure *, NULL if not given */
	CONF_GROUP,    /* a section inside the parent's structure */
	CONF_LIST,     /* an array of row.table's structures */
};

enum {
	CONF_REQUIRED = 1 << 0,
	CONF_NOT_EMPTY = 1 << 1, /* a list that must have an element if given */
};

/* What conf_check_files() makes sure of. */
enum conf_check {
	CONF_CHECK_NONE,
	CONF_CHECK_MADE,    /* a folder that we make, so none is fine */
	CONF_CHECK_WRITTEN, /* likewise, and it must take what we write */
	CONF_CHECK_PACKS,   /* a folder with *.conf in it */
	CONF_CHECK_FOLDER,  /* a readable folder with something in it */
	CONF_CHECK_FILE,    /* readable */
	CONF_CHECK_PLUGIN,  /* a shared object that only its owner may write */
	CONF_CHECK_PROGRAM, /* may be executed */
	CONF_CHECK_COMMAND, /* the same, and only root or we could have written it */
	CONF_CHECK_SCRIPT,  /* a file that a command names: likewise */
	CONF_CHECK_ROOM,    /* the folder in which a program runs */
	CONF_CHECK_SECRET,  /* readable by nobody else */
	CONF_CHECK_KEY,	    /* as SECRET, but made at first start when not there */
	CONF_CHECK_USER,
	CONF_CHECK_GROUP,
};

struct conf_row {
	const char *key;
	enum conf_type type;
	unsigned flags;
	size_t off;	 /* of the value in the section's structure */
	size_t noff;	 /* of the count that goes with a list */
	const char *def; /* as in a file; NULL: zero, or made by the table's check */
	int64_t min, max;
	union {
		const char *(*text)(const char *); /* conf_value_* */
		const char *const *choice;
	} value;
	enum conf_check check;
	const struct conf_table *table;
};

struct conf_table {
	const char *name; /* as shown in messages */
	const struct conf_row *rows;
	size_t nrows;
	size_t size; /* of one element's structure */
	/* Where an element keeps its place; 0: it does not. */
	size_t file_off, line_off;
	/* What rows cannot say: relations, derived defaults. */
	void (*done)(const struct conf_section *sec);
	bool bare; /* an element may be a bare string: the value of the first row */
};

extern const struct conf_table conf_table_root;
/* What a file of tenants.d may hold. */
extern const struct conf_table conf_table_tenants;

#endif
