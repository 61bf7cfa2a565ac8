import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDirectory } from '@postel/directory';
import { writeDeclaration } from '@postel/operations';
import { openDatabase } from '@postel/storage';
import { createTestDatabase, type OwnPostel, startPostel } from '@postel/testkit';
import { readKeyFile } from '@postel/tls-pubkey';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { readDeclaration } from '../declaration/read-declaration.ts';
import { SERVE_DATABASE } from '../fixtures/scripts.ts';
import { CommandRunner } from '../testing/command-runner.ts';

let postel: OwnPostel;
let commands: CommandRunner;
beforeAll(async () => {
  postel = await startPostel({ script: SERVE_DATABASE });
  commands = new CommandRunner(postel);
});
afterAll(() => postel[Symbol.asyncDispose]());

/** A directory in an empty database. */
async function startDirectory() {
  const testDatabase = await createTestDatabase();
  const database = openDatabase(testDatabase.target, { applicationName: 'declaration test', maxConnections: 2 });
  const directory = openDirectory(database).as({ type: 'server', task: 'test' });
  onTestFinished(async () => {
    await directory.close();
    await database.close();
    await testDatabase[Symbol.asyncDispose]();
  });
  return { directory, database };
}

type TestDirectory = Awaited<ReturnType<typeof startDirectory>>['directory'];

function fileOf(text: string): string {
  const file = join(postel.dataDirectory, `declared-${randomBytes(4).toString('hex')}.yaml`);
  writeFileSync(file, text);
  return file;
}

const dump = async (directory: TestDirectory, withSecrets = true) =>
  writeDeclaration(await directory.readState(), withSecrets ? await directory.readSecrets() : null);

const apply = async (directory: TestDirectory, text: string) => directory.apply(await readDeclaration(fileOf(text)));

const KEY = 'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=';

/** Something of every kind. */
async function fill(directory: TestDirectory): Promise<void> {
  await directory.addDomain('empty.example');
  await directory.addAccount({ name: 'mary', address: 'mary@example.com', password: 'tanstaaftanstaaf' });
  await directory.addAccount({ name: 'john', address: 'john@example.com', password: null });
  await directory.addAccount({ name: 'bare', address: 'bare@example.com', password: null });
  await directory.addresses.remove('bare@example.com');
  await directory.addDomain('bücher.example');
  await directory.changeDomain('bücher.example', {
    isCaseSensitive: true,
    separators: '',
    isDisabled: true,
    mtaSts: 'enforce',
  });
  await directory.changeDomain('example.com', { separators: '+-' });
  await directory.addAddress('mary', 'Info@bücher.example', 'Lists/info');
  await directory.addAddress('john', 'info@bücher.example');
  await directory.addAddress('john', '"mary jones"@example.com');
  await directory.setCatchall('example.com', 'john');
  await directory.setRole('mary', 'owner');
  await directory.setDisabled('john', true);
  await directory.quotas.changeDefault({ octets: 5 * 2 ** 30, mailboxes: 1_000 });
  await directory.quotas.change('mary', { octets: 123_456_789, messages: null });
  await directory.quotas.change('john', { mailboxes: 20 });
  await directory.submission.changeDefault({ messagesADay: 1_000 });
  await directory.submission.change('mary', { messagesADay: null, messageOctets: 3 * 2 ** 20, keepsSent: true });
  await directory.changeRetention('mary', { days: 0, limitOctets: 10 * 2 ** 30 });
  const phone = { name: '__proto__', service: 'imap', expiresAt: new Date('2099-01-01'), isShared: true } as const;
  await directory.appPasswords.add('mary', { ...phone, networks: ['192.0.2.0/24', '2001:db8::/32'] });
  const plain = { name: 'scanner', service: null, expiresAt: null, networks: null, isShared: false };
  await directory.appPasswords.add('mary', plain);
  const pem = `-----BEGIN PUBLIC KEY-----\n${KEY}\n-----END PUBLIC KEY-----\n`;
  const reading = readKeyFile(Buffer.from(pem));
  if (reading.type === 'refused') throw new Error(reading.reason);
  const key = { login: 'mary@example.com', key: reading.key, name: 'phone: "blue"', isImapPreauth: false };
  await directory.tlsPublicKeys.add(key);
  await directory.aliases.add('inner@example.com', ['mary@example.com']);
  await directory.aliases.add('team@example.com', [
    'inner@example.com',
    'Guest@elsewhere.example',
    'bare+x@example.com',
  ]);
  await directory.aliases.change('team@example.com', {
    posters: 'named',
    isList: true,
    showsMembers: true,
    maySendAs: true,
  });
  await directory.aliases.addEntries('team@example.com', ['Boss@elsewhere.example', 'mary@example.com'], 'poster');
  await directory.setCatchall('example.com', null); // an entry that is no address any more
}

