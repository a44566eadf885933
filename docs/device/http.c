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

enum { MORE = 32, EXCHANGE_SECONDS = 10, PAUSE_SECONDS = 1 };

int64_t http_now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- The socket: non-blocking, so that nothing ever waits beyond exchange_deadline ---- */

static int ready(struct http *h, short events)
{
  struct pollfd p = { h->fd, events, 0 };
  for (;;) {
    int64_t left = h->exchange_deadline - http_now();
    int n = left <= 0 ? 0 : poll(&p, 1, (int)left);
    if (n > 0) return 1;
    if (left <= 0 || (n < 0 && errno != EINTR)) return 0;
  }
}

static int again(ssize_t n) { return n < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK); }

static int socket_send(void *context, const unsigned char *bytes, size_t length)
{
  struct http *h = context;
  ssize_t n;
  do n = ready(h, POLLOUT) ? send(h->fd, bytes, length, MSG_NOSIGNAL) : (errno = ETIMEDOUT, -1); while (again(n));
  return n < 0 ? MBEDTLS_ERR_NET_SEND_FAILED : (int)n;
}

static int socket_receive(void *context, unsigned char *bytes, size_t length)
{
  struct http *h = context;
  ssize_t n;
  do n = ready(h, POLLIN) ? recv(h->fd, bytes, length, 0) : (errno = ETIMEDOUT, -1); while (again(n));
  if (n > 0) h->heard = 1;
  return n < 0 ? MBEDTLS_ERR_NET_RECV_FAILED : (int)n;
}

void http_close(struct http *h)
{
  if (h->fd < 0) return;
  h->exchange_deadline = http_now() + 1000;
  if (h->tls != NULL) mbedtls_ssl_close_notify(h->tls);
  close(h->fd);
  h->fd = -1;
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
    if (error != 0) { close(h->fd); h->fd = -1; }
  }
  freeaddrinfo(found);
  if (h->fd < 0) return UNREACHABLE;
  if (h->tls == NULL) return OK;
  mbedtls_ssl_set_bio(h->tls, h, socket_send, socket_receive, NULL);
  if (mbedtls_ssl_session_reset(h->tls) != 0) return BROKEN;
  h->heard = 0;
  if (mbedtls_ssl_handshake(h->tls) == 0) return OK;
  /* Refusing ends in an alert, or in a reset that overtook it; what never spoke or went silent is not there. */
  return h->heard && http_now() < h->exchange_deadline ? REFUSED : UNREACHABLE;
}

/* ---- The reply ---- */

/* Digits up to the end of a header's value or of a chunk's size; -1 if it is something else or too much for us. */
static long number(const char *text, const char *digits, int base)
{
  size_t n = strspn(text, digits);
  return n > 0 && n < 7 && strchr("\r; ", text[n]) != NULL ? strtol(text, NULL, base) : -1;
}

/* Joins the chunks at `from` in place, once all are there. OK, MORE or BAD_REPLY. */
static int join_chunks(struct http *h, char *from, const char *end)
{
  size_t total = 0;
  for (int pass = 0; pass < 2; pass++) { /* first see that all is there, then move */
    char *at = from, *line;
    for (total = 0;; at = line + 2) {
      long size = number(at, "0123456789abcdefABCDEF", 16);
      if ((line = strstr(at, "\r\n")) == NULL) return MORE;
      if (size < 0) return BAD_REPLY;
      if (size == 0) break;
      at = line + 2;
      if (end - at < size + 2) return MORE;
      line = at + size;
      if (strncmp(line, "\r\n", 2) != 0) return BAD_REPLY;
      if (pass == 1) memmove(from + total, at, (size_t)size);
      total += (size_t)size;
    }
    if (strstr(line, "\r\n\r\n") == NULL) return MORE; /* trailers are passed over */
  }
  h->length = total;
  h->body[total] = 0;
  return OK;
}

