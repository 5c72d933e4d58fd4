/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint: limits and addresses of model endpoints; see endpoint.h. */
#include "fetch/endpoint.h"

#include <string.h>

#include "base/buf.h"
#include "ipc/msg.h"

void
fetch_endpoint_conf(struct conf_fetch *to, const struct conf_fetch *fetch,
    const struct conf_endpoint *p)
{
	*to = *fetch;
	to->timeout = p->timeout;
	if (to->connect_timeout > p->timeout)
		to->connect_timeout = p->timeout;
	to->max_body = p->max_answer;
	to->max_redirects = 0;
	to->max_connections = to->max_host_connections = p->parallel;
	to->max_streams = 0;
	to->host_gap = 0;
	/* Retry-After is the engine's to heed; a pause in here would hide it from
	 * there. */
	to->interval_max = 0;
	to->allow = p->allow;
	to->nallow = p->nallow;
}

char *
fetch_endpoint_url(const struct conf_endpoint *p, uint8_t kind)
{
	size_t n = strlen(p->url);

	while (n > 0 && p->url[n - 1] == '/')
		n--;
	return xasprintf("%.*s/%s", (int)n, p->url,
	    kind == ASK_CHAT ? "chat/completions" : "moderations");
}
