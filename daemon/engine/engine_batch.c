/* SPDX-License-Identifier: Apache-2.0 */
/* engine_batch: see engine_batch.h.  Everything here happens within one transaction. */
#include "engine/engine_batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/line.h"

/* Revisions that a capture's entry names, so that it stays below 65,535 bytes.  They
 * matter once the capture is erased: until then its metadata names them all. */
#define NAMED_MAX 1500

void
engine_batch_begin(struct engine_batch *b, struct engine *g,
    const struct engine_take *t, struct engine_reading *out)
{
	size_t ids = 64;

	memset(b, 0, sizeof(*b));
	b->g = g;
	b->t = t;
	b->feed = t->feed;
	b->at = engine_at(g, t->feed->tenant);
	b->out = out;
	b->revisions = xcalloc(t->n + 1, sizeof(*b->revisions));
	b->fresh = xcalloc(t->n + 1, sizeof(*b->fresh));
	while (ids < 2 * (size_t)t->n)
		ids *= 2;
	b->ids = t->events ? xcalloc(ids, sizeof(*b->ids)) : NULL;
	b->ids_mask = ids - 1;
}

void
engine_batch_end(struct engine_batch *b)
{
	for (size_t i = 0; i < b->nfresh; i++)
		free(b->fresh[i].guid);
	free(b->fresh);
	free(b->revisions);
	free(b->ids);
	buf_free(&b->meta);
	buf_free(&b->named);
}

/* --- names within a batch of events --- */

/* Two names with one hash cost a little time, no more.  Never 0. */
static uint64_t
hash_of(const char *name)
{
	uint64_t h = hash_text(name);

	return (h ^ h >> 32) | 1;
}

static uint64_t *
slot_of(struct engine_batch *b, uint64_t h)
{
	size_t i = h >> 1 & b->ids_mask;

	while (b->ids[i] != 0 && b->ids[i] != h)
		i = (i + 1) & b->ids_mask;
	return &b->ids[i];
}

static void
remember(struct engine_batch *b, const char *name)
{
	uint64_t h = hash_of(name);

	if (b->ids != NULL)
		*slot_of(b, h) = h;
}

/* --- metadata --- */

static void
metadata_begin(struct engine_batch *b)
{
	line_begin(&b->meta_line, &b->meta, false);
	line_int(&b->meta_line, "feed", b->feed->id);
	line_key(&b->meta_line, "items");
	buf_putc(&b->meta, '[');
}

static void
metadata_end(struct engine_batch *b)
{
	buf_putc(&b->meta, ']');
	line_int(&b->meta_line, "seen", b->t->time);
	line_str(&b->meta_line, "tenant", b->feed->tenant);
	line_str(&b->meta_line, "url", b->feed->url);
	line_end(&b->meta_line);
}

/* The record as the engine had it, for rebuild, but for what stands beside it in
 * words. */
static void
put_record(struct line *l, const struct item *it, const char *guid)
{
	struct item rest = *it; /* lent */
	char **const told[] = {&rest.author, &rest.text, &rest.title, &rest.url};
	struct buf wire = {0};

	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
		*told[i] = NULL;
	if (rest.id != NULL && strcmp(rest.id, guid) == 0)
		rest.id = NULL;
	item_put(&wire, &rest);
	line_key(l, "record");
	buf_putc(l->b, '"');
	digest_base64(l->b, wire.data, wire.len);
	buf_putc(l->b, '"');
	buf_free(&wire);
}

/* What the vault keeps beside the bytes, enough to make the store again. */
static void
put_item(struct engine_batch *b, int64_t item, int64_t revision, uint32_t n,
    const char *guid, const char *digest, const struct item *it)
{
	char published[CLOCK_TEXT];
	struct line l;

	if (b->n == 0)
		metadata_begin(b);
	else
		buf_putc(&b->meta, ',');
	line_begin(&l, &b->meta, false);
	line_str(&l, "author", it->author);
	line_str(&l, "guid", guid);
	line_int(&l, "item", item);
	line_int(&l, "n", n);
	if (it->published != CLOCK_NONE)
		line_str(&l, "published", clock_format(it->published, published));
	put_record(&l, it, guid);
	line_int(&l, "revision", revision);
	line_str(&l, "sha256", digest);
	line_str(&l, "text", it->text);
	line_str(&l, "title", it->title);
	line_str(&l, "url", it->url);
	line_end(&l);
}

