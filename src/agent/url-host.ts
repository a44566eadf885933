/** A host as it stands in a URL. */
export function urlHost(address: string): string {
  const plain = address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
  return plain.includes(':') ? `[${plain}]` : plain;
}
