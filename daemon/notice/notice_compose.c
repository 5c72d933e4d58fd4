/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notice_compose: from document and template to the exact bytes of a mail.  See
 * notice.h.  Nothing here looks at a clock or makes anything up: same input, same
 * bytes, so that the bytes can be hashed before they are sent and made again after.
 */
#include "notice/notice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/text.h"
#include "notice/mail_word.h"
#include "notice/notice_lint.h"
#include "notice/notice_set.h"

#define FIRST_FEW 3	   /* shown by a digest of one screen */
#define MAX_REFERENCES 100 /* of a thread, see put_references() */

/* What a notice needs that the caller could get wrong without noticing. */
static int
check_doc(const char *kind, enum notice_audience a, const json_t *doc, struct err *e)
{
	const char *k = json_string_value(json_object_get(doc, "kind"));
	const char *to = json_string_value(json_object_get(doc, "audience"));

	if (k == NULL || strcmp(k, kind) != 0)
		return err_set(
		    e, TOSD_EINVAL, "the document's `kind' is not `%s'", kind);
	if (to == NULL || strcmp(to, notice_audience_name(a)) != 0)
		return err_set(e, TOSD_EINVAL, "the document's `audience' is not `%s'",
		    notice_audience_name(a));
	/* The whole document is attached.  A threat in a tenant's document is a mistake
	 * that nobody may make twice. */
	if ((a == NOTICE_TENANT || a == NOTICE_MANAGER) &&
	    json_object_get(doc, "safety") != NULL)
		return err_set(e, TOSD_EINVAL,
		    "`safety' must not be in a document for the %s",
		    notice_audience_name(a));
	return 0;
}

/* The document as this audience may have it, in words and attached. */
static json_t *
doc_for(const json_t *doc, enum notice_audience a)
{
	json_t *own = json_copy((json_t *)doc);
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(own, next, name, value)
	{
		if (!notice_name_allowed(name, a))
			json_object_del(own, name);
	}
	return own;
}

/* Adds the first few of a list under another name, for digests. */
static void
add_first(json_t *view, const char *name, const char *as)
{
	const json_t *list = json_object_get(view, name);
	json_t *few;

	if (!json_is_array(list))
		return;
	few = json_array();
	for (size_t i = 0; i < json_array_size(list) && i < FIRST_FEW; i++)
		json_array_append(few, json_array_get(list, i));
	json_object_set_new(view, as, few);
}

static int
render_parts(const struct notice_set *s, const struct notice_file *f,
    const json_t *view, enum template_mode subject_mode, struct buf *subject,
    struct buf *body, const struct template_watch *watch, struct err *e)
{
	struct template_options o = {.mode = subject_mode,
	    .partial = notice_set_partial,
	    .ctx = (void *)s,
	    .one_line = true,
	    .optional = notice_optional};
	int rc = template_render(f->subject, view, &o, subject, e);

	if (rc != 0) {
		err_wrap(e, "subject");
		return rc;
	}
	o.mode = TEMPLATE_TEXT;
	o.watch = watch;
	return template_render(f->body, view, &o, body, e);
}

/* No blank lines at the beginning and the end. */
static void
trim_body(struct buf *b)
{
	size_t lead = 0;

	while (lead < b->len && b->data[lead] == '\n')
		lead++;
	while (b->len > lead && b->data[b->len - 1] == '\n')
		b->len--;
	memmove(b->data, b->data + lead, b->len - lead);
	b->len -= lead;
	buf_putc(b, '\n');
}

static int
render_notice(const struct notice_set *s, const char *kind, enum notice_audience a,
    const json_t *doc, enum template_mode subject_mode, struct buf *subject,
    struct buf *body, struct err *e)
{
	const struct notice_file *f = notice_set_find(s, kind, a);
	struct notice_lint *lint = notice_lint_new();
	json_t *view = doc_for(doc, a);
	int rc;