/* The revision's numbers are known. */
static void
note(struct engine_batch *b, int64_t item, int64_t revision, uint32_t n,
    const char *guid, const char *digest, const struct item *it)
{
	put_item(b, item, revision, n, guid, digest, it);
	b->revisions[b->n++] = revision;
	if (b->n > NAMED_MAX)
		return;
	buf_puts(&b->named, b->n > 1 ? ",[" : "[");
	line_put_int(&b->named, revision);
	buf_putc(&b->named, ',');
	line_put_int(&b->named, item);
	buf_putc(&b->named, ',');
	line_put_int(&b->named, n);
	buf_putc(&b->named, ']');
}

/* --- rows --- */

static void
revision_of(struct engine_batch *b, const struct item *it, const char *digest,
    struct store_revision *r)
{
	memset(r, 0, sizeof(*r));
	r->seen = b->t->time;
	r->time = engine_event_time(it->published, r->seen);
	snprintf(r->digest, sizeof(r->digest), "%s", digest);
	r->entry = -1;
	r->state = INSPECT_PENDING;
	/* As a rule it is the one that will have judged: so its row need not be written
	 * again. */
	if (b->g->policy[0] != '\0')
		r->policy = b->g->policy; /* lent, too */
	r->body = *it;			  /* lent: the store only reads it */
}

/* Writes the rows of a new post; ref NULL: what proves it is not there yet. */
static void
write_new(struct engine_batch *b, const struct engine_new *f,
    const struct vault_ref *ref, int64_t entry)
{
	const struct item *it = &b->t->items[f->at];
	struct store_item row = {.id = f->item,
	    .feed = b->feed->id,
	    .guid = f->guid,
	    .url = it->url,
	    .first_seen = b->t->time};
	struct store_revision r;
	struct err e = ERR_INIT;

	memcpy(row.tenant, b->feed->tenant, sizeof(row.tenant));
	revision_of(b, it, f->digest, &r);
	r.id = f->revision;
	if (ref != NULL) {
		memcpy(r.capture, ref->id, sizeof(r.capture));
		r.file = (char *)(uintptr_t)ref->path; /* lent */
		r.commit = (char *)(uintptr_t)ref->commit;
		r.entry = entry;
	}
	engine_must(store_item_new(b->g->store, &b->at, &row, &r, &e), 0,
	    "cannot keep a post", &e);
}

/* All that are fresh get rows at once; their capture is tied to them later. */
static void
settle(struct engine_batch *b)
{
	for (size_t i = 0; i < b->nfresh; i++) {
		write_new(b, &b->fresh[i], NULL, -1);
		free(b->fresh[i].guid);
	}
	b->nfresh = 0;
	b->ntied = b->n;
}

void
engine_batch_meet(struct engine_batch *b, const char *name)
{
	if (b->ids == NULL || b->nfresh == 0 || *slot_of(b, hash_of(name)) == 0)
		return;
	settle(b);
}

static void
add_changed(
    struct engine_batch *b, struct store_item *row, uint32_t at, const char *digest)
{
	const struct item *it = &b->t->items[at];
	struct store_revision r;
	struct err e = ERR_INIT;

	settle(b);
	revision_of(b, it, digest, &r);
	r.item = row->id;
	engine_must(store_revision_add(b->g->store, &b->at, row, &r, &e), 0,
	    "cannot keep a revision", &e);
	note(b, row->id, r.id, r.n, row->guid, digest, it);
	b->ntied = b->n;
	b->next_revision = r.id + 1;
}

