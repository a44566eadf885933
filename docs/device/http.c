#define _POSIX_C_SOURCE 200809L
#include "http.h"
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <mbedtls/net_sockets.h>

enum { EXCHANGE_SECONDS = 10, PAUSE_SECONDS = 1, LONGEST_PAUSE = 86400 };

int64_t http_now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- The connection: non-blocking, so that nothing ever waits beyond `until` ---- */

static int ready(const struct http *h, short events)
{
  struct pollfd p = { h->fd, events, 0 };
  int64_t left;
  int n = 0;
  while ((left = h->until - http_now()) > 0 && (n = poll(&p, 1, (int)left)) < 0 && errno == EINTR) {}
  return n > 0;
}

static int socket_send(void *context, const unsigned char *bytes, size_t length)
{
  struct http *h = context;
  ssize_t n = ready(h, POLLOUT) ? send(h->fd, bytes, length, MSG_NOSIGNAL) : -1;
  return n < 0 ? MBEDTLS_ERR_NET_SEND_FAILED : (int)n;
}

static int socket_receive(void *context, unsigned char *bytes, size_t length)
{
  struct http *h = context;
  ssize_t n = ready(h, POLLIN) ? recv(h->fd, bytes, length, 0) : -1;
  if (n > 0) h->heard = 1;
  return n < 0 ? MBEDTLS_ERR_NET_RECV_FAILED : (int)n;
}

static int http_open(struct http *h)
{
  struct addrinfo hints, *found, *a;
  int error = -1;
  memset(&hints, 0, sizeof hints);
  hints.ai_socktype = SOCK_STREAM;
  if (getaddrinfo(h->host, h->port, &hints, &found) != 0) return UNREACHABLE;
  for (a = found; a != NULL && error != 0; a = a->ai_next) {
    socklen_t size = sizeof error;
    if ((h->fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol)) < 0) continue;
    fcntl(h->fd, F_SETFL, O_NONBLOCK);
    if ((connect(h->fd, a->ai_addr, a->ai_addrlen) == 0 || errno == EINPROGRESS) && ready(h, POLLOUT))
      getsockopt(h->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) close(h->fd);
  }
  freeaddrinfo(found);
  return error == 0 ? OK : UNREACHABLE;
}

static int handshake(struct http *h)
{
  if (h->tls == NULL) return OK;
  mbedtls_ssl_set_bio(h->tls, h, socket_send, socket_receive, NULL);
  if (mbedtls_ssl_session_reset(h->tls) != 0) return BROKEN;
  h->heard = 0;
  if (mbedtls_ssl_handshake(h->tls) == 0) return OK;
  /* Refusing ends in an alert, or in a reset that overtook it; what never spoke or went silent is not there. */
  return h->heard && http_now() < h->until ? REFUSED : UNREACHABLE;
}

static void http_close(struct http *h)
{
  h->until = http_now() + 1000;
  if (h->tls != NULL) mbedtls_ssl_close_notify(h->tls);
  close(h->fd);
}

/* ---- The exchange ---- */

/* Looks at the n bytes of a whole reply. */
static int parse_reply(struct http *h, size_t n)
{
  char *line = h->reply, after[2];
  long length = -1;
  h->reply[n] = 0;
  h->retry_after = 5;
  if ((h->body = strstr(line, "\r\n\r\n")) == NULL || sscanf(line, "HTTP/1.%*1[01] %3d%1[ \r]", &h->status, after) != 2
      || h->status < 200 || h->status > 599) return BAD_REPLY;
  while ((line = strstr(line, "\r\n")) != h->body) {
    line += 2;
    if (strncasecmp(line, "retry-after:", 12) == 0) h->retry_after = strtol(line + 12, NULL, 10);
    if (strncasecmp(line, "content-length:", 15) == 0 && (length = strtol(line + 15, NULL, 10)) < 0) return BAD_REPLY;
    if (strncasecmp(line, "transfer-encoding:", 18) == 0) return BAD_REPLY; /* nobody may send that to HTTP/1.0 */
  }
  h->body += 4;
  h->length = (size_t)(h->reply + n - h->body);
  return length < 0 || (size_t)length == h->length ? OK : BAD_REPLY;
}

/* Under HTTP/1.0 the reply comes in one piece and ends with the connection; over TLS, with its closing alert. */
static int exchange(struct http *h, const char *method, const char *path, const char *body)
{
  unsigned char *bytes = (unsigned char *)h->reply;
  const char *type = *body ? "Content-Type: application/json\r\n" : "";
  int k, n = snprintf(h->reply, HTTP_REQUEST, "%s %s HTTP/1.0\r\n%sContent-Length: %u\r\n\r\n%s", method, path, type,
                      (unsigned)strlen(body), body);
  if (n < 0 || n >= HTTP_REQUEST) return BROKEN;
  for (int sent = 0; sent < n; sent += k) {
    k = h->tls ? mbedtls_ssl_write(h->tls, bytes + sent, (size_t)(n - sent)) : socket_send(h, bytes + sent, (size_t)(n - sent));
    if (k <= 0) return UNREACHABLE;
  }
  for (n = 0; n < HTTP_REPLY; n += k) {
    k = h->tls ? mbedtls_ssl_read(h->tls, bytes + n, (size_t)(HTTP_REPLY - n)) : socket_receive(h, bytes + n, (size_t)(HTTP_REPLY - n));
    if (k == (h->tls ? MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY : 0)) return parse_reply(h, (size_t)n);
    if (k <= 0) return UNREACHABLE;
  }
  return BAD_REPLY;
}

int http_ask(struct http *h, const char *method, const char *path, const char *body, int waits, int patient)
{
  for (;;) {
    long pause = PAUSE_SECONDS;
    int code;
    h->until = http_now() + (waits + EXCHANGE_SECONDS) * 1000;
    if (h->until > h->deadline) h->until = h->deadline;
    if ((code = http_open(h)) == OK) {
      if ((code = handshake(h)) == OK) code = exchange(h, method, path, body);
      http_close(h);
    }
    if (code == OK && h->status != 429 && h->status != 503) return OK;
    if (code == OK) pause = h->retry_after < 1 ? 1 : h->retry_after > LONGEST_PAUSE ? LONGEST_PAUSE : h->retry_after;
    else if (code != UNREACHABLE || !patient) return code;
    if (http_now() + (int64_t)pause * 1000 >= h->deadline) return TIMED_OUT;
    poll(NULL, 0, (int)pause * 1000);
  }
}
