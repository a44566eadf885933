import { acceptanceInitial } from './acceptance/0001-initial.ts';
import { agentInitial } from './agent/0001-initial.ts';
import { agentGrantsOnAir } from './agent/0002-grants-on-air.ts';
import { agentSoldTime } from './agent/0003-sold-time.ts';
import { cardInitial } from './card/0001-initial.ts';
import { initial } from './0001-initial.ts';
import { askedDevices } from './0002-asked-devices.ts';
import { factoryLine } from './0003-factory-line.ts';
import { batches } from './0004-batches.ts';
import { grantsOnAir } from './0005-grants-on-air.ts';
import { ledger } from './0006-ledger.ts';
import { cashRegister } from './0007-cash-register.ts';
import { creditCodes } from './0008-credit-codes.ts';
import { sharedNetworks } from './0009-shared-networks.ts';
import type { SchemaHistory } from './schema-history.ts';

export const registrySchema: SchemaHistory = { applicationId: 0x4c4b_4559 /* LKEY */, steps: [initial, askedDevices, factoryLine, batches, grantsOnAir, ledger, cashRegister, creditCodes, sharedNetworks] };

/** What an AP agent keeps, on SQLite alone. */
export const agentSchema: SchemaHistory = { applicationId: 0x4c4b_4147 /* LKAG */, steps: [agentInitial, agentGrantsOnAir, agentSoldTime] };

/** What a cash register keeps of credit payment codes, on SQLite alone. */
export const acceptanceSchema: SchemaHistory = { applicationId: 0x4c4b_4143 /* LKAC */, steps: [acceptanceInitial] };

/** What the security check of card applications keeps, on SQLite alone. */
export const cardSchema: SchemaHistory = { applicationId: 0x4c4b_4344 /* LKCD */, steps: [cardInitial] };
