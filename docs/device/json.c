#include "json.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 8 };

static void space(const char **p) { *p += strspn(*p, " \t\r\n"); }

/* Passes over this character and the blanks around it, if it is what comes. */
static int take(const char **p, char wanted)
{
  space(p);
  if (**p != wanted) return 0;
  (*p)++;
  space(p);
  return 1;
}

/* Four hexadecimal digits of a \u escape, or -1. */
static long code_unit(const char **p)
{
  unsigned unit;
  if (strspn(*p, "0123456789abcdefABCDEF") < 4 || sscanf(*p, "%4x", &unit) != 1) return -1;
  *p += 4;
  return (long)unit;
}

/* What follows a backslash, as UTF-8 in bytes; their number, or 0 if it is no escape. */
static size_t escape(const char **p, char bytes[4])
{
  static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
  const char *name = **p == 0 ? NULL : strchr(names, **p);
  long u, low;
  size_t count, i;
  if (name != NULL) {
    (*p)++;
    bytes[0] = values[name - names];
    return 1;
  }
  if (*(*p)++ != 'u' || (u = code_unit(p)) <= 0) return 0;
  if (u >= 0xd800 && u < 0xe000) { /* a pair of surrogates, or nothing */
    if (u >= 0xdc00 || strncmp(*p, "\\u", 2) != 0) return 0;
    *p += 2;
    if ((low = code_unit(p)) < 0xdc00 || low >= 0xe000) return 0;
    u = 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00);
  }
  count = u < 0x80 ? 1 : u < 0x800 ? 2 : u < 0x10000 ? 3 : 4;
  for (i = count - 1; i > 0; i--, u >>= 6) bytes[i] = (char)(0x80 | (u & 0x3f));
  bytes[0] = (char)("\0\0\xc0\xe0\xf0"[count] | u);
  return count;
}

static int string(const char **p, char *out, size_t size)
{
  size_t n = 0;
  if (*(*p)++ != '"') return -1;
  while (**p != '"') {
    char bytes[4] = { **p };
    size_t count = 1;
    if ((unsigned char)*(*p)++ < 0x20) return -1; /* also where the text ends */
    if (bytes[0] == '\\' && (count = escape(p, bytes)) == 0) return -1;
    if (n + count < size) memcpy(out + n, bytes, count);
    n += count;
  }
  (*p)++;
  if (size > 0) out[n < size ? n : 0] = 0;
  return 0;
}

/* A value; the form of a number or a word is looked at only where it is kept. `fields`: an object's wanted members. */
static int value(const char **p, const struct json_field *keep, const struct json_field *fields, int count, int depth)
{
  size_t length = strspn(*p, "+-.0123456789aeflnrstuE"), digits = strspn(*p, "0123456789");
  char name[24], open = **p, close = open == '{' ? '}' : ']';
  if (open == '"') return string(p, keep ? keep->text : NULL, keep ? keep->size : 0);
  if (open != '{' && open != '[') {
    if (keep != NULL && keep->number != NULL && digits == length && length < 10) *keep->number = strtol(*p, NULL, 10);
    *p += length;
    return length > 0 ? 0 : -1;
  }
  if (depth == 0 || !take(p, open)) return -1;
  if (take(p, close)) return 0;
  do {
    const struct json_field *member = NULL;
    if (open == '{') {
      if (string(p, name, sizeof name) != 0 || !take(p, ':')) return -1;
      for (int i = 0; i < count; i++) if (strcmp(fields[i].name, name) == 0) member = &fields[i];
      if (member != NULL && (member->text ? *member->text != 0 : *member->number != -1)) return -1; /* given twice */
    }
    if (value(p, member, NULL, 0, depth - 1) != 0) return -1;
  } while (take(p, ','));
  return take(p, close) ? 0 : -1;
}

int json_read(const char *json, size_t length, const struct json_field *fields, int count)
{
  const char *p = json;
  for (int i = 0; i < count; i++) if (fields[i].text) *fields[i].text = 0; else *fields[i].number = -1;
  space(&p);
  return *p == '{' && value(&p, NULL, fields, count, DEPTH) == 0 && p == json + length ? 0 : -1;
}

int json_quote(char *out, size_t size, const char *text)
{
  size_t n = 0;
  if (size < 3) return -1;
  out[n++] = '"';
  for (; *text != 0; text++) {
    unsigned char c = (unsigned char)*text;
    if (n + 8 > size) return -1;
    if (c < 0x20 || c == 0x7f || c == '"' || c == '\\') n += (size_t)snprintf(out + n, 7, "\\u%04x", c);
    else out[n++] = *text;
  }
  out[n++] = '"';
  out[n] = 0;
  return 0;
}
