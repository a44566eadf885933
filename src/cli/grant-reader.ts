import type { OwnerRole } from '../roles/owner/ports.ts';
import type { PosRole } from '../roles/pos/ports.ts';

/** Who may read grants, and of which access points. */
export type GrantReader = Pick<OwnerRole, 'grants' | 'grant' | 'accessPoints'>;

/** A cash register's view of grants: those that were paid for at its network. */
export function permissionReader(pos: PosRole): GrantReader {
  return {
    async grants({ subjectId, state, source, apIds }, page) {
      const { apId } = await pos.self();
      const sees = (source === undefined || source === 'payment') && (apIds === undefined || apIds.includes(apId));
      return sees ? pos.permissions({ subjectId, state }, page) : { items: [], next: undefined };
    },
    grant: (id) => pos.permission(id),
    accessPoints: async () => ({ items: [await pos.network()], next: undefined }),
  };
}
