/* SPDX-License-Identifier: Apache-2.0 */
/* model: the file; see model.h.  What is read may come from anywhere: every length is
 * checked before it is used, and the digest before anything is. */
#include "model.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "quick.h"

#define DIGEST 32

struct reader {
	const uint8_t *p;
	size_t left;
	bool bad;
};

static const uint8_t *
take(struct reader *r, size_t n)
{
	const uint8_t *p = r->p;

	if (r->bad || n > r->left) {
		r->bad = true;
		return NULL;
	}
	r->p += n;
	r->left -= n;
	return p;
}

static uint32_t
take_u32(struct reader *r)
{
	const uint8_t *p = take(r, 4);

	return p == NULL ? 0
			 : (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
			       (uint32_t)p[3] << 24;
}

static double
take_double(struct reader *r)
{
	uint64_t low = take_u32(r), bits = low | (uint64_t)take_u32(r) << 32;
	double d;

	memcpy(&d, &bits, sizeof(d));
	if (!isfinite(d) || d > 1e6 || d < -1e6)
		r->bad = true;
	return r->bad ? 0 : d;
}

/* A line of the head without its end; NULL: none. */
static const char *
take_line(struct reader *r, size_t *n)
{
	const uint8_t *nl = r->left > 0 ? memchr(r->p, '\n', r->left) : NULL;
	const char *s = (const char *)r->p;

	if (nl == NULL) {
		r->bad = true;
		return NULL;
	}
	*n = (size_t)(nl - r->p);
	take(r, *n + 1);
	return s;
}

static bool
good_text(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] < 0x20 || s[i] > 0x7e)
			return false;
	return n > 0;
}

static int
read_head(struct model *m, struct reader *r, struct why *w)
{
	const char *s;
	size_t n;

	while ((s = take_line(r, &n)) != NULL && n > 0) {
		const char *blank = memchr(s, ' ', n);
		size_t key = blank != NULL ? (size_t)(blank - s) : n, len = n - key - 1;

		if (blank == NULL || !good_text(s, n))
			return why_set(w, "a line of its head is no KEY VALUE");
		if (key == 8 && memcmp(s, "category", 8) == 0 &&
		    len < sizeof(m->category)) {
			memcpy(m->category, blank + 1, len);
			m->category[len] = '\0';
		} else if (key == 3 && memcmp(s, "rev", 3) == 0 && len < 10) {
			m->rev = 0;
			for (size_t i = 0; i < len; i++)
				m->rev =
				    m->rev * 10 + (uint32_t)(blank[1 + i] - '0') % 10;
		} else if (key == 5 && memcmp(s, "about", 5) == 0 &&
			   len < sizeof(m->about)) {
			memcpy(m->about, blank + 1, len);
			m->about[len] = '\0';
		} else {
			return why_set(
			    w, "its head has a line `%.*s'", (int)(n > 40 ? 40 : n), s);
		}
	}
	if (r->bad || m->category[0] == '\0' || m->rev == 0)
		return why_set(w, "its head lacks category or rev");
	return 0;
}

static int
read_words(struct model *m, struct reader *r, struct why *w)
{
	uint32_t n = take_u32(r);
	const uint8_t *p = take(r, n);

	if (p == NULL || !mem_utf8_valid((const char *)p, n))
		return why_set(w, "its lexicon is cut short or not valid UTF-8");
	m->lexicon_text = mem_dup((const char *)p, n);
	m->lexicon_len = n;
	n = take_u32(r);
	if (n > r->left / 5)
		return why_set(w, "its list of words is cut short");
	m->nkeys = n;
	m->keys = mem_new(n, sizeof(*m->keys));
	m->levels = mem_new(n, 1);
	for (uint32_t i = 0; i < n; i++) {
		m->keys[i] = take_u32(r);
		if (i > 0 && m->keys[i] <= m->keys[i - 1])
			return why_set(w, "its list of words is out of order");
	}
	if ((p = take(r, n)) == NULL)
		return why_set(w, "its list of words is cut short");
	if (n > 0)
		memcpy(m->levels, p, n);
	return model_words(m, w);
}

