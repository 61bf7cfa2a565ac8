/** DKIM keys and DNS records of domains, as an operator has them made, published and checked. */
import { createTestDatabase, type TestDatabase } from '@postel/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfiguredServer, urlOf } from '../testing/configured-server.ts';
import { ZoneServer } from '../testing/zone-server.ts';

/** Of several commands, each of which is a process that starts. */
const SLOW_MS = 120_000;

const DAY = new Date().toISOString().slice(0, 10).replaceAll('-', '');

let database: TestDatabase;
let dns: ZoneServer;
let server: ConfiguredServer;
beforeAll(async () => {
  database = await createTestDatabase();
  dns = await ZoneServer.start();
  server = await ConfiguredServer.prepare({
    database: { url: urlOf(database.target) },
    dns: { servers: [dns.address] },
    publicAddresses: ['192.0.2.1', '2001:db8::1'],
  });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await dns[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const states = async (domain: string) => {
  const { stdout } = await server.postel(`config dkim list ${domain} --json`);
  const keys = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return keys.map(({ selector, state }) => `${selector} ${state}`);
};

describe('a new domain', () => {
  test('has keys, and is told what to publish', async () => {
    const added = await server.postel('config domain add example.com');
    expect(added).toMatchObject({ code: 0, stdout: expect.stringContaining('postel config dnsrecords example.com') });
    const { stdout } = await server.postel('config dkim list');
    expect(stdout).toMatch(new RegExp(`^example\\.com +ed-${DAY} +ed25519 +made +\\S+ \\S+ +publish its record$`, 'm'));
    expect(stdout).toMatch(new RegExp(`^example\\.com +rsa-${DAY} +rsa +made`, 'm'));
  });

  test('lacks everything at first, and the exit code says so', async () => {
    const checked = await server.postel('config dnscheck example.com');
    expect(checked).toMatchObject({ code: 1, stderr: '' });
    expect(checked.stdout).toMatch(/^missing +needed +MX +example\.com\n +should be +10 mail\.example\.com$/m);
    expect(checked.stdout).toMatch(
      /^\d+ things to be put right\. What to publish: postel config dnsrecords example\.com$/m,
    );
  });

  test(
    'is all right once the DNS has what was printed',
    async () => {
      const { code, stdout, stderr } = await server.postel('config dnsrecords example.com');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(/^; ---- In the zone of example\.com$/m);
      expect(stdout).toMatch(/^; ---- With whoever gave this server its addresses$/m);
      expect(stdout).toMatch(/^; {3}mx: mail\.example\.com$/m);
      expect(stdout).toMatch(/^;_25\._tcp\.mail\.example\.com\. 3600 IN TLSA 3 1 1 /m); // its certificate is new, and so is the key
      dns.publish(stdout.replaceAll(/^;(?=_25)/gm, ''));
      const checked = await server.postel('config dnscheck example.com');
      expect(checked).toMatchObject({ code: 0, stderr: '' });
      expect(checked.stdout).toMatch(/^Nothing is to be done\.$/m);
      expect(checked.stdout).not.toMatch(/^(?:missing|different|unknown|unsigned) /m);
    },
    SLOW_MS,
  );

  test(
    'what differs is shown with what there is',
    async () => {
      dns.unpublish('example.com');
      dns.publish('example.com. 3600 IN MX 5 mx.example.net.\nexample.com. 3600 IN TXT "v=spf1 -all"');
      const { code, stdout } = await server.postel('config dnscheck example.com');
      expect(code).toBe(1);
      expect(stdout).toMatch(
        /^different +needed +MX +example\.com\n +is +5 mx\.example\.net\n +should be +10 mail\.example\.com$/m,
      );
      expect(stdout).toMatch(
        /^different +needed +TXT +example\.com +\(192\.0\.2\.1 does not pass: fail\)\n +is +v=spf1 -all$/m,
      );
      const lines = (await server.postel('config dnscheck example.com --json')).stdout.trim().split('\n');
      expect(lines.map((line) => JSON.parse(line))).toContainEqual(
        expect.objectContaining({
          kind: 'mx',
          state: 'different',
          found: ['5 mx.example.net'],
          isTrouble: true,
          isSigned: true,
        }),
      );
    },
    SLOW_MS,
  );

  test('records come as JSON too, with a line for each', async () => {
    const { stdout } = await server.postel('config dnsrecords EXAMPLE.com. --json');
    const records = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(records[0]).toMatchObject({
      kind: 'mx',
      level: 'needed',
      name: 'example.com',
      value: '10 mail.example.com',
      line: 'example.com. 3600 IN MX 10 mail.example.com.',
    });
    expect(stdout).not.toContain('PRIVATE');
  });
});

describe('keys are replaced step by step', () => {
  test(
    'what is published signs, and then new ones wait for theirs',
    async () => {
      const first = await server.postel('config dkim rotate example.com');
      expect(first.stdout).toContain(`ed-${DAY} is published, and signs from now on.`);
      expect(await states('example.com')).toEqual([`ed-${DAY} active`, `rsa-${DAY} active`]);

      const made = await server.postel('config dkim rotate example.com');
      expect(made.stdout).toMatch(
        new RegExp(`^ed-${DAY}-2\\._domainkey\\.example\\.com\\. 3600 IN TXT "v=DKIM1; k=ed25519; p=`, 'm'),
      );
      const waiting = await server.postel('config dkim rotate example.com');
      expect(waiting.stdout).toContain(`rsa-${DAY}-2 is not published yet`);

      dns.publish(made.stdout);
      const seen = await server.postel('config dkim rotate example.com --json');
      expect(
        seen.stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line)),
      ).toMatchObject([
        { selector: `ed-${DAY}-2`, dns: 'published', state: 'made', record: { type: 'TXT' } },
        { selector: `rsa-${DAY}-2`, dns: 'published', state: 'made' },
      ]);
      expect((await server.postel('config dkim list')).stdout).toMatch(/-2 +rsa +made .* published; signs soon$/m);
    },
    SLOW_MS,
  );

  test(
    '--now does not wait',
    async () => {
      expect(await server.postel('config dkim rotate example.com --now')).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('sign from now on'),
      });
      expect(await states('example.com')).toEqual([
        `ed-${DAY} retired`,
        `ed-${DAY}-2 active`,
        `rsa-${DAY} retired`,
        `rsa-${DAY}-2 active`,
      ]);
      expect((await server.postel('config dkim list')).stdout).toMatch(/ retired .* keep its record until \d{4}-/m);
    },
    SLOW_MS,
  );

  test(
    'a key is removed by whoever agrees to what that does',
    async () => {
      const asked = await server.postel(`config dkim rm example.com ed-${DAY}`);
      expect(asked).toMatchObject({ code: 1, stdout: '' });
      expect(asked.stderr).toMatch(/may be on its way until .*: leave its record in the DNS until then\./);
      expect(asked.stderr).toContain('--yes');
      expect(await server.postel(`config dkim rm example.com ed-${DAY} --yes`)).toMatchObject({ code: 0 });
      expect(await server.postel(`config dkim rm example.com ed-${DAY} --yes`)).toMatchObject({
        code: 1,
        stderr: `postel: example.com has no DKIM key with the selector "ed-${DAY}".\n`,
      });
      const last = await server.postel(`config dkim rm example.com ed-${DAY}-2 --yes`);
      expect(last.stderr).toContain(`will be signed by rsa-${DAY}-2 alone`);
      const added = await server.postel('config dkim add example.com --json');
      expect(JSON.parse(added.stdout)).toMatchObject({ algorithm: 'ed25519', state: 'made' });
    },
    SLOW_MS,
  );
});