test('a dump applied to an empty server makes an equal one, passwords included', async () => {
  const one = await startDirectory();
  await fill(one.directory);
  const text = await dump(one.directory);
  const other = await startDirectory();
  expect((await apply(other.directory, text)).length).toBe(9); // the defaults, 3 domains, 3 accounts, 2 aliases
  expect(await dump(other.directory)).toBe(text);
  // Keys that sign mail it makes itself, as for every new domain.
  const keysOf = async ({ dkimKeys }: TestDirectory) => (await dkimKeys.list('empty.example')).length;
  expect(await keysOf(other.directory)).toBe(await keysOf(one.directory));
  expect(await keysOf(other.directory)).toBeGreaterThan(0);
  expect(await other.directory.readState()).toEqual(await one.directory.readState());

  const context = {
    service: 'imap',
    clientAddress: '192.0.2.1',
    tlsVersion: null,
    clientKey: null,
    unknownKey: null,
  } as const;
  const attempt = other.directory.beginLogin(context, 'PLAIN');
  expect(await attempt.verifyPassword('mary@example.com', 'tanstaaftanstaaf')).toMatchObject({ name: 'mary' });
  attempt.settle('success');

  expect(await apply(other.directory, text)).toEqual([]);
  const changes = { account: null, since: new Date(0), limit: 100 };
  const count = (await other.directory.listChanges(changes)).length;
  await apply(other.directory, text);
  expect((await other.directory.listChanges(changes)).length).toBe(count);
});

test('without secrets it has nothing of passwords, and leaves them as they are', async () => {
  const { directory } = await startDirectory();
  await fill(directory);
  const [text, secret] = [await dump(directory, false), await dump(directory)];
  expect(text).not.toMatch(/SCRAM|salt|verifiers|scanner/);
  await apply(directory, text.replace('role: owner', 'role: account'));
  expect(await dump(directory)).toBe(secret.replace('    role: owner\n', ''));
});

test('what the file does not have goes, and what it does not speak of stays', async () => {
  const { directory } = await startDirectory();
  await fill(directory);
  await apply(
    directory,
    'aliases: {}\naccounts:\n  mary: {}\n  john:\n    addresses:\n      john@example.com: {}\n      info@bücher.example: {}\n',
  );
  const { accounts, aliases, domains, defaults } = await directory.readState();
  expect([...accounts.keys()]).toEqual(['john', 'mary']);
  expect(aliases.size).toBe(0);
  expect(domains.size).toBe(3);
  expect(defaults.quota.octets).toBe(5 * 2 ** 30);
  const mary = accounts.get('mary');
  expect(Object.keys(mary?.addresses ?? {})).toHaveLength(2);
  expect(mary).toMatchObject({ role: 'account', keepsSent: false, quota: { octets: 'default' } });
  expect(Object.keys(mary?.keys ?? {})).toHaveLength(1);
  expect(mary?.passwordSince).not.toBeNull();
  expect(Object.keys(accounts.get('john')?.addresses ?? {})).toEqual([
    'john@example.com',
    'info@xn--bcher-kva.example',
  ]);
  expect(accounts.get('john')?.disabled).toBe(false);
});