int
model_words(struct model *m, struct why *w)
{
	struct why why = {""};

	lexicon_free(&m->lexicon);
	if (lexicon_read(m->lexicon_text, m->lexicon_len, &m->lexicon, &why) != 0)
		return why_set(w, "its lexicon: %s", why.text);
	for (size_t i = 0; i < m->nkeys; i++)
		vocab_add_key(m->lexicon->words, m->keys[i], 0, m->levels[i]);
	return 0;
}

static int
read_trees(struct model *m, struct reader *r, struct why *w)
{
	uint32_t n = take_u32(r);

	if (n > TREES_MAX)
		return why_set(w, "%u trees, more than %d", n, TREES_MAX);
	m->ntrees = n;
	m->tree = mem_new(n, sizeof(*m->tree));
	for (uint32_t i = 0; i < n; i++) {
		struct tree *t = &m->tree[i];
		const uint8_t *p = take(r, 2 * TREE_NODES + 2 * TREE_LEAVES);

		if (p == NULL)
			return why_set(w, "its trees are cut short");
		memcpy(t->place, p, TREE_NODES);
		memcpy(t->cut, p + TREE_NODES, TREE_NODES);
		for (int k = 0; k < TREE_NODES; k++)
			if (t->place[k] >= DENSE_MAX)
				return why_set(w, "a tree asks for count %d of %d",
				    t->place[k], DENSE_MAX);
		for (int k = 0; k < TREE_LEAVES; k++) {
			const uint8_t *l = p + 2 * TREE_NODES + 2 * k;

			t->leaf[k] = (int16_t)(uint16_t)(l[0] | l[1] << 8);
		}
	}
	return 0;
}

static int
read_body(struct model *m, struct reader *r, struct why *w)
{
	double figures[MODEL_FIGURES];
	const uint8_t *p;

	if (read_head(m, r, w) != 0)
		return -1;
	for (size_t i = 0; i < MODEL_FIGURES; i++)
		figures[i] = take_double(r);
	if (r->bad)
		return why_set(w, "its figures are cut short or out of range");
	memcpy(&m->f, figures, sizeof(m->f));
	if (read_words(m, r, w) != 0 || read_trees(m, r, w) != 0)
		return -1;
	if (take_u32(r) != BUCKETS || (p = take(r, 2 * BUCKETS)) == NULL ||
	    r->left != 0)
		return why_set(w, "its weights are not %u buckets", BUCKETS);
	m->bucket = mem_new(BUCKETS, sizeof(*m->bucket));
	for (size_t i = 0; i < BUCKETS; i++)
		m->bucket[i] = (struct bucket){(int8_t)p[2 * i], p[2 * i + 1]};
	return 0;
}

int
model_parse(const char *data, size_t n, struct model **out, struct why *w)
{
	size_t magic = strlen(MODEL_MAGIC);
	struct model *m;
	struct reader r;
	char hex[MEM_HEX];
	int rc = 0;

	*out = NULL;
	if (n > MODEL_MAX)
		return why_set(w, "larger than %u bytes", MODEL_MAX);
	if (n < magic + DIGEST || memcmp(data, MODEL_MAGIC, magic - 2) != 0)
		return why_set(w, "not a model of `tosctl classifier train'");
	if (data[magic - 2] != MODEL_MAGIC[magic - 2])
		return why_set(w, "a model of another version than 3; train it anew");
	mem_sha256(data, n - DIGEST, hex);
	for (int i = 0; i < DIGEST; i++) {
		char two[3];

		snprintf(
		    two, sizeof(two), "%02x", (uint8_t)data[n - DIGEST + (size_t)i]);
		if (memcmp(two, hex + 2 * i, 2) != 0)
			return why_set(w, "damaged: its digest does not fit its bytes");
	}
	m = mem_new(1, sizeof(*m));
	r = (struct reader){(const uint8_t *)data + magic, n - magic - DIGEST, false};
	rc = read_body(m, &r, w);
	if (rc == 0) {
		mem_sha256(data, n, m->digest);
		m->quick = quick_new(m);
	} else {
		model_free(&m);
	}
	*out = m;
	return rc;
}