void
engine_batch_add(struct engine_batch *b, struct store_item *row, uint32_t at,
    const char *guid, const char *digest, bool twin)
{
	const struct item *it = &b->t->items[at];
	struct engine_new *f;

	if (row->id != 0) {
		add_changed(b, row, at, digest);
		return;
	}
	if (b->next_item == 0)
		store_item_next(b->g->store, &b->next_item, &b->next_revision);
	f = &b->fresh[b->nfresh++];
	f->at = at;
	f->item = row->id = b->next_item++;
	f->revision = b->next_revision++;
	f->guid = xstrdup(guid);
	memcpy(f->digest, digest, sizeof(f->digest));
	note(b, f->item, f->revision, 1, guid, digest, it);
	remember(b, it->id != NULL ? it->id : digest);
	if (twin) /* the next one may be the same */
		settle(b);
}

/* --- the capture --- */

static int64_t
record(struct engine_batch *b, const struct vault_ref *ref, bool bare, int64_t now)
{
	struct buf out = {0};
	struct line l;

	line_begin(&l, &out, true);
	if (b->t->apart)
		line_true(&l, "apart");
	if (bare)
		line_true(&l, "bare");
	line_int(&l, "bytes", (int64_t)ref->size);
	line_int(&l, "changed", b->out->changed);
	line_str(&l, "commit", ref->commit);
	line_int(&l, "feed", b->feed->id);
	line_str(&l, "file", ref->path);
	line_int(&l, "items", b->t->n - b->out->stale);
	line_str(&l, "kind", "capture");
	line_int(&l, "new", b->out->fresh);
	line_key(&l, "revisions");
	buf_putc(&out, '[');
	buf_put(&out, b->named.data, b->named.len);
	buf_putc(&out, ']');
	line_int(&l, "seen", b->t->time);
	line_int(&l, "seq", b->g->seq);
	if (b->out->shared > 0)
		line_int(&l, "shared", b->out->shared);
	line_int(&l, "status", b->t->status);
	engine_record_time(b->g, &l, now);
	line_str(&l, "tenant", b->feed->tenant);
	line_end(&l);
	return engine_record_line(b->g, "capture", &out, now);
}

/* To a worker, which is as a rule asked in the same turn. */
static void
pass_on(struct engine_batch *b, const struct engine_new *f)
{
	struct item *it = &b->t->items[f->at];
	struct engine_brief brief = {
	    .revision = f->revision, .seen = b->t->time, .n = 1};

	memcpy(brief.tenant, b->feed->tenant, sizeof(brief.tenant));
	memcpy(brief.policy, b->g->policy, sizeof(brief.policy));
	/* Nobody looks at an event again. */
	engine_fresh_put(b->g, &brief, engine_event_time(it->published, b->t->time), it,
	    b->t->events);
}

void
engine_batch_keep(struct engine_batch *b, int64_t now)
{
	struct vault_ref ref = {0};
	struct err e = ERR_INIT;
	bool bare;
	int64_t seq;

	metadata_end(b);
	/* The items are still on record, and the entry says that their bytes are not.
	 */
	bare =
	    !engine_capture_line(b->g, b->t->fd, b->meta.data, b->t->truncated, &ref);
	if (bare)
		engine_capture_bare_line(
		    b->g, b->feed->url, b->t->time, b->meta.data, &ref);
	seq = record(b, &ref, bare, now);
	for (size_t i = 0; i < b->ntied; i++)
		engine_must(store_revision_captured(b->g->store, &b->at,
				b->revisions[i], ref.id, ref.path, ref.commit, seq, &e),
		    0, "cannot tie a revision to its capture", &e);
	for (size_t i = 0; i < b->nfresh; i++) {
		write_new(b, &b->fresh[i], &ref, seq);
		pass_on(b, &b->fresh[i]);
	}
	for (size_t i = 0; i < b->n; i++)
		engine_queue_add(&b->g->pending, b->at.shard, b->revisions[i]);
}
