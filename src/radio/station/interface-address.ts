import { networkInterfaces } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { LatchkeyError } from '../../domain/errors.ts';
import { runAdministrationProgram } from '../../programs/run-administration-program.ts';
import { dhcpClient, runDhcpClient } from './dhcp-client.ts';

/** How often the system is asked: it tells Node of no change. */
const lookMs = 200;
const restoreMs = 2000;

export interface AddressTimes {
  /** How long whatever manages the interface has, before a DHCP client is started. */
  readonly byItselfMs: number;
  readonly withinMs: number;
}

const usualTimes: AddressTimes = { byItselfMs: 5000, withinMs: 30_000 };

/**
 * The IPv4 address of an interface that goes from one network to another. Where a DHCP client manages the interface, it
 * comes by itself; else one is started.
 */
export class InterfaceAddress {
  readonly #interface: string;
  readonly #times: AddressTimes;
  #before: readonly string[] = [];
  #routesBefore: readonly string[] = [];
  #isChanged = false;

  constructor(name: string, times: AddressTimes = usualTimes) {
    this.#interface = name;
    this.#times = times;
  }

  /** Keeps what there is, on the network that is about to be left. */
  async remember(signal: AbortSignal): Promise<void> {
    this.#isChanged = false;
    this.#before = this.#now();
    this.#routesBefore = await this.#routes(signal);
  }

  /** An address of the network that the interface is on now. Errors: `wifi_no_address`, the signal's reason. */
  async obtain(signal: AbortSignal): Promise<string> {
    const deadline = AbortSignal.timeout(this.#times.withinMs);
    const either = AbortSignal.any([signal, deadline]);
    const byItself = AbortSignal.any([either, AbortSignal.timeout(this.#times.byItselfMs)]);
    const address = (await this.#until((found) => !this.#before.includes(found), byItself)) ?? (await this.#ask(either));
    signal.throwIfAborted();
    if (address === undefined) {
      throw this.#none('no address came by DHCP');
    }
    return withoutPrefix(address);
  }

  /** What there was, if it has been taken away. */
  async restore(): Promise<void> {
    if (!this.#isChanged) {
      return;
    }
    const signal = AbortSignal.timeout(restoreMs);
    await this.#ip(['-4', 'address', 'flush', 'dev', this.#interface], signal);
    for (const address of this.#before) {
      await this.#ip(['-4', 'address', 'add', address, 'broadcast', '+', 'dev', this.#interface], signal);
    }
    for (const route of this.#routesBefore) {
      await this.#ip(['-4', 'route', 'add', ...route.split(' '), 'dev', this.#interface], signal);
    }
    this.#isChanged = false;
  }

  /** Takes away the address of the network that was left, so that any other is one of this network, and has a client ask. */
  async #ask(signal: AbortSignal): Promise<string | undefined> {
    if (signal.aborted) {
      return undefined;
    }
    const client = dhcpClient(this.#interface);
    if (client === undefined) {
      throw this.#none('no address came by itself, and this machine has no DHCP client that could ask for one', 'Install dhcpcd, dhclient or udhcpc.');
    }
    this.#isChanged = true;
    if ((await this.#ip(['-4', 'address', 'flush', 'dev', this.#interface], signal)) !== 0) {
      throw this.#none('the address of the network before could not be taken away', 'It takes root, and the program ip.');
    }
    const ended = new AbortController();
    const either = AbortSignal.any([signal, ended.signal]);
    const asking = runDhcpClient(client, signal).then((isGood) => isGood || ended.abort());
    const address = await this.#until(() => true, either);
    if (address !== undefined) {
      await asking;
    }
    return address;
  }

  async #until(isWanted: (address: string) => boolean, signal: AbortSignal): Promise<string | undefined> {
    for (;;) {
      const address = this.#now().find(isWanted);
      if (address !== undefined || signal.aborted) {
        return address;
      }
      await sleep(lookMs, undefined, { signal }).catch(() => {});
    }
  }

  /** With the length of their prefix; those that a machine gives itself for want of another (RFC 3927) do not count. */
  #now(): string[] {
    const all = networkInterfaces()[this.#interface] ?? [];
    return all.flatMap(({ family, cidr }) => (family === 'IPv4' && cidr !== null && !cidr.startsWith('169.254.') ? [cidr] : []));
  }

  /** Those that do not come with an address. */
  async #routes(signal: AbortSignal): Promise<string[]> {
    let output = '';
    await this.#ip(['-4', 'route', 'show', 'dev', this.#interface], signal, (text) => (output += text));
    const lines = output.split('\n').filter((line) => line.trim() !== '' && !/\bproto kernel\b|\bscope link\b/.test(line));
    return lines.map((line) => line.replace(/\b(linkdown|dead)\b/g, '').trim().replace(/ +/g, ' '));
  }

  /** Its exit code; undefined where there is no such program. */
  async #ip(args: readonly string[], signal: AbortSignal, onOutput: (text: string) => void = () => {}): Promise<number | undefined> {
    try {
      return await runAdministrationProgram(['ip', ...args], { signal, onOutput });
    } catch {
      return undefined;
    }
  }

  #none(why: string, hint?: string): LatchkeyError {
    return new LatchkeyError('wifi_no_address', `This device is on the network, but has no address there on ${this.#interface}: ${why}.`, hint === undefined ? {} : { hint });
  }
}

function withoutPrefix(address: string): string {
  return address.slice(0, address.indexOf('/'));
}
