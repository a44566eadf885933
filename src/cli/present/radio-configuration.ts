import { boolean, object, oneOf } from '../../api/schema.ts';
import type { Screen } from './screen.ts';
import { details } from './table.ts';

const kinds = ['hostapd', 'nftables'] as const;
const text = { type: 'string' } as const;

export const radioConfigurationSchema = object(
  'RadioConfiguration',
  { kind: oneOf(kinds), onboarding_interface: text },
  { configuration: text, output: text, checked: boolean },
);

export interface RadioConfigurationWire {
  readonly kind: (typeof kinds)[number];
  /** The interface that the onboarding network will have. */
  readonly onboarding_interface: string;
  readonly configuration?: string;
  /** Where it was written instead. */
  readonly output?: string;
  /** That the program itself takes it. */
  readonly checked?: boolean;
}

export function presentRadioConfiguration(made: RadioConfigurationWire, screen: Screen): string {
  if (made.configuration !== undefined) {
    return made.configuration.trimEnd();
  }
  return details(
    [
      ['written to', made.output],
      ['onboarding interface', made.onboarding_interface],
      ['checked by', made.checked === true ? (made.kind === 'hostapd' ? 'hostapd' : 'nft') : undefined],
    ],
    screen,
  );
}
