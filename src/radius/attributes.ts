/** What a packet is (RFC 2865 section 3, RFC 2866 section 3, RFC 5176 section 2.3, RFC 5997 section 3). */
export const code = {
  accessRequest: 1,
  accessAccept: 2,
  accessReject: 3,
  accountingRequest: 4,
  accountingResponse: 5,
  statusServer: 12,
  disconnectRequest: 40,
  disconnectAck: 41,
  disconnectNak: 42,
  coaRequest: 43,
  coaAck: 44,
  coaNak: 45,
} as const;

/** Types of attributes (RFC 2865 section 5, 2866, 2868, 2869, 3579, 5176). */
export const attribute = {
  userName: 1,
  class: 25,
  vendorSpecific: 26,
  sessionTimeout: 27,
  terminationAction: 29,
  calledStationId: 30,
  callingStationId: 31,
  nasIdentifier: 32,
  proxyState: 33,
  acctStatusType: 40,
  acctInputOctets: 42,
  acctOutputOctets: 43,
  acctSessionId: 44,
  acctSessionTime: 46,
  acctInputGigawords: 52,
  acctOutputGigawords: 53,
  eventTimestamp: 55,
  tunnelType: 64,
  tunnelMediumType: 65,
  tunnelPassword: 69,
  eapMessage: 79,
  messageAuthenticator: 80,
  tunnelPrivateGroupId: 81,
  acctInterimInterval: 85,
  chargeableUserIdentity: 89,
  errorCause: 101,
} as const;

/** Attributes of vendors by their SMI number and the vendor's own type. */
export const vendorAttribute = {
  ciscoAvPair: { vendor: 9, type: 1 },
  /** Hidden as a Tunnel-Password is, but without a tag (`encrypt=2` in FreeRADIUS's dictionary). */
  arubaMpskPassphrase: { vendor: 14823, type: 44 },
} as const;

export interface VendorAttribute {
  readonly vendor: number;
  readonly type: number;
}
