/* Checks a device's formulas against test/vectors/device-psk.json: check-vectors FILE. Exit codes: 0 all equal, 1 not. */
#include "latchkey-device.c"
#include <stdlib.h>

/* Formulas need nothing of a device. */
int device_random(void *context, unsigned char *bytes, size_t length) { (void)context; (void)bytes; (void)length; abort(); }
void device_says(const char *what) { (void)what; abort(); }
void device_shows(unsigned code) { (void)code; abort(); }
int device_accepts(const char *ssid) { (void)ssid; abort(); }
int device_joins(const struct network *network) { (void)network; abort(); }

static int check(const char *json, size_t length)
{
  static char uuid[UUID], pass_tmp[65], ap_id[ID], device_nonce[BASE64URL], ap_nonce[BASE64URL];
  static char psk_hex[2 * KEY + 1], device_proof[BASE64URL], request_id[ID], code[5];
  unsigned char salt[80], psk[KEY], proof[KEY];
  char hex[2 * KEY + 1], text[BASE64URL], digits[12];
  const struct json_field fields[] = { { IN(uuid) }, { IN(pass_tmp) }, { IN(ap_id) }, { IN(device_nonce) }, { IN(ap_nonce) },
    { IN(psk_hex) }, { IN(device_proof) }, { IN(request_id) }, { "match_code", code, sizeof code, NULL } };

  if (json_read(json, length, fields, (int)(sizeof fields / sizeof *fields)) != 0 || parse_uuid(uuid, salt) != 0
      || parse_base64url(device_nonce, salt + 16) != 0 || parse_base64url(ap_nonce, salt + 16 + KEY) != 0) return 0;
  if (derive((unsigned char *)pass_tmp, strlen(pass_tmp), salt, "latchkey/1 device-psk", ap_id, psk) != 0) return 0;
  if (derive((unsigned char *)pass_tmp, strlen(pass_tmp), salt, "latchkey/1 device-proof", ap_id, proof) != 0) return 0;
  for (int i = 0; i < KEY; i++) snprintf(hex + 2 * i, 3, "%02x", psk[i]);
  base64url(proof, text);
  snprintf(digits, sizeof digits, "%04u", match_code(psk, request_id));
  return strcmp(hex, psk_hex) == 0 && strcmp(text, device_proof) == 0 && strcmp(digits, code) == 0;
}

int main(int argc, char **argv)
{
  static char file[16384];
  FILE *in = argc == 2 ? fopen(argv[1], "rb") : NULL;
  size_t n = in == NULL ? 0 : fread(file, 1, sizeof file - 1, in);
  int good = 0, bad = 0;
  if (in != NULL) fclose(in);
  file[n] = 0;
  for (char *at = strchr(file, '['), *end; at != NULL && (at = strchr(at, '{')) != NULL && (end = strchr(at, '}')) != NULL; at = end + 2) {
    end[1] = 0;
    if (check(at, (size_t)(end + 1 - at))) good++; else bad++;
  }
  printf("%d vectors equal, %d not\n", good, bad);
  return good > 0 && bad == 0 ? 0 : 1;
}
