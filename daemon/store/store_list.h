/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_list: lists that are fetched: which version of each is in force, what it is known
 * by at its server, and what came of asking for a newer one.  Part of the interface of
 * store.h.  They belong to no tenant.
 */
#ifndef TOSD_STORE_STORE_LIST_H
#define TOSD_STORE_STORE_LIST_H

#include "store/store.h"

struct store_list {
	int64_t id;
	char *name;
	/* The one in force; digest empty: none is. */
	char digest[DIGEST_HEX];
	char *url;		    /* where it came from */
	int64_t bytes;
	char *what;		    /* its version, entries and expiry, in words */
	int64_t since;		    /* when it was taken */
	char *etag, *last_modified; /* byte for byte */
	char *body_hash;	    /* as of msg_polled */
	/* Asking for it. */
	int64_t next;	  /* when it is asked for again */
	int64_t checked;  /* when there was an answer last */
	int64_t good;	  /* when that was the one in force or a new one */
	uint32_t polls, failures; /* failures: in a row */
	char *why;	  /* the last trouble, in words, and when; also once it is over */
	int64_t trouble;
	char refused[DIGEST_HEX]; /* the version that was refused last */
};
void store_list_clear(struct store_list *l);

/* The row of that name; made where there is none. */
int store_list_get(struct store *s, const char *name, struct store_list *out, struct err *e);
int store_list_put(struct store *s, const struct store_list *l, struct err *e);

#endif