	if (f == NULL)
		rc = err_set(e, TOSD_ENOENT, "there is no template for it");
	else
		rc = check_doc(kind, a, doc, e);
	if (rc == 0) {
		add_first(view, "items", "first_items");
		add_first(view, "reasons", "first_reasons");
		add_first(view, "against", "first_against");
		rc = render_parts(s, f, view, subject_mode, subject, body,
		    notice_lint_watch(lint), e);
	}
	if (rc == 0)
		rc = notice_lint_check(
		    lint, kind, a, doc, body->data == NULL ? "" : body->data, e);
	if (rc == 0)
		trim_body(body);
	else
		err_wrap(e, "notice `%s' for the %s", kind, notice_audience_name(a));
	json_decref(view);
	notice_lint_free(&lint);
	return rc;
}

int
notice_render(const struct notice_set *s, const char *kind, enum notice_audience a,
    const json_t *doc, struct buf *subject, struct buf *body, struct err *e)
{
	struct buf sub = {0}, text = {0};
	int rc = render_notice(s, kind, a, doc, TEMPLATE_TEXT, &sub, &text, e);

	if (rc == 0) {
		buf_put(subject, sub.data == NULL ? "" : sub.data, sub.len);
		buf_put(body, text.data, text.len);
	}
	buf_free(&sub);
	buf_free(&text);
	return rc;
}

static int
check_address(const char *what, const char *address, struct err *e)
{
	char shown[120];

	if (mail_word_address_valid(address))
		return 0;
	text_escape(shown, sizeof(shown), address == NULL ? "" : address,
	    address == NULL ? 0 : strlen(address));
	return err_set(
	    e, TOSD_EINVAL, "%s `%s' is not a bare mail address", what, shown);
}

/* The id without its angle brackets. */
static const char *
bare_id(const char *id, size_t *n)
{
	*n = strlen(id);
	if (*n >= 2 && id[0] == '<' && id[*n - 1] == '>') {
		*n -= 2;
		return id + 1;
	}
	return id;
}

static int
check_id(const char *what, const char *id, struct err *e)
{
	char shown[120];
	size_t n;
	const char *s = id == NULL ? NULL : bare_id(id, &n);

	if (s != NULL && mail_word_id_valid(s, n))
		return 0;
	text_escape(
	    shown, sizeof(shown), id == NULL ? "" : id, id == NULL ? 0 : strlen(id));
	return err_set(e, TOSD_EINVAL, "%s `%s' is not a Message-ID", what, shown);
}

static int
check_mail(const struct notice_mail *m, struct err *e)
{
	int rc = check_address("From", m->from, e);

	if (rc == 0)
		rc = check_address("To", m->to, e);
	if (rc == 0 && m->reply_to != NULL)
		rc = check_address("Reply-To", m->reply_to, e);
	if (rc == 0)
		rc = check_id("Message-ID", m->message_id, e);
	if (rc == 0 && m->in_reply_to != NULL)
		rc = check_id("In-Reply-To", m->in_reply_to, e);
	for (size_t i = 0; rc == 0 && i < m->nreferences; i++)
		rc = check_id("References", m->references[i], e);
	if (rc == 0 && (m->date < 0 || m->date / 1000 > 253402300799)) /* year 9999 */
		rc = err_set(e, TOSD_EINVAL, "the mail has no date");
	return rc;
}

/* One field whose value is collected in a buffer first, so that it can be folded. */
static void
put_field(struct buf *out, const char *name, struct buf *value)
{
	mail_word_field(out, name, value->data == NULL ? "" : value->data);
	buf_reset(value);
}

static void
put_id(struct buf *b, const char *id)
{
	size_t n;
	const char *s = bare_id(id, &n);

	buf_printf(b, "%s<%.*s>", b->len > 0 ? " " : "", (int)n, s);
}

/* A long thread keeps its root and its newest messages (RFC 5322, 3.6.4 wants all;
 * readers need these, and a header cannot grow for ever). */
static void
put_references(struct buf *out, const struct notice_mail *m, struct buf *v)
{
	for (size_t i = 0; i < m->nreferences; i++)
		if (i == 0 || i + MAX_REFERENCES > m->nreferences)
			put_id(v, m->references[i]);
	if (v->len > 0)
		put_field(out, "References", v);
}

/* "en" or "de-CH"; anything else is left out. */
static bool
language_valid(const char *s)
{
	size_t n = s == NULL ? 0 : strlen(s);

	return n >= 2 && n <= 16 &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") == n;
}