test(
  'a domain that comes with an account has keys too',
  async () => {
    await server.postel('config account add ann ann@example.org --no-password');
    expect(await states('example.org')).toEqual([`ed-${DAY} made`, `rsa-${DAY} made`]);
  },
  SLOW_MS,
);

test(
  'a domain without keys says how to make some',
  async () => {
    await server.postel('config domain add example.net');
    for (const kind of ['ed', 'rsa']) await server.postel(`config dkim rm example.net ${kind}-${DAY} --yes`);
    for (const command of ['dnsrecords', 'dnscheck']) {
      expect((await server.postel(`config ${command} example.net`)).stderr).toContain(
        'postel config dkim add example.net',
      );
    }
  },
  SLOW_MS,
);

test.for([
  ['config dnscheck example.example', 2, 'is not a domain of this server'],
  ['config dnsrecords example.example', 1, 'is not a domain of this server'],
  ['config dkim list example.example', 1, 'is not a domain of this server'],
  ['config dkim rotate example.example', 1, 'is not a domain of this server'],
  ['config dkim add example.com --type dsa', 2, '--type is ed25519 or rsa'],
  ['config dkim add localhost', 1, 'is not a domain of this server'],
  ['config dkim rm example.com', 2, 'selector missing'],
  ['config dnscheck', 2, 'domain missing'],
] as const)('"%s" is refused: %s', async ([line, code, message]) => {
  const refused = await server.postel(line);
  expect(refused).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(message) });
});
