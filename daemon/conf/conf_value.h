/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_value: what single values of the configuration may look like.  Pure
 * functions over strings; a check returns NULL when all is well, else what is
 * wrong in words that follow "KEY: ".
 */
#ifndef TOSD_CONF_CONF_VALUE_H
#define TOSD_CONF_CONF_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Visible text: not empty, no control characters (it goes into mail headers). */
const char *conf_value_text(const char *s);
/* One mail address, addr-spec of RFC 5322 without comments and quoting. */
const char *conf_value_mail(const char *s);
const char *conf_value_fault(const char *s);
/* A host name of letters, digits, hyphens and dots (RFC 1123). */
const char *conf_value_host(const char *s);
/* An http or https URL without credentials. */
const char *conf_value_url(const char *s);
/* smtp://HOST[:PORT] or smtps://HOST[:PORT] and nothing after it. */
const char *conf_value_mail_url(const char *s);
/* A tenant's id: [a-z0-9-], 1 to 63, not starting with a hyphen. */
const char *conf_value_id(const char *s);
/* The name of a plugin: [a-z0-9_-], 1 to 32. */
const char *conf_value_plugin(const char *s);
/* The name of a list of plugin `lists': [a-z][a-z0-9-]*, 1 to 60. */
const char *conf_value_list(const char *s);
/* A key that verifies signatures: NAME+ID+KEY; whether it is one, who uses it finds out. */
const char *conf_value_vkey(const char *s);
/* A language tag such as "en" or "pt-BR" (RFC 5646, well-formed subset). */
const char *conf_value_language(const char *s);
/* "127.0.0.1:8790", "[::1]:8790" or "unix:PATH". */
const char *conf_value_listen(const char *s);
/* A name server by its address: "192.0.2.53", "2001:db8::53", with a port
 * "192.0.2.53:5353", "[2001:db8::53]:5353". */
const char *conf_value_resolver(const char *s);
/* A network interface, or an address of this machine. */
const char *conf_value_interface(const char *s);
/* "sqlite:PATH". */
const char *conf_value_store(const char *s);
/* The name of a log: no spaces, no plus sign (C2SP signed-note). */
const char *conf_value_origin(const char *s);
/* A path into JSON: names with dots between, [n], [*] and ["name"]; 16 at most. */
const char *conf_value_member(const char *s);
/* The name of a stage or of staff: as text, at most 64 bytes. */
const char *conf_value_name(const char *s);

/* "4096", "64K", "10M", "1G" (powers of 1024; an ending "iB" or "B" is allowed).
 * -1: not one. */
int64_t conf_value_size(const char *s);
/* True if the host of this URL is this machine. */
bool conf_value_url_local(const char *url);
/* The URL in one spelling (scheme and host in lower case, no default port), so
 * that two spellings of one feed are seen.  xmalloc'd. */
char *conf_value_url_norm(const char *url);
/* A path, or the name of a credential: then nothing that only a secret would hold. */
const char *conf_value_keyfile(const char *s);
/* True for keys under which somebody would write a password. */
bool conf_value_secret_key(const char *key);

#endif
