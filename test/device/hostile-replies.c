/*
 * Feeds replies that no honest access point sends through the reference device's HTTP and JSON readers, under the
 * sanitizers: hostile-replies SEED COUNT. Each is a good reply, changed at random: bytes flipped, cut out, doubled,
 * replaced by what parsers trip over. Exit code 0 if nothing broke; a finding ends it with the sanitizer's code.
 */
#include "../../docs/device/http.c"
#include "../../docs/device/json.c"

static const char *const good[] = {
  "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 85\r\n\r\n"
  "{\"hello_id\":\"hel_1\",\"ap_name\":\"a\\u00e9\\ud83d\\ude00\\n\",\"n\":[1,{\"a\":null}],\"port\":8431}",
  "HTTP/1.1 200 OK\r\n\r\n {\"hello_id\" : \"hel_1\", \"a\":{\"b\":[[\"]\"],{}]}, \"ap_name\":\"\",\"port\":8431}\n",
  "HTTP/1.0 503 Busy\r\nRetry-After: 3\r\nConnection: close\r\n\r\n{\"code\":\"agent_busy\",\"port\":-1.5e3}",
};
static const char *const odd[] = { "\r\n", "\r\n\r\n", "\"", "\\u", "\\ud83d", "{", "[", "[[[[[[[[[", "}", "0\r\n", "ffffff\r\n", "-1",
  "99999999999999999999", "Content-Length: 999999\r\n", "Transfer-Encoding: chunked\r\n", ":", ",", "\\", "HTTP/1.1 100 \r\n\r\n", "\xff\xfe" };

static unsigned long state;

static size_t below(size_t n)
{
  state = (state * 1103515245 + 12345) & 0x7fffffff;
  return n == 0 ? 0 : (state >> 8) % n;
}

static size_t mutate(char *text, size_t length, size_t room)
{
  size_t at = below(length + 1), count = below(9), from = below(length + 1);
  const char *piece = odd[below(sizeof odd / sizeof *odd)];
  switch (below(6)) {
    case 0: if (at < length) text[at] = (char)below(256); return length;
    case 1: return at;
    case 2:
      if (at + count > length) return length;
      memmove(text + at, text + at + count, length - at - count);
      return length - count;
    case 3: if (at < length) text[at] ^= (char)(1 << below(8)); return length;
    case 4: count = strlen(piece); break;
    default: if (from + count > length) return length; piece = NULL; break;
  }
  if (length + count > room) return length;
  char copy[32];
  memcpy(copy, piece != NULL ? piece : text + from, count);
  memmove(text + at + count, text + at, length - at);
  memcpy(text + at, copy, count);
  return length + count;
}

int main(int argc, char **argv)
{
  static struct http h;
  char hello_id[65], ap_name[24], code[65];
  long port, read_well = 0, count = argc == 3 ? atol(argv[2]) : 0;
  const struct json_field fields[] = { { "hello_id", hello_id, sizeof hello_id, NULL }, { "ap_name", ap_name, sizeof ap_name, NULL },
                                       { "code", code, sizeof code, NULL }, { "port", NULL, 0, &port } };
  state = argc == 3 ? (unsigned long)atol(argv[1]) : 0;
  for (long i = 0; i < count; i++) {
    char text[HTTP_REPLY + 200];
    int pair[2];
    size_t length = strlen(strcpy(text, good[below(3)]));
    for (size_t n = below(5); n > 0; n--) length = mutate(text, length, sizeof text);
    if (below(50) == 0) { memset(text + length, ' ', sizeof text - length); length = sizeof text; }
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return 1;
    if (write(pair[1], text, length) != (ssize_t)length || shutdown(pair[1], SHUT_WR) != 0) return 1;
    strcpy(h.host, "127.0.0.1");
    strcpy(h.port, "8430");
    h.fd = pair[0];
    h.until = http_now() + 10000;
    if (exchange(&h, "POST", "/v1/hello", "{}") == OK && json_read(h.body, h.length, fields, 4) == 0) read_well++;
    close(pair[0]);
    close(pair[1]);
  }
  printf("%ld of %ld read\n", read_well, count);
  return 0;
}