test('an address changes hands, and a domain its case, in one step', async () => {
  const { directory } = await startDirectory();
  await fill(directory);
  const text = await dump(directory, false);
  const moved = text
    .replace('      Info@xn--bcher-kva.example:\n        mailbox: Lists/info\n', '')
    .replace('    case: keep\n', '')
    .replace(/^ +.*mary jones.*\n/m, '')
    .replace(/^ +mary@example\.com: \{\}\n/m, (line) => `${line}      '"mary jones"@example.com': {}\n`);
  expect(moved).not.toContain('case: keep');
  await apply(directory, moved);
  const { accounts, domains } = await directory.readState();
  expect(domains.get('xn--bcher-kva.example')?.isCaseSensitive).toBe(false);
  expect(Object.keys(accounts.get('mary')?.addresses ?? {})).toEqual(['"mary jones"@example.com', 'mary@example.com']);
});

test('whoever applies has the last word on what is changed, in the transaction that does', async () => {
  const { directory } = await startDirectory();
  await fill(directory);
  const before = await dump(directory);
  const declared = await readDeclaration(fileOf('accounts:\n  mary: {}\n  bare: {}\naliases: {}\n'));
  const seen: string[] = [];
  const refuse = async () => {
    await directory.apply(declared, (differences) => {
      seen.push(...differences.map(({ kind, name }) => `${kind} ${name}`));
      throw new RangeError('not that');
    });
  };
  await expect(refuse()).rejects.toThrow(RangeError);
  expect(seen).toEqual(['account john', 'account mary', 'alias inner@example.com', 'alias team@example.com']);
  expect(await dump(directory)).toBe(before);
});

test('a domain and its keys come in one transaction', async () => {
  const { directory } = await startDirectory();
  await apply(directory, 'domains:\n  new.example: {}\n  localhost: {}\n');
  const changes = await directory.listChanges({ account: null, since: new Date(0), limit: 10 });
  const added = changes.filter(({ kind, name }) => kind === 'domain' && name === 'new.example');
  expect(added).toHaveLength(1);
  const { dkimKeys = {} } = added[0]?.after ?? {};
  expect(Object.values(dkimKeys ?? {})).toEqual(['made', 'made']);
  expect(await directory.dkimKeys.list('localhost')).toEqual([]);
});

test('what is spelt in another way than the directory spells it is the same', async () => {
  const { directory } = await startDirectory();
  await fill(directory);
  await directory.setPassword('john', 'tanstaaftanstaaf');
  const secret = await dump(directory);
  const text = secret
    .replace('mailbox: Lists/info', 'mailbox: "inbox/Cafe\\u0301"')
    .replace('loginAddress: mary@example.com', 'loginAddress: Mary@EXAMPLE.com')
    .replace('- 192.0.2.0/24', '- 192.0.2.77/24')
    .replace('- 2001:db8::/32', '- 2001:DB8:0::/32')
    .replace(/^( +)scanner:$/m, '$1" scanner ":');
  await apply(directory, text);
  expect(await apply(directory, text)).toEqual([]);
  const mary = (await directory.readState()).accounts.get('mary');
  expect(mary?.addresses['Info@xn--bcher-kva.example']).toEqual({ mailbox: 'INBOX/Caf\u00e9' });
  expect(Object.values(mary?.keys ?? {})[0]?.loginAddress).toBe('mary@example.com');
  expect(await dump(directory)).toBe(secret.replace('Lists/info', 'INBOX/Caf\u00e9'));
});

test('a key changes hands in one step, whichever account is older', async () => {
  const { directory } = await startDirectory();
  await fill(directory);
  const keys = `      - name: 'phone: "blue"'\n        publicKey: ${KEY}\n        loginAddress: mary@example.com\n        imapPreauth: false\n`;
  const text = await dump(directory, false);
  expect(text).toContain(keys);
  const [gone, taken] = [text.replace(`    keys:\n${keys}`, '    keys: []\n'), `    keys:\n${keys}`];
  const to = (name: string) =>
    gone.replace(
      new RegExp(`(  ${name}:\n(?:    .*\n)*?)    keys: \\[\\]\n`),
      (_, head: string) => `${head}${taken.replace('mary@', `${name}@`)}`,
    );
  const holders = async () =>
    [...(await directory.readState()).accounts].flatMap(([name, { keys: has }]) =>
      Object.keys(has).length === 1 ? [name] : [],
    );
  await apply(directory, to('john'));
  expect(await holders()).toEqual(['john']);
  await apply(directory, to('mary'));
  expect(await holders()).toEqual(['mary']);
});

