/* The device's side of Latchkey's onboarding (docs/protocol.md section 1), and what it needs from the device it is in. */
#ifndef LATCHKEY_DEVICE_H
#define LATCHKEY_DEVICE_H
#include "http.h"

struct device {
  const char *uuid, *onboarding_ssid, *label; /* label "": says nothing of itself */
  unsigned char pass_tmp[64];
  size_t length;                              /* of pass_tmp */
  int shows_code;                             /* whether it can show the match code */
};

struct network {
  const char *ssid, *password, *security, *grant_id, *password_id; /* of an SAE password, else empty */
};

/* Asks the access point at ap->host and ap->port, until ap->deadline. OK, or why not, as in http.h; USAGE: no uuid. */
int onboard(const struct device *device, struct http *ap);

/* Supplied by the device; main.c has those of a program. */
int device_random(void *context, unsigned char *bytes, size_t length); /* 0 if they are good */
void device_says(const char *what);      /* for its log, with no secret in it */
void device_shows(unsigned match_code);  /* four digits */
int device_accepts(const char *ssid);    /* 0: its user says no */
int device_joins(const struct network *network); /* keeps it and joins it: OK once there, else BROKEN */

#endif
