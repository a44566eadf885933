import { LatchkeyCommand } from './base-command.ts';
import { agentEventSchema, presentAgentEvent, type AgentEventWire } from './present/agent-events.ts';
import type { Screen } from './present/screen.ts';
import { serveAccessPoint, type AgentFlags, type Serving } from './serve-access-point.ts';

/** A command that runs an access point's agent. */
export abstract class AgentCommand extends LatchkeyCommand<AgentEventWire> {
  static override readonly result = agentEventSchema;

  /** Prints what happens, until the agent is told to stop. Errors: those of `serveAccessPoint`. */
  protected async serve(flags: AgentFlags, radio: Pick<Serving, 'deviceAddress' | 'openRadio'>): Promise<undefined> {
    await serveAccessPoint(flags, {
      ...this.opening,
      ...radio,
      quiet: this.quiet,
      json: this.jsonEnabled(),
      emit: (event) => this.stream(event),
    });
    await this.untilStopped();
    return undefined;
  }

  protected present(event: AgentEventWire, screen: Screen): string {
    return presentAgentEvent(event, screen);
  }
}