const VERIFIERS = [
  `SCRAM-SHA-256$4096:${Buffer.alloc(16).toString('base64')}$${Buffer.alloc(32).toString('base64')}:${Buffer.alloc(32).toString('base64')}`,
  `SCRAM-SHA-1$4096:${Buffer.alloc(16).toString('base64')}$${Buffer.alloc(20).toString('base64')}:${Buffer.alloc(20).toString('base64')}`,
];
/** Mary with these app passwords, each without what is the same in all. */
const withAppPasswords = (apps: Record<string, object>) =>
  JSON.stringify({
    accounts: {
      john: {},
      bare: {},
      mary: {
        passwords: {
          own: 'none',
          app: Object.fromEntries(
            Object.entries(apps).map(([name, app]) => [
              name,
              { since: '2026-01-01T00:00:00Z', verifiers: VERIFIERS, ...app },
            ]),
          ),
        },
      },
    },
  });

test.for([
  [
    'an address twice',
    'accounts:\n  mary: { addresses: { a@example.com: {} } }\n  john: { addresses: { A@example.com: {} } }\n',
    'both of account mary and of account john',
  ],
  ['a domain that is none', 'domains:\n  "a b": {}\n', 'is not a domain name'],
  ['a domain twice', 'domains:\n  bücher.example: {}\n  xn--bcher-kva.example: {}\n', 'is declared twice'],
  ['an account of no name', 'accounts:\n  "../x": { addresses: {} }\n', 'is not an account name'],
  [
    'an address in no domain',
    'accounts:\n  mary: { addresses: { a@gone.example: {} } }\n',
    'gone.example is not a domain of this server',
  ],
  ['a domain in use', 'domains: {}\n', 'has addresses, aliases or a catchall'],
  [
    'a catchall that is nobody',
    'domains:\n  empty.example: { catchall: nobody }\n  example.com: {}\n  bücher.example: { case: keep }\n',
    'no account "nobody"',
  ],
  [
    'a key of somebody else',
    `accounts:\n  mary: {}\n  bare: {}\n  john: { keys: [{ name: x, publicKey: ${KEY} }] }\n`,
    'is registered already',
  ],
  ['separators that are none', 'domains:\n  empty.example: { separators: "%" }\n', 'Separators are some of'],
  [
    'a verifier that is none',
    'accounts:\n  mary: { passwords: { own: { since: 2026-01-01T00:00:00Z, verifiers: [x, y] } } }\n  john: {}\n  bare: {}\n',
    'A verifier is SCRAM-SHA-256',
  ],
  ['a network that is none', withAppPasswords({ a: { networks: ['bad'] } }), '"bad" is neither a network'],
  ['an app password for nowhere', withAppPasswords({ a: { networks: [] } }), 'is for 1 to 20 networks'],
  ['an app password twice', withAppPasswords({ a: {}, ' a': {} }), 'would have the app password "a" twice'],
  ['a shared secret that is none', withAppPasswords({ a: { sharedSecret: 'x\0y' } }), 'The shared secret of mary'],
  [
    'too many app passwords',
    withAppPasswords(Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`a${i}`, {}]))),
    'mary would have 50 app passwords: an account has at most 49',
  ],
  [
    'a login address that is none',
    `accounts:\n  john: {}\n  bare: {}\n  mary: { keys: [{ name: x, publicKey: ${KEY}, loginAddress: x y }] }\n`,
    'is not an address like',
  ],
  [
    'a login address of somebody else',
    `accounts:\n  john: {}\n  bare: {}\n  mary: { keys: [{ name: x, publicKey: ${KEY}, loginAddress: john@example.com }] }\n`,
    'has the loginAddress john@example.com, which is an address of john',
  ],
  ['a salt key that is none', 'saltKey: "%%%%"\n', 'saltKey is 32 octets in base64'],
] as const)('refused, and nothing is changed: %s', async ([, text, why]) => {
  const { directory } = await startDirectory();
  await fill(directory);
  const before = await dump(directory);
  await expect(apply(directory, text)).rejects.toThrow(why);
  expect(await dump(directory)).toBe(before);
});

