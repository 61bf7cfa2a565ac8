/** A setting that is missing or not of its kind. The message names it as `listeners[0].port`. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/**
 * Reads an unknown value once, at the edge, into typed settings. It knows where it stands, so that an error names the
 * setting as a person would look for it.
 */
export class SettingReader {
  readonly #value: unknown;
  readonly #path: string;

  constructor(value: unknown, path = '') {
    this.#value = value;
    this.#path = path;
  }

  /** The member called `name`. What it lacks is told when it is read. */
  at(name: string): SettingReader {
    return new SettingReader(this.#members()[name], this.#path === '' ? name : `${this.#path}.${name}`);
  }

  has(name: string): boolean {
    return this.#members()[name] !== undefined;
  }

  text(): string {
    if (typeof this.#value !== 'string' || this.#value === '') this.#fail('must be a text');
    return this.#value;
  }

  boolean(): boolean {
    if (typeof this.#value !== 'boolean') this.#fail('must be true or false');
    return this.#value;
  }

  /** A TCP port. 0 lets the system choose, which tests use. */
  port(): number {
    if (typeof this.#value !== 'number' || !Number.isInteger(this.#value) || this.#value < 0 || this.#value > 65_535) {
      this.#fail('must be a port between 0 and 65535');
    }
    return this.#value;
  }

  integer(): number {
    if (typeof this.#value !== 'number' || !Number.isSafeInteger(this.#value)) this.#fail('must be a whole number');
    return this.#value;
  }

  oneOf<const Choice extends string>(...choices: readonly Choice[]): Choice {
    const chosen = choices.find((choice) => choice === this.#value);
    if (chosen === undefined) this.#fail(`must be ${choices.join(' or ')}`);
    return chosen;
  }

  list<Item>(read: (item: SettingReader) => Item): readonly Item[] {
    if (!Array.isArray(this.#value)) this.#fail('must be a list');
    return this.#value.map((item: unknown, i) => read(new SettingReader(item, `${this.#path}[${i}]`)));
  }

  /** Members of any name and one kind. */
  record<Item>(read: (item: SettingReader) => Item): Readonly<Record<string, Item>> {
    const names = Object.keys(this.#members());
    return Object.fromEntries(names.map((name) => [name, read(this.at(name))]));
  }

  orNull<Item>(read: (value: SettingReader) => Item): Item | null {
    return this.#value === null ? null : read(this);
  }

  #members(): Readonly<Record<string, unknown>> {
    if (!isRecord(this.#value)) this.#fail('must have members');
    return this.#value;
  }

  #fail(what: string): never {
    throw new SettingsError(`Setting ${this.#path === '' ? '(all)' : this.#path} ${what}`);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
