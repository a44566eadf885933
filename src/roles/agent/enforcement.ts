import type { Clock } from '../../domain/clock.ts';
import type { Grant } from '../../domain/grant.ts';
import type { GrantsInForce } from './grants-in-force.ts';
import { GrantsOnAir } from './grants-on-air.ts';
import { GrantsOnRequest } from './grants-on-request.ts';
import type { GroupCommit } from './group-commit.ts';
import type { Log } from './log.ts';
import type { AskedRadio, PushedRadio } from './radio.ts';
import type { RegistryLink } from './registry-link.ts';
import { SessionBook } from './session-book.ts';
import { StationWatch, type StationsOn } from './station-watch.ts';
import type { AgentStore } from './store.ts';
import type { SubjectMacs } from './subject-macs.ts';
import { UsageMeter } from './usage-meter.ts';

export interface EnforcementParts {
  readonly store: AgentStore;
  readonly commit: GroupCommit;
  readonly link: RegistryLink;
  readonly macs: SubjectMacs;
  /** The network that is served. */
  readonly ssid: string;
  readonly now: () => Date | undefined;
  readonly clock: Clock;
  readonly uptime: () => number;
  /** How long a spent grant whose policy is to restrict reaches the agent, in milliseconds. */
  readonly graceMs: number;
  /** The VLAN of a grant that names none itself. */
  readonly vlanOf: (grant: Pick<Grant, 'requestId'>) => number | undefined;
  /** Grants that the radio now lets in and did not before. */
  readonly onNew: (grants: readonly Grant[]) => void;
  /** Grants that are in force, and whose time waited for that. */
  readonly onWaiting: (grants: readonly Grant[]) => void;
  /** Somebody is on by a grant. */
  readonly onJoined: (grantId: string) => void;
  /** There is something to be done about grants before the next second. */
  readonly onDue: () => void;
  readonly log: Log;
}

/** How the grants are enforced and metered by a radio of either kind. */
export function enforcementOf(radio: PushedRadio | AskedRadio, parts: EnforcementParts): { readonly grants: GrantsInForce; readonly stations: StationsOn } {
  return 'converge' in radio ? pushed(radio, parts) : asked(radio, parts);
}

function pushed(radio: PushedRadio, parts: EnforcementParts) {
  const { store, macs } = parts;
  const meter = new UsageMeter(parts);
  const grants: GrantsOnAir = new GrantsOnAir({ ...parts, radio, meter, count: () => stations.countIfReachable(), macOf: ({ subject }) => macs.get(subject.id) });
  const stations = new StationWatch({ ...parts, radio, meter, grants, onDisturbed: () => void grants.converge() });
  // Before the radio is heard: what it is brought in step with is complete from the first time on.
  grants.take(store.grants.activeGrants());
  macs.onChanged(() => {
    grants.reconsider();
    void grants.converge();
  });
  return { grants, stations };
}

function asked(radio: AskedRadio, parts: EnforcementParts) {
  const { now, clock } = parts;
  const stations = new SessionBook({
    ...parts,
    now: () => now() ?? clock.now(),
    admitted: (mac) => grants.admitted(mac),
    onAccounted: (session) => grants.review(session),
  });
  const grants: GrantsOnRequest = new GrantsOnRequest({ ...parts, radio, sessions: stations });
  return { grants, stations };
}
