import { ScriptedResolver } from '@postel/dns';
import { describe, expect, test } from 'vitest';
import { authenticate } from './testing/authenticate.ts';
import { testDocuments } from './testing/test-data.ts';

interface Suite {
  readonly description: string;
  readonly tests: Readonly<Record<string, { readonly message: string; readonly cv: string | null }>>;
  readonly 'txt-records'?: Readonly<Record<string, string>>;
}

/** Where we differ from the suite, which is older than RFC 8617, and why. */
const different: ReadonlyMap<string, readonly [result: string, why: string]> = new Map([
  ['cv_fail_i1_as_cv_fail', ['fail', 'the suite gives no result, but says it by the name of the case']],
  ['cv_fail_i2_as2_fail', ['fail', 'the suite gives no result, but says it by the name of the case']],
  ['cv_fail_i2_as1_fail', ['fail', 'the suite gives no result, but says it by the name of the case']],
  [
    'ams_fields_c_na',
    ['fail', 'without c= the signature is simple/simple (RFC 8617 §4.1.2); the drafts had no such default'],
  ],
  ['ams_fields_h_empty', ['fail', 'From must be signed (RFC 6376 §5.4)']],
]);

const suites = testDocuments('arc/arc-draft-validation-tests.yml') as readonly unknown[] as readonly Suite[] | null;

describe.skipIf(suites === null)('ARC validation (skipped: ../shared/testdata is not part of the repository)', () => {
  for (const suite of suites ?? []) {
    const zone = Object.entries(suite['txt-records'] ?? {}).map(([name, text]) => [name, { TXT: [text] }] as const);
    const resolver = new ScriptedResolver(Object.fromEntries(zone));
    test.each(Object.entries(suite.tests))(`${suite.description}: %s`, async (name, { message, cv }) => {
      const { arc } = await authenticate(resolver, message.replaceAll('\n', '\r\n'));
      const [expected] = different.get(name) ?? [cv?.trim().toLowerCase(), null];
      expect(arc.result).toBe(expected);
    });
  }

  test('differences are of cases that the suite has', () => {
    const names = suites?.flatMap(({ tests }) => Object.keys(tests)) ?? [];
    expect([...different.keys()].filter((name) => !names.includes(name))).toEqual([]);
  });
});
