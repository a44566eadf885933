/**
 * Whom an address stands for, where connections and tries are counted: of IPv4 itself, also where it comes mapped into
 * IPv6; of IPv6 the /64 that one client has at its disposal, but link-local addresses, which share theirs, themselves.
 */
export function clientOf(remote: string | undefined): string {
  if (remote === undefined) {
    return 'unknown';
  }
  const plain = remote.replace(/%.*$/, '').toLowerCase();
  if (plain.startsWith('::ffff:') && plain.includes('.')) {
    return plain.slice(7);
  }
  if (!plain.includes(':') || /^fe[89ab]/.test(plain)) {
    return plain;
  }
  const [head = '', tail] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0');
  return `${[...left, ...zeros, ...right].slice(0, 4).join(':')}::/64`;
}
