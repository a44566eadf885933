import { LatchkeyError } from '../../domain/errors.ts';
import { dppUri } from '../../protocol/dpp-uri.ts';
import { labelPayload } from '../../formats/label-payload.ts';
import { labelLine, uuidEnd, type LabelTemplate, type LabelValues } from '../../formats/label-text.ts';
import { manualPairingCode, matterPayload, parsePasscode, type MatterOnboarding } from '../../formats/matter.ts';
import type { BootstrapKey } from '../../roles/factory/ports.ts';
import type { FoundIdentity } from '../identity-source.ts';

/** What the QR code of a label is: our own payload, a DPP URI, or Matter's. */
export type LabelKind =
  | { readonly kind: 'own' }
  | { readonly kind: 'dpp'; readonly channels: readonly string[]; readonly info: LabelTemplate | undefined }
  | {
      readonly kind: 'matter';
      readonly product: Pick<MatterOnboarding, 'vendor' | 'product' | 'flow' | 'discovery'>;
      /** Of the one device; of many it is in the file. */
      readonly discriminator: number | undefined;
      readonly passcode: string | undefined;
    };

/** Columns of the file that a label needs beside those of identities. */
export const matterColumns = ['discriminator', 'passcode'] as const;

/** Usual lines of text. */
export const usualText = { own: ['{model}', '{uuid-end}', '{label}'], dpp: ['{model}', '{uuid-end}', '{label}'], matter: ['{model}', '{code}', '{label}'] } as const;

/** Errors: `invalid_input`, `missing_input` of what this device has or lacks; without its passcode. */
export function labelContent(
  identity: FoundIdentity,
  kind: LabelKind,
  text: readonly LabelTemplate[],
  key: BootstrapKey | undefined,
): { readonly payload: string; readonly lines: readonly string[] } {
  const { uuid, ssid, model, batch, label, mac } = identity;
  const values: LabelValues = { uuid, 'uuid-end': uuidEnd(uuid), model, batch, label, mac, ssid };
  const lines = (all: LabelValues) => text.flatMap((template) => labelLine(template, all) || []);
  switch (kind.kind) {
    case 'own':
      return { payload: labelPayload({ uuid, model, ssid }), lines: lines(values) };
    case 'dpp': {
      const info = kind.info === undefined ? undefined : labelLine(kind.info, values) || undefined;
      return { payload: dppUri({ channels: kind.channels, mac, info, publicKey: key!.publicKey }), lines: lines(values) };
    }
    case 'matter': {
      const onboarding = { ...kind.product, ...matterSecrets(identity, kind) };
      const code = grouped(manualPairingCode(onboarding));
      return { payload: matterPayload(onboarding), lines: lines({ ...values, code }) };
    }
  }
}

function matterSecrets({ extra }: FoundIdentity, kind: Extract<LabelKind, { kind: 'matter' }>): Pick<MatterOnboarding, 'discriminator' | 'passcode'> {
  const passcode = kind.passcode ?? extra['passcode'];
  const discriminator = kind.discriminator ?? extra['discriminator'];
  if (passcode === undefined || discriminator === undefined) {
    throw new LatchkeyError('missing_input', `A Matter label needs a discriminator and a passcode; there is no ${passcode === undefined ? 'passcode' : 'discriminator'}.`);
  }
  return { passcode: parsePasscode(passcode), discriminator: typeof discriminator === 'number' ? discriminator : parseDiscriminator(discriminator) };
}

function parseDiscriminator(text: string): number {
  if (!/^\d{1,4}$/.test(text)) {
    throw new LatchkeyError('invalid_input', 'A Matter discriminator is a whole number from 0 to 4095.');
  }
  return Number(text);
}

/** Four, three and four digits, as people are shown it; of a long one the rest in fives. */
function grouped(code: string): string {
  return code.replace(/^(\d{4})(\d{3})(\d{4})(?:(\d{5})(\d{5}))?$/, (_, ...parts: (string | undefined)[]) => parts.slice(0, 5).filter((part) => part !== undefined).join('-'));
}