static void
put_header(struct buf *out, const struct notice_mail *m, const json_t *doc,
    const char *subject)
{
	const char *name = json_string_value(
	    json_object_get(json_object_get(doc, "provider"), "name"));
	const char *lang = json_string_value(json_object_get(doc, "language"));
	struct buf v = {0};

	mail_word_date(&v, m->date);
	put_field(out, "Date", &v);
	if (name != NULL && name[0] != '\0') {
		struct buf clean = {0};

		text_escape_buf(&clean, name, strlen(name));
		mail_word_phrase(&v, clean.data);
		buf_free(&clean);
		buf_printf(&v, " <%s>", m->from);
	} else {
		buf_puts(&v, m->from);
	}
	put_field(out, "From", &v);
	mail_word_field(out, "To", m->to);
	if (m->reply_to != NULL)
		mail_word_field(out, "Reply-To", m->reply_to);
	mail_word_field(out, "Subject", subject);
	put_id(&v, m->message_id);
	put_field(out, "Message-ID", &v);
	if (m->in_reply_to != NULL) {
		put_id(&v, m->in_reply_to);
		put_field(out, "In-Reply-To", &v);
	}
	put_references(out, m, &v);
	if (m->auto_generated)
		mail_word_field(out, "Auto-Submitted", "auto-generated");
	if (language_valid(lang))
		mail_word_field(out, "Content-Language", lang);
	mail_word_field(out, "MIME-Version", "1.0");
	buf_free(&v);
}

/* A boundary is made of the content, and of a count in case it stands in there. */
static void
make_boundary(const struct buf *body, const char *json, char out[48])
{
	struct buf seed = {0};
	char hex[DIGEST_HEX];

	buf_put(&seed, body->data, body->len);
	buf_puts(&seed, json);
	do {
		buf_putc(&seed, '.');
		digest_hex_of(seed.data, seed.len, hex);
		hex[32] = '\0';
		snprintf(out, 48, "=_tosd_%s", hex);
	} while (strstr(body->data, out) != NULL);
	buf_free(&seed);
}

static void
put_parts(struct buf *out, const struct buf *body, const char *json)
{
	bool plain = mail_word_plain(body->data, body->len);
	char boundary[48];

	make_boundary(body, json, boundary);
	buf_printf(out, "Content-Type: multipart/mixed;\r\n boundary=\"%s\"\r\n\r\n",
	    boundary);
	buf_printf(out, "--%s\r\n", boundary);
	buf_puts(out, "Content-Type: text/plain; charset=utf-8\r\n");
	buf_printf(out, "Content-Transfer-Encoding: %s\r\n",
	    plain ? "7bit" : "quoted-printable");
	buf_puts(out, "Content-Disposition: inline\r\n\r\n");
	mail_word_text(out, body->data, body->len, !plain);
	buf_printf(out, "\r\n--%s\r\n", boundary);
	buf_puts(out,
	    "Content-Type: application/json; name=\"notice.json\"\r\n"
	    "Content-Transfer-Encoding: base64\r\n"
	    "Content-Disposition: attachment; filename=\"notice.json\"\r\n\r\n");
	mail_word_base64(out, json, strlen(json));
	buf_printf(out, "\r\n--%s--\r\n", boundary);
}

int
notice_compose(const struct notice_set *s, const char *kind, enum notice_audience a,
    const json_t *doc, const struct notice_mail *mail, struct buf *out, struct err *e)
{
	struct buf subject = {0}, body = {0};
	json_t *own = doc_for(doc, a);
	char *json = NULL;
	int rc = check_mail(mail, e);

	if (rc == 0)
		rc =
		    render_notice(s, kind, a, doc, TEMPLATE_HEADER, &subject, &body, e);
	if (rc != 0)
		goto out;
	json = json_dumps(own, JSON_INDENT(1) | JSON_SORT_KEYS);
	if (json == NULL) {
		rc = err_set(
		    e, TOSD_EINVAL, "the notice document cannot be written as JSON");
		goto out;
	}
	put_header(out, mail, doc, subject.data == NULL ? "" : subject.data);
	put_parts(out, &body, json);
out:
	free(json);
	json_decref(own);
	buf_free(&subject);
	buf_free(&body);
	return rc;
}
