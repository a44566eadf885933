import type { Schema } from '../api/schema.ts';
import { LatchkeyCommand } from './base-command.ts';
import type { Narrator } from './demo/scene.ts';
import type { Screen } from './present/screen.ts';
import { presentStep, stepSchema, type StepWire } from './present/story.ts';

/** A command that tells a story, step by step. */
export abstract class StoryCommand extends LatchkeyCommand<StepWire> {
  static override readonly result: Schema = stepSchema;

  /** At a terminal somebody is asked; elsewhere the story answers itself. */
  protected async story(told: (narrator: Narrator) => Promise<void>): Promise<undefined> {
    let step = 0;
    await told({
      tell: (next) => this.stream({ step: (step += 1), ...next }),
      ask: this.interactive && !this.jsonEnabled() ? (question) => this.ask(question) : undefined,
      closing: this.closing,
    });
    return undefined;
  }

  protected present(step: StepWire, screen: Screen): string {
    return presentStep(step, screen);
  }
}
