/* A reader and a writer for small JSON texts (RFC 8259), without malloc and with bounded depth. */
#ifndef LATCHKEY_JSON_H
#define LATCHKEY_JSON_H
#include <stddef.h>

/*
 * A member of the outermost object that is wanted: text (as UTF-8, ending in NUL) or number (0 to 999999999).
 * One that is absent, of another type or too long for its place leaves "" or -1.
 */
struct json_field {
  const char *name;
  char *text;
  size_t size;
  long *number;
};

/* Fills in the fields from one JSON object, passing over all else. 0, or -1 if it is not exactly one object. */
int json_read(const char *json, size_t length, const struct json_field *fields, int count);

/* Writes text as a JSON string with its quotes. 0, or -1 if it does not fit. */
int json_quote(char *out, size_t size, const char *text);

#endif
