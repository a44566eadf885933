/* A client of HTTP/1.0 (RFC 9112), plain or over TLS: a connection for each exchange, no malloc. */
#ifndef LATCHKEY_HTTP_H
#define LATCHKEY_HTTP_H
#include <stddef.h>
#include <stdint.h>
#include <mbedtls/ssl.h>

/* How things end; up to TIMED_OUT these are the program's exit codes. */
enum { OK = 0, BROKEN = 1, USAGE = 2, REFUSED = 4, UNREACHABLE = 6, TIMED_OUT = 8, BAD_REPLY = 16 };

enum { HTTP_HOST = 128, HTTP_REQUEST = 1024, HTTP_REPLY = 4096 };

struct http {
  char host[HTTP_HOST], port[6];
  mbedtls_ssl_context *tls;     /* NULL: plain */
  int64_t deadline;             /* of everything, http_now() milliseconds */
  int64_t until;                /* of the exchange under way */
  int fd, heard;                /* its connection, and whether anything came */
  int status;                   /* of the last reply, as are body and length */
  long retry_after;
  char *body;                   /* ends in NUL */
  size_t length;
  char reply[HTTP_REPLY + 1];
};

int64_t http_now(void);

/*
 * Sends a request (body "": none) and reads the reply. 429 and 503 are repeated after Retry-After; a connection that
 * fails is made again if `patient`. `waits`: seconds for which the other side may hold the reply back.
 * OK (then see status), REFUSED (the TLS handshake failed), UNREACHABLE, TIMED_OUT, BAD_REPLY, BROKEN.
 */
int http_ask(struct http *h, const char *method, const char *path, const char *body, int waits, int patient);

#endif
