import { LatchkeyError } from '../domain/errors.ts';
import { parseDescription } from '../domain/device.ts';
import { parseUuid } from '../domain/identifiers.ts';
import { parseSsid } from '../domain/ssid.ts';

/** What our own label says of a device: who it is and where it waits. No secret. */
export interface LabelPayload {
  readonly uuid: string;
  readonly model: string | undefined;
  /** The onboarding SSID. */
  readonly ssid: string;
}

const form = /^LATCHKEY:([^;]*);U:((?:\\.|[^\\;])*);(?:M:((?:\\.|[^\\;])*);)?S:((?:\\.|[^\\;])*);;$/su;

/**
 * `LATCHKEY:1;U:<uuid>;M:<model>;S:<ssid>;;` – always in this order, without `M` where there is no model. In each
 * value `\` stands before `\ ; , : "`, as in the URIs by which phones join a network.
 */
export function labelPayload({ uuid, model, ssid }: LabelPayload): string {
  const fields = [`U:${escape(uuid)}`, ...(model === undefined ? [] : [`M:${escape(model)}`]), `S:${escape(ssid)}`];
  return `LATCHKEY:1;${fields.join(';')};;`;
}

/** Only what `labelPayload` writes. Errors: `invalid_input`. */
export function parseLabelPayload(text: string): LabelPayload {
  const [, version, uuid, model, ssid] = form.exec(text) ?? [];
  if (version !== undefined && version !== '1' && /^\d+$/.test(version)) {
    throw new LatchkeyError('invalid_input', `This label is of version ${version}; only version 1 is known here.`);
  }
  if (uuid !== undefined && ssid !== undefined) {
    const payload = {
      uuid: parseUuid(unescape(uuid)),
      model: model === undefined ? undefined : parseDescription(unescape(model), 'model'),
      ssid: parseSsid(unescape(ssid)),
    };
    if (labelPayload(payload) === text) {
      return payload;
    }
  }
  throw new LatchkeyError('invalid_input', 'This is not the payload of a Latchkey label.');
}

function escape(value: string): string {
  return value.replace(/[\\;,:"]/g, '\\$&');
}

function unescape(value: string): string {
  return value.replace(/\\(.)/gsu, '$1');
}