/* Looks at the n bytes that have come; `ended`: none will follow. OK, MORE or BAD_REPLY; `last` if the connection is to be closed. */
static int parse_reply(struct http *h, size_t n, int ended, int *last)
{
  char *line = h->reply, *body = strstr(h->reply, "\r\n\r\n");
  long length = -1;
  int chunked = 0;
  if (strlen(h->reply) != n && body == NULL) return BAD_REPLY; /* a NUL among the headers */
  if (body == NULL) return MORE;
  if (strncmp(line, "HTTP/1.", 7) != 0 || strspn(line + 7, "01") < 1 || line[8] != ' ') return BAD_REPLY;
  h->status = (int)number(line + 9, "0123456789", 10);
  h->retry_after = 5;
  *last = line[7] == '0';
  body += 4;
  while ((line = strstr(line, "\r\n") + 2) < body - 2) {
    char *value = line + strcspn(line, ":\r");
    if (*value++ != ':') return BAD_REPLY;
    value += strspn(value, " \t");
    if (strncasecmp(line, "content-length:", 15) == 0 && (length = number(value, "0123456789", 10)) < 0) return BAD_REPLY;
    if (strncasecmp(line, "transfer-encoding:", 18) == 0 && strncasecmp(value, "chunked\r", 8) != 0) return BAD_REPLY;
    if (strncasecmp(line, "transfer-encoding:", 18) == 0) chunked = 1;
    if (strncasecmp(line, "connection: close", 17) == 0) *last = 1;
    if (strncasecmp(line, "retry-after:", 12) == 0) h->retry_after = (int)number(value, "0123456789", 10);
  }
  h->body = body;
  h->length = (size_t)(h->reply + n - body);
  if (h->status < 200 || h->status > 599) return BAD_REPLY;
  if (h->status == 204) return h->length == 0 ? OK : BAD_REPLY;
  if (chunked) return join_chunks(h, body, h->reply + n);
  if (length < 0) return *last = 1, ended ? OK : MORE;
  return h->length < (size_t)length ? MORE : h->length == (size_t)length ? OK : BAD_REPLY;
}

static int exchange(struct http *h, const char *method, const char *path, const char *body, int *last)
{
  char *out = h->reply;
  int v6 = strchr(h->host, ':') != NULL, code = MORE;
  int n = snprintf(out, HTTP_REQUEST, "%s %s HTTP/1.1\r\nHost: %s%s%s:%s\r\n%s%sContent-Length: %u\r\n\r\n%s", method, path,
                   v6 ? "[" : "", h->host, v6 ? "]" : "", h->port, h->tls ? "" : "Connection: close\r\n",
                   *body ? "Content-Type: application/json\r\n" : "", (unsigned)strlen(body), body);
  if (n < 0 || n >= HTTP_REQUEST) return BROKEN;
  for (int sent = 0, k; sent < n; sent += k) {
    unsigned char *rest = (unsigned char *)out + sent;
    k = h->tls ? mbedtls_ssl_write(h->tls, rest, (size_t)(n - sent)) : socket_send(h, rest, (size_t)(n - sent));
    if (k <= 0) return UNREACHABLE;
  }
  for (size_t come = 0; code == MORE;) {
    unsigned char *rest = (unsigned char *)h->reply + come;
    int k = h->tls ? mbedtls_ssl_read(h->tls, rest, HTTP_REPLY - come) : socket_receive(h, rest, HTTP_REPLY - come);
    if (h->tls) k = k == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY ? 0 : k == 0 ? -1 : k; /* 0 is a cut there, not an end */
    if (k < 0) return UNREACHABLE;
    h->reply[come += (size_t)k] = 0;
    code = parse_reply(h, come, k == 0, last);
    if (code == MORE && k == 0) return UNREACHABLE;
    if (code == MORE && come == HTTP_REPLY) return BAD_REPLY;
  }
  return code;
}

int http_ask(struct http *h, const char *method, const char *path, const char *body, int waits, int patient)
{
  for (;;) {
    int reused = h->fd >= 0, code, last = 0, pause;
    h->exchange_deadline = http_now() + (waits + EXCHANGE_SECONDS) * 1000;
    if (h->exchange_deadline > h->deadline) h->exchange_deadline = h->deadline;
    code = reused ? OK : http_open(h);
    if (code == OK) code = exchange(h, method, path, body, &last);
    if (code != OK || last) http_close(h);
    if (code == OK && h->status != 429 && h->status != 503) return OK;
    if (code != OK && (code != UNREACHABLE || (!reused && !patient))) return code;
    pause = code != OK ? (reused ? 0 : PAUSE_SECONDS) : h->retry_after < 1 ? 1 : h->retry_after;
    if (http_now() + (int64_t)pause * 1000 >= h->deadline) return TIMED_OUT;
    poll(NULL, 0, pause * 1000);
  }
}
