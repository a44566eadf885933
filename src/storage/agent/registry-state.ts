import type { RegistryState } from '../../roles/agent/store.ts';
import type { AgentFile } from './agent-file.ts';

export class StateOfRegistry implements RegistryState {
  readonly #file: AgentFile;

  constructor(file: AgentFile) {
    this.#file = file;
  }

  revision(): number {
    return this.#state('revision') ?? 0;
  }

  saveRevision(revision: number): void {
    this.#file.put('state', { name: 'revision', value: revision });
  }

  knownTime(): Date | undefined {
    const ms = this.#state('known_time');
    return ms === undefined ? undefined : new Date(ms);
  }

  saveKnownTime(at: Date): void {
    this.#file.put('state', { name: 'known_time', value: at });
  }

  #state(name: string): number | undefined {
    return this.#file.all<{ value: number }>('select value from state where name = ?', name)[0]?.value;
  }
}
