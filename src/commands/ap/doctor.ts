import { LatchkeyCommand } from '../../cli/base-command.ts';
import { agentCheck, interfaceCheck, portsCheck, radioCheck } from '../../cli/doctor/access-point.ts';
import { examine } from '../../cli/doctor/checks.ts';
import { clockCheck, foldersCheck, secretStoreCheck } from '../../cli/doctor/machine.ts';
import { certificateCheck, registryCheck } from '../../cli/doctor/server.ts';
import { deviceAddressFlag, portFlag, remoteFlags, textFlag } from '../../cli/flags.ts';
import { findingsSchema, findingsToWire, presentFindings, type FindingsWire } from '../../cli/present/findings.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class ApDoctor extends LatchkeyCommand<FindingsWire> {
  static override readonly summary = 'Look whether this machine can be an access point; exit 12 and a fix for each finding if not.';
  static override readonly description = 'Clock, server and token, certificate, ports, onboarding interface, secret store, agent, radio. It changes nothing.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> --interface wlan1'];
  static override readonly flags = {
    interface: textFlag({ description: 'The interface of the onboarding network.', helpValue: 'NAME' }),
    listen: deviceAddressFlag,
    port: portFlag({ description: 'As for `ap serve`.', default: 8430 }),
    'secure-port': portFlag({ description: 'As for `ap serve`.', default: 8431 }),
    ...remoteFlags,
  };
  static override readonly result = findingsSchema;

  async run(): Promise<undefined> {
    const { flags } = await this.parse(ApDoctor);
    const registry = registryCheck(flags, this.opening);
    const findings = findingsToWire(
      await examine([
        foldersCheck(),
        secretStoreCheck(this.sources),
        certificateCheck(flags),
        registry,
        clockCheck(registry.serverTime),
        portsCheck({ host: flags.listen, ports: [flags.port, flags['secure-port']] }),
        interfaceCheck(flags.interface),
        agentCheck(),
        radioCheck(),
      ]),
    );
    await this.emitCheck(findings, findings.ok, 'Something is wrong here.');
    return undefined;
  }

  protected present(findings: FindingsWire, screen: Screen): string {
    return presentFindings(findings, screen);
  }
}