test.for([
  [
    'accounts:\n  mary: { adresses: {} }\n',
    /:2: accounts\.mary\.adresses is no key of Postel; did you mean addresses\?/,
  ],
  [
    'accounts:\n  mary:\n    quota: { storage: lots }\n',
    /:3: accounts\.mary\.quota\.storage must be a size such as 500MB or 5GB, none or default/,
  ],
  ['accounts:\n  mary:\n    keys: [{ name: x, publicKey: abcd }]\n', /keys\[0\]\.publicKey must be a public key/],
  ['defaults: { quota: { messages: -1 } }\n', /defaults\.quota\.messages must be a number or none/],
  [
    'defaults:\n  sending: { messagesADay: 3000000000 }\n',
    /:2: defaults\.sending\.messagesADay must be a number up to 1000000000 or none/,
  ],
  [
    `accounts:\n  mary:\n    keys:\n      - { name: x, publicKey: ${KEY} }\n      - { name: y, publicKey: ${KEY} }\n`,
    /:5: accounts\.mary\.keys\[1\]\.publicKey stands here twice/,
  ],
  ['domains: [a.example]\n', /domains must have members/],
  ['domains: &a\n  a.example: {}\naliases: *a\n', /aliases \(\*name\) are not understood/],
] as const)('a file that makes no sense is told with its line: %j', async ([text, why]) => {
  await expect(readDeclaration(fileOf(text))).rejects.toThrow(why);
});

test('dump, diff and apply from the command line', async () => {
  const text = await commands.said('config dump');
  expect(text).toContain('  other:\n    addresses:\n      other@localhost: {}\n');
  const file = fileOf(text);
  expect(await commands.run(`config diff ${file}`)).toMatchObject({ code: 0, stdout: '' });
  const changed = fileOf(
    text.replace(
      '      other@localhost: {}\n',
      '      other@localhost: {}\n      info@localhost: { mailbox: Lists/info }\n    quota: { storage: 5GB }\n',
    ),
  );
  const what = '~ account other: addresses info@localhost: added; quota octets: default -> 5368709120\n';
  expect(await commands.run(`config diff ${changed}`)).toMatchObject({ code: 1, stdout: what });
  expect(await commands.said(`config apply ${changed} --dry-run`)).toBe(
    `${what}Nothing was changed: that was a rehearsal.\n`,
  );
  expect(await commands.said(`config apply ${changed}`)).toBe(`${what}Changed 1: all is as in ${changed}.\n`);
  expect(await commands.said(`config apply ${changed}`)).toBe(`All is as in ${changed}.\n`);
}, 60_000);

test('whatever goes is asked for', async () => {
  const before = await commands.said('config dump');
  const without = fileOf(before.replace(/ {2}other:\n(?: {4}.*\n)+/, ''));
  const asked = await commands.run(`config apply ${without}`);
  expect(asked).toMatchObject({ code: 1, stdout: '- account other, and all its mail\n' });
  expect(asked.stderr).toContain('say --yes. Nothing was changed.');
  expect(await commands.said('config dump')).toBe(before);
  expect(await commands.said(`config apply ${without} --yes`)).toMatch(/Changed 1/);
  expect(await commands.said('config account list')).not.toContain('other@');
  // Passwords that there are go too, for those of the file.
  const secrets = await commands.said('config dump --secrets');
  const others = fileOf(secrets.replace(/^(accounts:\n(?:.*\n)*?.*since: )20\d\d/m, '$12001'));
  const passwords = await commands.run(`config apply ${others}`);
  expect(passwords).toMatchObject({ code: 1, stdout: '~ account postel: passwords: as here -> as in the file\n' });
  expect(await commands.said('config dump --secrets')).toBe(secrets);
  const missing = await commands.run('config diff /nonexistent.yaml');
  expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('Cannot read /nonexistent.yaml') });
}, 60_000);
