import type { RouteName } from '../../api/routes.ts';
import { accessPointHandlers } from './access-points.ts';
import { accessRequestHandlers } from './access-requests.ts';
import { attemptHandlers } from './attempts.ts';
import { auditHandlers } from './audit.ts';
import { accountHandlers } from './accounts.ts';
import { bindingHandlers } from './bindings.ts';
import { bulkHandlers } from './bulk.ts';
import { codeHandlers } from './codes.ts';
import { batchHandlers } from './batches.ts';
import { deviceHandlers } from './devices.ts';
import { enrollmentHandlers } from './enrollments.ts';
import { eventHandlers } from './events.ts';
import { flashHandlers } from './flashes.ts';
import { grantHandlers } from './grants.ts';
import type { Handlers } from './handler.ts';
import { networkHandlers } from './networks.ts';
import { offerHandlers } from './offers.ts';
import { paymentHandlers } from './payments.ts';
import { registerHandlers } from './registers.ts';
import { shareRequestHandlers } from './share-requests.ts';
import { terminatedServiceHandlers } from './terminated-services.ts';
import { tokenHandlers } from './tokens.ts';
import { topUpHandlers } from './top-ups.ts';
import { verificationHandlers } from './verifications.ts';

export const handlers: Handlers<RouteName> = {
  ...enrollmentHandlers,
  ...tokenHandlers,
  ...deviceHandlers,
  ...bulkHandlers,
  ...flashHandlers,
  ...batchHandlers,
  ...verificationHandlers,
  ...accessRequestHandlers,
  ...attemptHandlers,
  ...accessPointHandlers,
  ...grantHandlers,
  ...auditHandlers,
  ...accountHandlers,
  ...topUpHandlers,
  ...bindingHandlers,
  ...paymentHandlers,
  ...registerHandlers,
  ...codeHandlers,
  ...terminatedServiceHandlers,
  ...shareRequestHandlers,
  ...offerHandlers,
  ...eventHandlers,
  ...networkHandlers,
};
