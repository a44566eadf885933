/*
 * Reference device: the device's side of Latchkey's onboarding (docs/protocol.md section 1) in C99 on mbedTLS.
 * No malloc of our own, every buffer bounded; docs/device-maker.md explains it and says what it takes.
 */
#include "latchkey-device.h"
#include "json.h"
#include <stdio.h>
#include <string.h>
#include <mbedtls/base64.h>
#include <mbedtls/hkdf.h>
#include <mbedtls/platform_util.h>

enum { ID = 65, KEY = 32, BASE64URL = 44, UUID = 37, SSID = 33, PASSWORD = 129, LABEL = 65, QUOTED = 6 * LABEL + 3 };
#define IN(text) #text, text, sizeof text, NULL
#define READ(ap, fields) (json_read((ap)->body, (ap)->length, fields, (int)(sizeof fields / sizeof *fields)) == 0)

static mbedtls_ssl_config tls_config;
static mbedtls_ssl_context tls;

static int say(int code, const char *what)
{
  device_says(what);
  return code;
}

/* ---- Encodings and keys ---- */

/* Lower-case text to 16 bytes. */
static int parse_uuid(const char *text, unsigned char bytes[16])
{
  char same[UUID + 1];
  unsigned byte;
  int n = 0;
  if (strlen(text) != UUID - 1) return -1;
  for (int i = 0; i < 16 && sscanf(text + n, "%2x", &byte) == 1; i++) {
    bytes[i] = (unsigned char)byte;
    n += sprintf(same + n, i == 3 || i == 5 || i == 7 || i == 9 ? "%02x-" : "%02x", bytes[i]);
  }
  return strcmp(text, same) == 0 ? 0 : -1; /* one way to write a uuid, no other */
}

/* 32 bytes to 43 characters without padding, and back. */
static void base64url(const unsigned char bytes[KEY], char text[BASE64URL])
{
  unsigned char padded[BASE64URL + 1];
  size_t n;
  mbedtls_base64_encode(padded, sizeof padded, &n, bytes, KEY);
  for (n = 0; n < 43; n++) text[n] = padded[n] == '+' ? '-' : padded[n] == '/' ? '_' : (char)padded[n];
  text[43] = 0;
}

static int parse_base64url(const char *text, unsigned char bytes[KEY])
{
  unsigned char padded[BASE64URL];
  char same[BASE64URL];
  size_t n;
  if (strlen(text) != 43) return -1;
  for (n = 0; n < 43; n++) padded[n] = text[n] == '-' ? '+' : text[n] == '_' ? '/' : (unsigned char)text[n];
  padded[43] = '=';
  if (mbedtls_base64_decode(bytes, KEY, &n, padded, sizeof padded) != 0 || n != KEY) return -1;
  base64url(bytes, same);
  return strcmp(text, same) == 0 ? 0 : -1; /* one way to write 32 bytes, no other */
}

/* Letters, digits, "_" and "-", nothing else: so an id may stand in a path and in a key's input. */
static int is_id(const char *text)
{
  return *text != 0 && text[strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-")] == 0;
}

/* HKDF-SHA-256: key material pass_tmp; salt uuid, device_nonce, ap_nonce; info label, 0x00, ap_id. */
static int derive(const unsigned char *pass_tmp, size_t length, const unsigned char salt[80],
                  const char *label, const char *ap_id, unsigned char key[KEY])
{
  char info[32 + ID];
  int n = snprintf(info, sizeof info, "%s%c%s", label, 0, ap_id);
  return mbedtls_hkdf(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), salt, 80, pass_tmp, length,
                      (unsigned char *)info, (size_t)n, key, KEY);
}

static unsigned match_code(const unsigned char psk[KEY], const char *request_id)
{
  char text[32 + ID];
  unsigned char mac[32] = { 0 };
  int n = snprintf(text, sizeof text, "latchkey/1 match%c%s", 0, request_id);
  mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), psk, KEY, (unsigned char *)text, (size_t)n, mac);
  return ((unsigned)mac[0] << 24 | (unsigned)mac[1] << 16 | (unsigned)mac[2] << 8 | mac[3]) % 10000;
}

/* ---- The exchange ---- */

