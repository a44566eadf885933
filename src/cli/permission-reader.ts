import type { PosRole } from '../roles/pos/ports.ts';
import type { GrantReader } from './open-role.ts';

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
