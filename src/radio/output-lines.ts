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
    for (const line of lines) {
      const said = line.replace(/^(> ?|\r)+/, '').trimEnd();
      if (said !== '') {
        this.#onLine(said);
      }
    }
  }
}
