/* SPDX-License-Identifier: Apache-2.0 */
/* network: see network.h.  Owns nothing. */
#include "fetch/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/hash.h"

/* 0 stands for "nobody" in the tables. */
static uint64_t
digest(const char *host)
{
	uint64_t h = hash_text(host);

	return h != 0 ? h : 1;
}

void
network_heard(struct network *n, const char *host)
{
	uint64_t h = digest(host);

	n->heard[h % NETWORK_HEARD] = h;
	n->nsilent = 0;
	n->ever = true;
}

/* Counts the host if its silence is news. */
static void
note_silence(struct network *n, const char *host)
{
	uint64_t h = digest(host), *place = &n->heard[h % NETWORK_HEARD];

	if (n->ever && *place != h)
		return;
	*place = 0;
	for (unsigned i = 0; i < n->nsilent; i++)
		if (n->silent[i] == h)
			return;
	if (n->nsilent < NETWORK_HOSTS)
		n->silent[n->nsilent++] = h;
}

/* Connecting a datagram socket sends nothing: it only asks the routing table. */
static bool
routable(const struct sockaddr *sa, socklen_t len)
{
	int fd = socket(sa->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok;

	if (fd < 0)
		return false;
	ok = connect(fd, sa, len) == 0;
	close(fd);
	return ok;
}

/* Asked for the addresses of a root name server. */
bool
network_routes(int family)
{
	struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons(53)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(53)};

	inet_pton(AF_INET, "198.41.0.4", &in4.sin_addr);
	inet_pton(AF_INET6, "2001:503:ba3e::2:30", &in6.sin6_addr);
	return family == AF_INET ? routable((struct sockaddr *)&in4, sizeof(in4))
				 : routable((struct sockaddr *)&in6, sizeof(in6));
}

/* What the kernel says about us, not about the other side. */
static bool
is_own(int error)
{
	static const int own[] = {EMFILE, ENFILE, ENOMEM, ENOBUFS, EPERM, EACCES,
	    EADDRNOTAVAIL, ENETDOWN, EAFNOSUPPORT};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (error == own[i])
			return true;
	return false;
}

const char *
network_failed(struct network *n, const char *host, int error)
{
	if (is_own(error))
		return strerror(error);
	if (error == ECONNREFUSED || error == ECONNRESET) {
		network_heard(n, host); /* its machine has spoken */
		return NULL;
	}
	/* Without an errno it was the name that could not be resolved, or time. */
	if ((error == 0 || error == ENETUNREACH || error == EHOSTUNREACH) &&
	    !network_routes(AF_INET) && !network_routes(AF_INET6))
		return "this machine has no route to the network";
	note_silence(n, host);
	return n->nsilent == NETWORK_HOSTS ? "no host at all can be reached: our own "
					     "network is taken to be down"
					   : NULL;
}
