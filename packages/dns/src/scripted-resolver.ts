import type { DnsAnswer, Resolver } from './dns-answer.ts';
import { lookUpLocalName } from './local-names.ts';
import { queryName } from './query-name.ts';
import { type RecordData, type RecordType, recordReaders } from './records.ts';

/** Records of a name by their types, an alias for another, or what befalls who asks. */
export type ScriptedName = { readonly [T in RecordType]?: readonly RecordData[T][] } | 'temporary' | 'bogus' | 'silent';

/** Answers from a table: the DNS as a test needs it. Names that are not in it do not exist. */
export class ScriptedResolver implements Resolver {
  /** What was asked, `MX example.com`, in order. */
  readonly questions: string[] = [];
  readonly #zone: ReadonlyMap<string, ScriptedName>;
  readonly #isSigned: boolean;

  /** @param isSigned whether answers are authentic */
  constructor(zone: Readonly<Record<string, ScriptedName>>, isSigned = false) {
    this.#zone = new Map(Object.entries(zone).map(([name, script]) => [name.toLowerCase(), script]));
    this.#isSigned = isSigned;
  }
  async lookUp<T extends RecordType>(name: string, type: T): Promise<DnsAnswer<RecordData[T]>> {
    const authentic = this.#isSigned;
    const asked = queryName(name);
    if (asked === null) return { kind: 'nxdomain', authentic: false };
    this.questions.push(`${type} ${asked}`);
    const local = lookUpLocalName(asked, type);
    if (local !== null) {
      if (local.kind !== 'found') return local;
      return { ...local, records: local.answers.map(recordReaders[type]).filter((record) => record !== null) };
    }
    const script = this.#zone.get(asked);
    if (script === undefined) return { kind: 'nxdomain', authentic };
    if (script === 'silent') return await new Promise(() => undefined);
    if (script === 'bogus') return { kind: 'bogus' };
    if (script === 'temporary') return { kind: 'temporary', reason: 'SERVFAIL' };
    const [alias] = script.CNAME ?? [];
    if (alias !== undefined && type !== 'CNAME') return await this.lookUp(alias, type);
    const records: readonly RecordData[T][] | undefined = script[type];
    return records === undefined ? { kind: 'nodata', authentic } : { kind: 'found', records, authentic };
  }
}
