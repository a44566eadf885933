import { AdminService } from '../roles/admin/service.ts';
import { ApService, type ApServiceContext } from '../roles/ap/service.ts';
import { BatchesService } from '../roles/batches/service.ts';
import { CodesService, type CodesServiceContext } from '../roles/codes/service.ts';
import { TerminationsService, type TerminationsServiceContext } from '../roles/card/terminations-service.ts';
import { EnrollmentService } from '../roles/enrollment/service.ts';
import { EventsService } from '../roles/events/service.ts';
import { FactoryService } from '../roles/factory/service.ts';
import { FlashingService } from '../roles/flashing/service.ts';
import { LedgerService } from '../roles/ledger/service.ts';
import type { LedgerServiceContext } from '../roles/ledger/top-ups.ts';
import type { NetworkPolicy } from '../roles/networks/proof.ts';
import { NetworksService } from '../roles/networks/service.ts';
import { WitnessService } from '../roles/networks/witness-service.ts';
import { OffersService } from '../roles/offers/service.ts';
import { OwnerService } from '../roles/owner/service.ts';
import { MandateService } from '../roles/pos/mandates.ts';
import { PosService } from '../roles/pos/service.ts';
import { SharingService } from '../roles/sharing/service.ts';
import { WalletService, type WalletServiceContext } from '../roles/wallet/service.ts';
import type { Actor } from '../domain/token.ts';

/** What the services of all roles are made with. */
export type ServicesContext = ApServiceContext & WalletServiceContext & LedgerServiceContext & CodesServiceContext & TerminationsServiceContext & NetworkPolicy;

/** The roles' services for one caller over one store or transaction; each is made when it is asked for. */
export class Services {
  readonly #context: ServicesContext;

  constructor(context: ServicesContext) {
    this.#context = context;
  }

  get actor(): Actor {
    return this.#context.actor;
  }

  get enrollment(): EnrollmentService {
    return new EnrollmentService(this.#context);
  }

  get admin(): AdminService {
    return new AdminService(this.#context);
  }

  get factory(): FactoryService {
    return new FactoryService(this.#context);
  }

  get flashing(): FlashingService {
    return new FlashingService(this.#context);
  }

  get batches(): BatchesService {
    return new BatchesService(this.#context);
  }

  get owner(): OwnerService {
    return new OwnerService(this.#context);
  }

  get ledger(): LedgerService {
    return new LedgerService(this.#context);
  }

  get wallet(): WalletService {
    return new WalletService(this.#context);
  }

  get pos(): PosService {
    return new PosService(this.#context);
  }

  get codes(): CodesService {
    return new CodesService(this.#context);
  }

  get mandates(): MandateService {
    return new MandateService(this.#context);
  }

  get terminations(): TerminationsService {
    return new TerminationsService(this.#context);
  }

  get events(): EventsService {
    return new EventsService(this.#context);
  }

  get ap(): ApService {
    return new ApService(this.#context);
  }

  get networks(): NetworksService {
    return new NetworksService(this.#context);
  }

  get witness(): WitnessService {
    return new WitnessService(this.#context);
  }

  get offers(): OffersService {
    return new OffersService(this.#context);
  }

  get sharing(): SharingService {
    return new SharingService(this.#context);
  }
}
