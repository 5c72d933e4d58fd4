/* SPDX-License-Identifier: Apache-2.0 */
/*
 * courier_book: what a courier knows of the mails of its life, so that it never sends
 * one twice that may have arrived, and never loses an answer because the engine was
 * being restarted.  No descriptors, no time: a pure table.
 *
 * An id is the engine's outbox row.  A row whose mail was refused (soft or hard) did
 * not arrive and may come again; one that was taken, or whose fate is unknown, may not.
 */
#ifndef TOSD_NOTICE_COURIER_BOOK_H
#define TOSD_NOTICE_COURIER_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "notice/courier.h"

/* Answers that were given to an engine are kept for its successor, for an engine can
 * end with them unread. */
#define COURIER_BOOK_KEPT 256

struct courier_book;
struct courier_book *courier_book_new(void);
void courier_book_free(struct courier_book **b);

enum courier_book_answer {
	COURIER_BOOK_SEND,  /* new, or refused before: in hand now, send it */
	COURIER_BOOK_BUSY,  /* in hand already */
	COURIER_BOOK_AGAIN, /* was sent: its result will be given again */
};
enum courier_book_answer courier_book_take(struct courier_book *b, uint64_t id);

/* A mail in hand has its result, which is taken (r is empty afterwards). */
void courier_book_done_take(struct courier_book *b, struct courier_result *r);

/* The next result to give, or NULL; stays the book's.  After it was sent call
 * courier_book_given(); if it could not be sent, leave it. */
const struct courier_result *courier_book_next(const struct courier_book *b);
void courier_book_given(struct courier_book *b);

/* A new engine: what was given to the last one (the newest COURIER_BOOK_KEPT) is to be
 * given again, if the mail may have arrived.  Results are known by their id, so an engine that
 * has one already ignores it.  A refusal is not repeated: the mail may be on its way
 * again, and then it would be taken for the answer to that. */
void courier_book_rewind(struct courier_book *b);

/* Ids that are in hand, and those whose results no engine was given yet, in that order;
 * the caller frees *ids.  Returns how many.  An engine counts these as on their way. */
uint32_t courier_book_sending(const struct courier_book *b, uint64_t **ids);

/* How many are in hand. */
size_t courier_book_in_hand(const struct courier_book *b);

#endif
