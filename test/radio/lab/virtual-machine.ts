import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { RadioKernel } from '../../../scripts/testing/radio-kernel.ts';
import { OutputFile } from './output-file.ts';

interface MachineOptions {
  readonly kernel: RadioKernel;
  readonly radios: number;
  /** Where the console's output goes. */
  readonly console: string;
  /** What the guest has as /lab. */
  readonly share: string;
  readonly onLine: (line: string) => void;
}

/** qemu, and the port on which the guest and we exchange lines. */
export class VirtualMachine {
  readonly console: OutputFile;
  /** Settles when it is switched off, by whomever. */
  readonly ended: Promise<unknown>;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  #errors = '';

  constructor({ kernel, radios, console, share, onLine }: MachineOptions) {
    this.console = new OutputFile(console);
    // Killed by the kernel when we are gone, however that comes.
    const program = ['--pdeathsig', 'KILL', 'qemu-system-x86_64'];
    const folder = (id: string, from: string, more: string) =>
      ['-virtfs', `local,path=${from.replaceAll(',', ',,')},mount_tag=${id},security_model=none,multidevs=remap${more}`];
    this.#child = spawn(
      'setpriv',
      [
        ...program,
        // What emulates fastest, also where /dev/kvm is there and does not work.
        ...['-accel', 'tcg,thread=multi', '-cpu', 'Nehalem', '-M', 'pc', '-smp', '1', '-m', '512'],
        ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
        ...['-kernel', kernel.kernel, '-initrd', kernel.initrd],
        // Without a check of the timer, which a busy machine fails.
        ...['-append', `console=ttyS0 quiet panic=-1 nokaslr mitigations=off random.trust_cpu=on no_timer_check radios=${radios}`],
        ...['-serial', `file:${console}`],
        ...folder('host', '/', ',readonly=on'),
        ...folder('lab', share, ''),
        ...['-netdev', 'user,id=net', '-device', 'virtio-net-pci,netdev=net,romfile='],
        ...['-chardev', 'stdio,id=control,signal=off', '-device', 'virtio-serial', '-device', 'virtserialport,chardev=control'],
      ],
      { stdio: ['pipe', 'pipe', 'pipe'] },
    );
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
    this.#child.stdin.on('error', () => {});
    createInterface({ input: this.#child.stdout }).on('line', onLine);
    this.ended = once(this.#child, 'close');
  }

  send(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** What qemu and the guest's kernel have said, for messages to people. */
  log(): string {
    return `${this.console.tail(60)}\n${this.#errors}`.trim();
  }

  async switchOff(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended.catch(() => {});
  }
}
