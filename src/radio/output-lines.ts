/** Splits the output of hostapd_cli or wpa_cli into lines, without prompts, without what redraws them, and without empty ones. */
export class OutputLines {
  readonly #onLine: (line: string) => void;
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  add(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    // Some replies have no line end: then the next prompt and its answer are right behind them.
    for (const line of lines.flatMap((one) => one.replace(/> PONG$/, '\nPONG').split('\n'))) {
      const said = line.replace(/^(> ?|\r)+/, '').trimEnd();
      if (said !== '') {
        this.#onLine(said);
      }
    }
  }
}
