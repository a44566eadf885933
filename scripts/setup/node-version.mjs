/** The oldest Node that this project supports, as in package.json `engines`. */
export const oldestNode = '24.15.0';

export function isSupported(version) {
  const [wanted, found] = [oldestNode, version].map((text) => text.split('.').map(Number));
  const at = wanted.findIndex((number, index) => number !== found[index]);
  return at < 0 || found[at] > wanted[at];
}
