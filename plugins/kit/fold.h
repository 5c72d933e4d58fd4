/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fold: undoes the disguises that leave a text readable (invisible characters, look-alike
 * letters, compatibility forms, marks, text upside down, leet, l e t t e r s  a p a r t,
 * loooong letters) and remembers where each byte came from, so that spans always point
 * into the text as written.
 */
#ifndef KIT_FOLD_H
#define KIT_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fold {
	const char *text; /* what to search: the text itself, or own */
	size_t len;
	uint32_t *map;	  /* byte i of text began at byte map[i]; NULL: the same */
	bool turned;	  /* words in it are read from their ends: map descends there */
	bool backwards;	  /* all of it is */
	bool reworked;	  /* more may have been done than characters replaced that are not
			   * ASCII */
	bool limited; /* there was more to undo than is done for one text */
	const char *source;
	size_t source_len;
	char *own;
	size_t cap;	  /* of own and map */
	uint32_t *space;
	/* The caller's, who may leave it NULL: whether so many lower-case letters of ASCII
	 * are a word that anybody looks for.  It decides where more than one could be
	 * meant. */
	bool (*known)(const void *ctx, const char *s, size_t n);
	const void *known_ctx;
};

/* Folds s (valid UTF-8); the result lives in f until the next call.  f is all zero
 * before the first.  Never longer than s.  Nothing to undo (plain.h): text is s. */
void fold_text(struct fold *f, const char *s, size_t n);
/* The same without the second half: characters only, words stay as they are. */
void fold_signs(struct fold *f, const char *s, size_t n);
/* Turns the folded text round, for texts that were written backwards. */
void fold_reverse(struct fold *f);
/* Where bytes [start, end) of the folded text are in the text as written. */
void fold_span(const struct fold *f, size_t start, size_t end, uint32_t *from,
    uint32_t *to);
void fold_free(struct fold *f);

#endif
