/** A setting that is missing or not of its kind. The message names it as `listeners[0].port`. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/** Names and list positions that lead to a setting. */
export type SettingPath = readonly (string | number)[];

/** Is told of each setting that is wrong; reading goes on with something in its place. */
export type OnProblem = (path: SettingPath, what: string) => void;

/**
 * Reads an unknown value once, at the edge, into typed settings. It knows where it stands, so that an error names the
 * setting as a person would look for it. The first error is thrown, unless somebody wants to be told of all of them.
 */
export class SettingReader {
  readonly #value: unknown;
  readonly #path: SettingPath;
  readonly #onProblem: OnProblem | null;
  readonly #asked = new Map<string, SettingReader>();
  /** In the place of something that is wrong itself, and was told. */
  #isMuted: boolean;

  /** @param start what leads to the value, if it is not all there is */
  constructor(value: unknown, start: string | SettingPath = [], onProblem: OnProblem | null = null, isMuted = false) {
    this.#value = value;
    this.#path = typeof start === 'string' ? [start] : start;
    this.#onProblem = onProblem;
    this.#isMuted = isMuted;
  }

  /** The member called `name`. What it lacks is told when it is read. */
  at(name: string): SettingReader {
    const known = this.#asked.get(name);
    if (known !== undefined) return known;
    const member = this.#child(this.#members()?.[name], name);
    this.#asked.set(name, member);
    return member;
  }

  has(name: string): boolean {
    this.at(name);
    return this.#members()?.[name] !== undefined;
  }

  /** As `at`, for members that may be left out together, or all be commented out. */
  section(name: string): SettingReader {
    const member = this.at(name);
    if (member.#value !== undefined && member.#value !== null) return member;
    const section = this.#child({}, name);
    this.#asked.set(name, section);
    return section;
  }

  text(): string {
    if (typeof this.#value === 'string' && this.#value !== '') return this.#value;
    return this.#fail('must be a text', '');
  }

  boolean(): boolean {
    return typeof this.#value === 'boolean' ? this.#value : this.#fail('must be true or false', false);
  }

  /** A TCP port. 0 lets the system choose, which tests use. */
  port(lowest = 0): number {
    if (isWholeNumber(this.#value) && this.#value >= lowest && this.#value <= 65_535) return this.#value;
    return this.#fail(`must be a port between ${lowest} and 65535`, lowest);
  }

  integer(lowest = Number.MIN_SAFE_INTEGER, highest = Number.MAX_SAFE_INTEGER): number {
    if (isWholeNumber(this.#value) && this.#value >= lowest && this.#value <= highest) return this.#value;
    const isBounded = highest < Number.MAX_SAFE_INTEGER;
    return this.#fail(`must be a whole number${isBounded ? ` from ${lowest} to ${highest}` : ''}`, lowest);
  }

  /** A whole number from 0; null if it is something else, which is for the reader to judge. */
  number(): number | null {
    return isWholeNumber(this.#value) && this.#value >= 0 ? this.#value : null;
  }

  /** A text; empty if it is something else, which is for the reader to judge. */
  textOrEmpty(): string {
    return typeof this.#value === 'string' ? this.#value : '';
  }

  oneOf<const Choice extends string>(first: Choice, ...others: readonly Choice[]): Choice {
    const choices = [first, ...others];
    return choices.find((choice) => choice === this.#value) ?? this.#fail(`must be ${choices.join(' or ')}`, first);
  }

  list<Item>(read: (item: SettingReader) => Item): readonly Item[] {
    if (!Array.isArray(this.#value)) return this.#fail('must be a list', []);
    return this.#value.map((item: unknown, i) => {
      const reader = this.#child(item, i);
      this.#asked.set(String(i), reader);
      return read(reader);
    });
  }

  /** Members of any name and one kind. */
  record<Item>(read: (item: SettingReader) => Item): Readonly<Record<string, Item>> {
    const names = Object.keys(this.#members() ?? {});
    return Object.fromEntries(names.map((name) => [name, read(this.at(name))]));
  }

  orNull<Item>(read: (value: SettingReader) => Item): Item | null {
    return this.#value === null ? null : read(this);
  }

  /** Whether it is exactly that. */
  is(value: unknown): boolean {
    return this.#value === value;
  }

  /** What a person wrote is of the right kind, and still cannot be. */
  refuse(what: string): void {
    this.#fail(what, null);
  }

  /** Tells of members that nobody asked for, here and below, each with the names that would have been understood. */
  *strangers(): Generator<{ readonly path: SettingPath; readonly known: readonly string[] }> {
    if (isRecord(this.#value)) {
      const known = [...this.#asked.keys()];
      for (const name of Object.keys(this.#value)) {
        if (!this.#asked.has(name)) yield { path: [...this.#path, name], known };
      }
    }
    for (const member of this.#asked.values()) yield* member.strangers();
  }

  #child(value: unknown, name: string | number): SettingReader {
    const isMuted = this.#isMuted || (this.#onProblem !== null && typeof name === 'string' && !isRecord(this.#value));
    return new SettingReader(value, [...this.#path, name], this.#onProblem, isMuted);
  }

  #members(): Readonly<Record<string, unknown>> | null {
    return isRecord(this.#value) ? this.#value : this.#fail('must have members', null);
  }

  #fail<Instead>(what: string, instead: Instead): Instead {
    if (this.#onProblem === null) throw new SettingsError(`Setting ${nameOf(this.#path)} ${what}`);
    if (!this.#isMuted) this.#onProblem(this.#path, what);
    this.#isMuted = true; // once is enough
    return instead;
  }
}

/** A path as a person would write it: `listeners[0].port`. */
export function nameOf(path: SettingPath): string {
  const name = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('');
  return name === '' ? '(all)' : name.replace(/^\./, '');
}

function isWholeNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
