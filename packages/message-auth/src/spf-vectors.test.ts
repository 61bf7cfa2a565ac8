import type { DnsAnswer, RecordData, RecordType, Resolver } from '@postel/dns';
import { describe, expect, test } from 'vitest';
import { checkSpf } from './check-spf.ts';
import { ask } from './testing/authenticate.ts';
import { testDocuments } from './testing/test-data.ts';

interface Suite {
  readonly description: string;
  readonly tests: Readonly<Record<string, Vector>>;
  readonly zonedata: Readonly<Record<string, readonly ('TIMEOUT' | Readonly<Record<string, unknown>>)[]>>;
}

interface Vector {
  readonly helo: string;
  readonly host: string;
  readonly mailfrom: string;
  readonly result: string | readonly string[];
  readonly explanation?: string;
}

/** The zone of a suite, as its own driver reads it: records of the type SPF are TXT records where a name has none. */
class SuiteResolver implements Resolver {
  readonly #zone: ReadonlyMap<string, Suite['zonedata'][string]>;

  constructor({ zonedata }: Suite) {
    this.#zone = new Map(Object.entries(zonedata).map(([name, records]) => [name.toLowerCase(), records]));
  }

  async lookUp<T extends RecordType>(name: string, type: T): Promise<DnsAnswer<RecordData[T]>> {
    const script = this.#zone.get(name.toLowerCase().replace(/\.$/, ''));
    if (script === undefined) return { kind: 'nxdomain', authentic: false };
    const hasTxt = script.some((entry) => typeof entry === 'object' && 'TXT' in entry);
    const records: RecordData[T][] = [];
    for (const entry of script) {
      // What stands before it is answered, as by a server that has no answer to the other type.
      if (entry === 'TIMEOUT') {
        if (records.length > 0) break;
        return { kind: 'temporary', reason: 'a time-out of the suite' };
      }
      const [[key = '', value] = []] = Object.entries(entry);
      const found = key === 'SPF' && !hasTxt ? 'TXT' : key;
      if (found === 'CNAME') return await this.lookUp(String(value), type);
      if (found !== type || value === 'NONE') continue;
      records.push(readRecord(type, value));
    }
    return records.length === 0 ? { kind: 'nodata', authentic: false } : { kind: 'found', records, authentic: false };
  }
}

function readRecord(type: RecordType, value: unknown): never {
  if (type === 'MX' && Array.isArray(value)) return { preference: value[0], exchange: value[1] } as never;
  return [value].flat().join('') as never;
}

const files = ['spf/rfc7208-tests.yml', 'spf/pyspf-tests.yml'];

for (const file of files) {
  const suites = testDocuments(file) as readonly unknown[] as readonly Suite[] | null;

  describe.skipIf(suites === null)(`${file} (skipped: ../shared/testdata is not part of the repository)`, () => {
    for (const suite of suites ?? []) {
      const resolver = ask(new SuiteResolver(suite));
      test.each(Object.entries(suite.tests))(`${suite.description}: %s`, async (_, vector) => {
        const { host, helo, mailfrom, result, explanation } = vector;
        const envelope = { clientAddress: host, clientName: helo, reversePath: mailfrom };
        const spf = await checkSpf(resolver, envelope, 'receiver.example');
        expect([result].flat()).toContain(spf.result);
        // The case of hexadecimal digits in a macro is left open (RFC 7208 §7.3).
        if (explanation === undefined || explanation === 'DEFAULT') return;
        expect(spf.explanation?.toLowerCase()).toBe(explanation.toLowerCase());
      });
    }
  });
}
