import {
  type DnsAnswer,
  type RecordData,
  type RecordType,
  type Resolver,
  type ScriptedName,
  ScriptedResolver,
} from '@postel/dns';

type Zone = Readonly<Record<string, ScriptedName>>;

/** The DNS of a test of which DNSSEC vouches for one part. An alias that leads from there into the other is vouched for alone. */
export class SignedZone implements Resolver {
  readonly questions: string[] = [];
  readonly #signed: ScriptedResolver;
  readonly #unsigned: ScriptedResolver;
  readonly #names: ReadonlySet<string>;
  readonly #failing: ReadonlyMap<string, 'temporary' | 'bogus'>;

  /** @param failing questions, `TLSA _25._tcp.mx.example`, and what befalls them */
  constructor(signed: Zone, unsigned: Zone = {}, failing: Readonly<Record<string, 'temporary' | 'bogus'>> = {}) {
    this.#signed = new ScriptedResolver(signed, true);
    this.#unsigned = new ScriptedResolver(unsigned);
    this.#names = new Set(Object.keys(unsigned));
    this.#failing = new Map(Object.entries(failing));
  }

  async lookUp<T extends RecordType>(name: string, type: T): Promise<DnsAnswer<RecordData[T]>> {
    this.questions.push(`${type} ${name}`);
    const failure = this.#failing.get(`${type} ${name}`);
    if (failure === 'bogus') return { kind: 'bogus' };
    if (failure === 'temporary') return { kind: 'temporary', reason: 'SERVFAIL' };
    if (this.#names.has(name)) return await this.#unsigned.lookUp(name, type);
    const alias = await this.#signed.lookUp(name, 'CNAME');
    const [target] = alias.kind === 'found' && type !== 'CNAME' ? alias.records : [];
    return target === undefined ? await this.#signed.lookUp(name, type) : await this.lookUp(target, type);
  }
}