/* By the folder that the file is in, wherever links lead. */
static int
check_trusted(const char *path, int fd, struct why *w)
{
	char *real = realpath(path, NULL), *slash;
	int rc;

	if (real == NULL)
		return why_set(w, "cannot read: %s", strerror(errno));
	slash = strrchr(real, '/');
	slash[slash == real] = '\0';
	rc = mem_check_trusted(real, fd, w);
	free(real);
	return rc;
}

static int
load(const char *path, bool trusted, struct model **out, struct why *w)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc;
	char *data = mem_new(MODEL_MAX + 1, 1);
	struct why why = {""};
	size_t n = 0;
	ssize_t got = 0;

	*out = NULL;
	while (fd >= 0 && n <= MODEL_MAX) {
		got = read(fd, data + n, MODEL_MAX + 1 - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	if (fd < 0 || got < 0)
		rc = why_set(w, "%s: cannot read: %s", path, strerror(errno));
	else if ((rc = trusted ? check_trusted(path, fd, &why) : 0) != 0 ||
		 (rc = model_parse(data, n, out, &why)) != 0)
		why_set(w, "%s: %s", path, why.text);
	if (fd >= 0)
		close(fd);
	free(data);
	return rc;
}

int
model_load(const char *path, struct model **out, struct why *w)
{
	return load(path, false, out, w);
}

int
model_load_trusted(const char *path, struct model **out, struct why *w)
{
	return load(path, true, out, w);
}

/* --- writing */

static void
put_u32(struct sb *b, uint32_t v)
{
	char p[4] = {(char)v, (char)(v >> 8), (char)(v >> 16), (char)(v >> 24)};

	sb_put(b, p, 4);
}

static void
put_double(struct sb *b, double d)
{
	uint64_t bits;

	memcpy(&bits, &d, sizeof(bits));
	put_u32(b, (uint32_t)bits);
	put_u32(b, (uint32_t)(bits >> 32));
}

void
model_put(const struct model *m, struct sb *out)
{
	size_t start = out->len;
	double figures[MODEL_FIGURES];
	char hex[MEM_HEX];

	memcpy(figures, &m->f, sizeof(figures));
	sb_printf(out, "%scategory %s\nrev %u\nabout %s\n\n", MODEL_MAGIC, m->category,
	    m->rev, m->about);
	for (size_t i = 0; i < MODEL_FIGURES; i++)
		put_double(out, figures[i]);
	put_u32(out, (uint32_t)m->lexicon_len);
	sb_put(out, m->lexicon_text, m->lexicon_len);
	put_u32(out, (uint32_t)m->nkeys);
	for (size_t i = 0; i < m->nkeys; i++)
		put_u32(out, m->keys[i]);
	sb_put(out, (const char *)m->levels, m->nkeys);
	put_u32(out, (uint32_t)m->ntrees);
	for (size_t i = 0; i < m->ntrees; i++) {
		sb_put(out, (const char *)m->tree[i].place, TREE_NODES);
		sb_put(out, (const char *)m->tree[i].cut, TREE_NODES);
		for (int k = 0; k < TREE_LEAVES; k++) {
			uint16_t v = (uint16_t)m->tree[i].leaf[k];
			char p[2] = {(char)v, (char)(v >> 8)};

			sb_put(out, p, 2);
		}
	}
	put_u32(out, BUCKETS);
	for (size_t i = 0; i < BUCKETS; i++) {
		char p[2] = {(char)m->bucket[i].weight, (char)m->bucket[i].rarity};

		sb_put(out, p, 2);
	}
	mem_sha256(out->data + start, out->len - start, hex);
	for (int i = 0; i < DIGEST; i++) {
		unsigned v;
		char c;

		sscanf(hex + 2 * i, "%2x", &v);
		c = (char)v;
		sb_put(out, &c, 1);
	}
}

void
model_free(struct model **mp)
{
	struct model *m = *mp;

	if (m == NULL)
		return;
	*mp = NULL;
	quick_free(&m->quick);
	lexicon_free(&m->lexicon);
	free(m->lexicon_text);
	free(m->keys);
	free(m->levels);
	free(m->tree);
	free(m->bucket);
	free(m);
}
