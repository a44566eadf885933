import DemoOnboarding from './demo/onboarding.ts';

/** The first story is the one that is told when none is named. */
export default class Demo extends DemoOnboarding {
  static override readonly examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> onboarding'];
}