static int ask(struct http *ap, const char *method, const char *path, const char *body, int waits, int patient)
{
  char code[ID], text[2 * ID];
  const struct json_field problem[] = { { IN(code) } };
  int result = http_ask(ap, method, path, body, waits, patient);
  if (result == OK && ap->status < 300) return OK;
  if (result == REFUSED) return say(REFUSED, "handshake refused: another pass_tmp, or no access point of the server's");
  if (result == UNREACHABLE) return say(result, "the access point cannot be reached");
  if (result == TIMED_OUT) return say(result, "timed out");
  if (result != OK) return say(result, result == BROKEN ? "out of memory or buffer" : "the reply makes no sense");
  if (!READ(ap, problem) || !is_id(code)) strcpy(code, "no reason given"); /* problem document, section 2 */
  snprintf(text, sizeof text, "refused: %s (%d)", code, ap->status);
  return say(ap->status == 410 ? TIMED_OUT : ap->status >= 400 && ap->status < 500 ? REFUSED : UNREACHABLE, text);
}

/* From now on over TLS 1.2, without tickets: a resumed session would prove nothing. */
static int secure(struct http *ap, const unsigned char psk[KEY], const char *hello_id, int port)
{
  static const int suites[] = { MBEDTLS_TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256,
                                MBEDTLS_TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256, 0 };
  if (mbedtls_ssl_config_defaults(&tls_config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                  MBEDTLS_SSL_PRESET_DEFAULT) != 0) return BROKEN;
  mbedtls_ssl_conf_rng(&tls_config, device_random, NULL);
  mbedtls_ssl_conf_min_version(&tls_config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
  mbedtls_ssl_conf_ciphersuites(&tls_config, suites);
#ifdef MBEDTLS_SSL_SESSION_TICKETS
  mbedtls_ssl_conf_session_tickets(&tls_config, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
#endif
#ifdef MBEDTLS_SSL_MAX_FRAGMENT_LENGTH /* so that mbedTLS may be built with record buffers of 1 KiB */
  mbedtls_ssl_conf_max_frag_len(&tls_config, MBEDTLS_SSL_MAX_FRAG_LEN_1024);
#endif
  if (mbedtls_ssl_conf_psk(&tls_config, psk, KEY, (const unsigned char *)hello_id, strlen(hello_id)) != 0
      || mbedtls_ssl_setup(&tls, &tls_config) != 0) return BROKEN;
  ap->tls = &tls;
  snprintf(ap->port, sizeof ap->port, "%d", port);
  return OK;
}

/* Asks who is there and proves to be the device; leaves the request's id. */
static int request(const struct device *device, struct http *ap, char request_id[ID])
{
  static char body[HTTP_REQUEST], quoted[QUOTED], hello_id[ID], ap_id[ID], ap_name[2 * ID], ap_nonce[BASE64URL];
  char device_nonce[BASE64URL], device_proof[BASE64URL];
  unsigned char salt[16 + KEY + KEY], psk[KEY], proof[KEY];
  long secure_port;
  int code;
  const struct json_field hello[] = { { IN(hello_id) }, { IN(ap_id) }, { IN(ap_name) }, { IN(ap_nonce) },
                                      { "secure_port", NULL, 0, &secure_port } };
  const struct json_field made[] = { { "request_id", request_id, ID, NULL } };

  if (parse_uuid(device->uuid, salt) != 0) return say(USAGE, "this is no uuid in lower case");
  if (device_random(NULL, salt + 16, KEY) != 0) return say(BROKEN, "no random bytes");
  base64url(salt + 16, device_nonce);
  json_quote(quoted, sizeof quoted, device->onboarding_ssid);
  snprintf(body, sizeof body, "{\"uuid\":\"%s\",\"onboarding_ssid\":%s,\"device_nonce\":\"%s\"}", device->uuid, quoted, device_nonce);
  if ((code = ask(ap, "POST", "/v1/hello", body, 0, 0)) != OK) return code;
  if (!READ(ap, hello) || !is_id(hello_id) || !is_id(ap_id) || parse_base64url(ap_nonce, salt + 16 + KEY) != 0
      || secure_port < 1 || secure_port > 65535) return say(BAD_REPLY, "the reply to hello makes no sense");
  json_quote(quoted, sizeof quoted, ap_name);
  snprintf(body, sizeof body, "access point %s, which calls itself %s", ap_id, quoted);
  device_says(body);

  if (derive(device->pass_tmp, device->length, salt, "latchkey/1 device-psk", ap_id, psk) != 0
      || derive(device->pass_tmp, device->length, salt, "latchkey/1 device-proof", ap_id, proof) != 0
      || secure(ap, psk, hello_id, (int)secure_port) != OK) return say(BROKEN, "mbedTLS lacks something");
  base64url(proof, device_proof);
  json_quote(quoted, sizeof quoted, device->label);
  snprintf(body, sizeof body, "{\"uuid\":\"%s\",\"device_proof\":\"%s\"%s%s,\"shows_code\":%s}", device->uuid, device_proof,
           *device->label ? ",\"label\":" : "", *device->label ? quoted : "", device->shows_code ? "true" : "false");
  if ((code = ask(ap, "POST", "/v1/access-requests", body, 0, 0)) != OK) return code;
  if (!READ(ap, made) || !is_id(request_id)) return say(BAD_REPLY, "the reply to the request makes no sense");
  if (device->shows_code) device_shows(match_code(psk, request_id));
  mbedtls_platform_zeroize(psk, sizeof psk);
  return OK;
}

/* joined_url is the secure listener on the main network: https://HOST:PORT/PATH, or /PATH for the same address. */
static const char *follow(struct http *ap, const char *url)
{
  int n = 0;
  if (*url != '/' && sscanf(url, "https://%127[0-9A-Za-z.-]:%5[0-9]%n", ap->host, ap->port, &n) != 2
      && sscanf(url, "https://[%127[0-9A-Fa-f:]]:%5[0-9]%n", ap->host, ap->port, &n) != 2) return NULL;
  return url[n] == '/' && strpbrk(url, " \r\n") == NULL ? url + n : NULL;
}

/* Waits for the owner's answer, joins the network, and says so there. */
static int join(const struct device *device, struct http *ap, const char *wanted)
{
  static char request_id[ID], path[3 * ID], status[16], uuid[UUID], ssid[SSID], password[PASSWORD];
  static char security[16], grant_id[ID], password_id[ID], joined_url[HTTP_HOST + 2 * ID];
  static const struct network network = { ssid, password, security, grant_id, password_id };
  const struct json_field answer[] = { { IN(request_id) }, { IN(status) }, { IN(uuid) }, { IN(ssid) }, { IN(password) },
                                       { IN(security) }, { IN(grant_id) }, { IN(password_id) }, { IN(joined_url) } };
  const char *joined;
  int code;
  do {
    int left = (int)((ap->deadline - http_now()) / 1000), wait = left > 25 ? 25 : left < 1 ? 1 : left;
    snprintf(path, sizeof path, "/v1/access-requests/%s?wait=%d", wanted, wait);
    if ((code = ask(ap, "GET", path, "", wait, 1)) != OK) return code;
    if (!READ(ap, answer) || strcmp(request_id, wanted) != 0) return say(BAD_REPLY, "the answer makes no sense");
  } while (strcmp(status, "pending") == 0 && http_now() < ap->deadline);
  if (strcmp(status, "pending") == 0 || strcmp(status, "expired") == 0) return say(TIMED_OUT, "nobody decided in time");
  if (strcmp(status, "denied") == 0 || strcmp(status, "declined") == 0) return say(REFUSED, "the request was denied");
  if (strcmp(uuid, device->uuid) != 0) return say(BAD_REPLY, "the answer is for another device");
  if (*ssid == 0 || *password == 0 || !is_id(grant_id) || (*password_id != 0 && !is_id(password_id)))
    return say(BAD_REPLY, "the answer makes no sense");
  if (!device_accepts(ssid)) {
    snprintf(path, sizeof path, "/v1/access-requests/%s/declined", wanted);
    return (code = ask(ap, "POST", path, "", 0, 1)) != OK ? code : say(REFUSED, "declined");
  }
  code = device_joins(&network);
  mbedtls_platform_zeroize(password, sizeof password);
  if (code != OK) return say(code, "the network cannot be joined");
  if ((joined = follow(ap, joined_url)) == NULL) return say(BAD_REPLY, "joined_url makes no sense");
  return ask(ap, "POST", joined, "", 0, 1);
}

int onboard(const struct device *device, struct http *ap)
{
  static char request_id[ID];
  int code;
  mbedtls_ssl_init(&tls);
  mbedtls_ssl_config_init(&tls_config);
  if ((code = request(device, ap, request_id)) == OK) code = join(device, ap, request_id);
  mbedtls_ssl_free(&tls);
  mbedtls_ssl_config_free(&tls_config);
  mbedtls_platform_zeroize(ap, sizeof *ap);
  return code;
}
