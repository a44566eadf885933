/*
 * A program that plays the device with latchkey-device.c; what is here, firmware has from its flash, its screen or
 * button, and its Wi-Fi.
 *
 *   latchkey-device [-c] [-n] [-f FILE] [-l LABEL] [-p PORT] [-t SECONDS] HOST UUID ONBOARDING_SSID
 *
 *   -c  the device can show the match code (here: on stderr)    -l  what the device calls itself
 *   -f  file with pass_tmp, default "-": stdin                  -p  the hello port, default 8430
 *   -n  the device's user says no to joining                    -t  how long to try and wait, default 3600 s
 *
 * Prints {"ssid", "password", "security", "grant_id"} on stdout once let in, with "password_id" if there is one;
 * everything else goes to stderr.
 * Exit codes: 0 joined, 1 broken, 2 usage, 4 refused, 6 unreachable or a reply that makes no sense, 8 timed out.
 */
#define _POSIX_C_SOURCE 200809L
#include "latchkey-device.h"
#include "json.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/platform_util.h>

static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context random_source;
static int declines;

int device_random(void *context, unsigned char *bytes, size_t length)
{
  (void)context;
  return mbedtls_ctr_drbg_random(&random_source, bytes, length);
}

void device_says(const char *what) { fprintf(stderr, "latchkey-device: %s\n", what); }

void device_shows(unsigned match_code) { fprintf(stderr, "match code %04u\n", match_code); }

int device_accepts(const char *ssid)
{
  (void)ssid;
  return !declines;
}

int device_joins(const struct network *network)
{
  static char quoted[3][6 * 128 + 3];
  if (json_quote(quoted[0], sizeof *quoted, network->ssid) != 0 || json_quote(quoted[1], sizeof *quoted, network->password) != 0
      || json_quote(quoted[2], sizeof *quoted, network->security) != 0) return BROKEN;
  printf("{\"ssid\":%s,\"password\":%s,\"security\":%s,\"grant_id\":\"%s\"", quoted[0], quoted[1], quoted[2], network->grant_id);
  if (*network->password_id != 0) printf(",\"password_id\":\"%s\"", network->password_id);
  printf("}\n");
  mbedtls_platform_zeroize(quoted, sizeof quoted);
  return fflush(stdout) == 0 ? OK : BROKEN;
}

static int usage(const char *what)
{
  device_says(what);
  return USAGE;
}

static int read_pass_tmp(const char *file, struct device *device)
{
  char text[sizeof device->pass_tmp + 3];
  int fd = strcmp(file, "-") == 0 ? 0 : open(file, O_RDONLY);
  size_t length = 0;
  ssize_t n = 1;
  while (fd >= 0 && n > 0 && length < sizeof text) {
    n = read(fd, text + length, sizeof text - length);
    if (n > 0) length += (size_t)n;
  }
  if (fd > 0) close(fd);
  if (length > 0 && text[length - 1] == '\n') length--;
  if (length > 0 && text[length - 1] == '\r') length--;
  if (length < 1 || length > sizeof device->pass_tmp) return usage("pass_tmp cannot be read, or has not 1 to 64 bytes");
  memcpy(device->pass_tmp, text, device->length = length);
  mbedtls_platform_zeroize(text, sizeof text);
  return OK;
}

int main(int argc, char **argv)
{
  static struct device device;
  static struct http ap;
  const char *file = "-", *port = "8430";
  int option, code, seconds = 3600;
  device.label = "";
  while ((option = getopt(argc, argv, "cnf:l:p:t:")) != -1) {
    if (option == 'c') device.shows_code = 1;
    else if (option == 'n') declines = 1;
    else if (option == 'f') file = optarg;
    else if (option == 'l') device.label = optarg;
    else if (option == 'p') port = optarg;
    else if (option == 't') seconds = atoi(optarg);
    else return USAGE;
  }
  if (argc - optind != 3 || strlen(argv[optind]) >= sizeof ap.host || strlen(port) >= sizeof ap.port || seconds < 1 || seconds > 86400)
    return usage("usage: [-c] [-n] [-f FILE] [-l LABEL] [-p PORT] [-t SECONDS] HOST UUID ONBOARDING_SSID");
  strcpy(ap.host, argv[optind]);
  strcpy(ap.port, port);
  device.uuid = argv[optind + 1];
  device.onboarding_ssid = argv[optind + 2];
  if (strlen(device.onboarding_ssid) > 32 || strlen(device.label) > 64) return usage("the SSID or the label is too long");
  ap.deadline = http_now() + (int64_t)seconds * 1000;
  if ((code = read_pass_tmp(file, &device)) != OK) return code;
  mbedtls_entropy_init(&entropy);
  mbedtls_ctr_drbg_init(&random_source); /* gives nothing unless it is seeded */
  mbedtls_ctr_drbg_seed(&random_source, mbedtls_entropy_func, &entropy, NULL, 0);
  code = onboard(&device, &ap);
  mbedtls_ctr_drbg_free(&random_source);
  mbedtls_entropy_free(&entropy);
  mbedtls_platform_zeroize(&device, sizeof device);
  return code == BAD_REPLY ? UNREACHABLE : code;
}
