import { randomBytes } from 'node:crypto';
import { requirePrograms, SmtpServerForTests, sharedPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { Person } from './testing/browser.ts';

const HOSTILE = '<img/src=x/onerror=window.hostile=1>';

test('an owner adds a smarthost, tries it, has mail of a domain go by it, and removes it', async ({ skip }) => {
  requirePrograms(skip, 'chromium');
  const postel = sharedPostel();
  const id = randomBytes(4).toString('hex');
  const [name, domain, secret] = [`provider-${id}`, `${id}.example`, `canary-${id}-canary`];
  await using server = await SmtpServerForTests.start({}, async (session) => {
    await session.ask(`220 ${HOSTILE} ESMTP`);
    const auth = await session.ask('250-smtp.example.net', '250 AUTH PLAIN');
    await session.ask('235 2.7.0 Welcome');
    session.send('221 2.0.0 Bye');
    return auth;
  });
  await using person = await Person.visiting(postel.ports.web);
  const { page } = person;
  const answers: string[] = [];
  page.on('response', (response) => {
    if (!response.url().includes('/api/v1/admin/rout')) return;
    void response.text().then(
      (text) => answers.push(text),
      () => {},
    );
  });
  await person.signInAsAdmin();
  await page.getByText('parts of the server work').waitFor();
  await person.open('Ways out');
  await page.getByText('Without any it goes to the servers of each domain').waitFor();
  await page.getByRole('button', { name: 'Add a way out' }).click();
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Host and port').fill('smtp.example.net');
  await page.getByLabel('User name').fill(HOSTILE);
  await person.look('admin-route-add');
  await page.getByRole('button', { name: 'Add it' }).click();
  await page.getByText('With what is it logged in?').waitFor();
  await page.getByLabel('Password', { exact: true }).fill(secret);
  await page.getByRole('button', { name: 'Add it' }).click();
  await page.getByRole('rowheader', { name, exact: true }).waitFor();
  await page.getByText('smtp.example.net:465').first().waitFor();

  await page.getByRole('button', { name: `Change ${name}` }).click();
  await page.getByText('There is one, which nobody is shown').waitFor();
  expect(await page.getByLabel('Password', { exact: true }).inputValue()).toBe('');
  await page.getByLabel('Host and port').fill(`127.0.0.1:${server.port}`);
  await page.getByLabel('TLS').selectOption('none');
  await page.getByRole('dialog').getByText('More', { exact: true }).click();
  await page.getByLabel('It is told who submitted').check();
  await page.getByLabel('Transactions at the same time').fill('3');
  await person.look('admin-route-change');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByText(`127.0.0.1:${server.port}`).waitFor();
  expect(await postel.useDirectory(({ routes }) => routes.read(name))).toMatchObject({
    tls: 'none',
    isTrusted: true,
    connections: 3,
    recipients: null,
    secrets: ['password'],
  });

  await page.getByRole('button', { name: `Test ${name}` }).click();
  await page.getByRole('button', { name: 'Test it' }).click();
  await page.getByText('It works.').waitFor();
  await page.getByText('logged in by PLAIN').waitFor();
  await person.look('admin-route-test');
  expect(await server.result).toBe(`AUTH PLAIN ${Buffer.from(`\0${HOSTILE}\0${secret}`).toString('base64')}`);
  await page.getByRole('button', { name: 'Close' }).click();

  await page.getByRole('button', { name: 'Add a rule' }).click();
  await page.getByLabel('Recipient', { exact: true }).fill(`*.${domain}`);
  await page.getByRole('dialog').getByLabel('Goes by').selectOption(name);
  await person.look('admin-rule-add');
  await page.getByRole('button', { name: 'Add it' }).click();
  const rule = page.getByRole('row').filter({ hasText: `to *.${domain}` });
  await rule.getByText(name).waitFor();
  await page.getByText('by 1 rule').waitFor();
  await person.look('admin-routes');
  await page.getByRole('button', { name: `Remove ${name}` }).click();
  await page.getByText('Something uses it still').waitFor();
  await page.getByRole('button', { name: 'Remove it' }).click();
  await page.getByRole('dialog').getByRole('alert').waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await rule.getByRole('button', { name: /^Remove rule/ }).click();
  await page.getByRole('button', { name: 'Remove it' }).click();
  await rule.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: `Remove ${name}` }).click();
  await page.getByText('Its settings and secrets go with it.').waitFor();
  await page.getByRole('button', { name: 'Remove it' }).click();
  await page.getByRole('rowheader', { name, exact: true }).waitFor({ state: 'detached' });
  expect(await page.evaluate('window.hostile')).toBeUndefined();
  expect(answers.join('\n')).not.toContain(secret);
  expect(answers.length).toBeGreaterThan(5);
  // What was refused on purpose: no secret, and a route in use.
  expect(person.complaints.filter((text) => !/\b(?:422|409)\b/.test(text))).toEqual([]);
});

test('what few routes need is set, shown again and taken back', async ({ skip }) => {
  requirePrograms(skip, 'chromium');
  const postel = sharedPostel();
  const name = `more-${randomBytes(4).toString('hex')}`;
  const read = () => postel.useDirectory(({ routes }) => routes.read(name));
  await using person = await Person.visiting(postel.ports.web);
  const { page } = person;
  await person.signInAsAdmin();
  await page.getByText('parts of the server work').waitFor();
  await person.open('Ways out');
  await page.getByRole('button', { name: 'Add a way out' }).click();
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Host and port').fill('smtp.example.net');
  await page.getByRole('dialog').getByText('More', { exact: true }).click();
  await page.getByLabel('Access token').fill('canary-token');
  await page.getByRole('button', { name: 'Add it' }).click();
  // Said by the form itself, in a sentence of its own.
  await page
    .getByRole('alert')
    .getByText(/^Say whose password or token it is/)
    .waitFor();
  await page.getByLabel('User name', { exact: true }).fill('postel');
  await page.getByLabel('It has to show').selectOption('keys');
  await page.getByLabel('SHA-256 of its public key').fill('no key');
  await page.getByLabel('Act as').fill('sales');
  await page.getByLabel('Mechanisms').fill('oauthbearer');
  await page.getByLabel('Source addresses').fill('192.0.2.2=out2.example.com\n2001:db8::2');
  await page.getByLabel('SOCKS5 proxy').fill('127.0.0.1');
  await page.getByLabel('User name at the proxy').fill('through');
  await page.getByLabel('Password at the proxy').fill('canary-proxy');
  await page.getByRole('button', { name: 'Add it' }).click();
  // Said by the server.
  await page
    .getByRole('alert')
    .getByText(/^"no" is no SHA-256 of a public key/)
    .waitFor();
  await person.look('admin-route-more');
  await page.getByLabel('SHA-256 of its public key').fill('ab'.repeat(32));
  await page.getByRole('button', { name: 'Add it' }).click();
  await page.getByRole('rowheader', { name, exact: true }).waitFor();
  const made = await read();
  expect(made).toMatchObject({
    user: 'postel',
    actAs: 'sales',
    mechanisms: ['OAUTHBEARER'],
    sources: { '192.0.2.2': 'out2.example.com', '2001:db8::2': null },
    proxy: '127.0.0.1:1080',
    proxyUser: 'through',
    tlsNames: [],
    authorities: null,
  });
  expect(made.pinnedKeys).toHaveLength(1);
  expect(made.secrets.toSorted()).toEqual(['proxyPassword', 'token']);

  // Saved as it is shown, it stays as it was.
  await page.getByRole('button', { name: `Change ${name}` }).click();
  await page.getByLabel('Act as').waitFor();
  await person.look('admin-route-more-change');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  expect({ ...(await read()), revision: 0 }).toEqual({ ...made, revision: 0 });

  // To the servers of each domain nobody logs in; source addresses stay.
  await page.getByRole('button', { name: `Change ${name}` }).click();
  await page.getByLabel('Mail goes to').selectOption('domains');
  await page.getByLabel('SOCKS5 proxy').fill('');
  await person.look('admin-route-domains');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(await read()).toMatchObject({
    hosts: [],
    user: null,
    pinnedKeys: [],
    proxy: null,
    proxyUser: null,
    secrets: [],
  });
  expect((await read()).sources).toEqual(made.sources);
  await postel.useDirectory(({ routes }) => routes.remove(name));
  expect(person.complaints.filter((text) => !/\b422\b/.test(text))).toEqual([]);
});

test('a route that does not do shows where it ends', async ({ skip }) => {
  requirePrograms(skip, 'chromium');
  const postel = sharedPostel();
  const name = `wrong-${randomBytes(4).toString('hex')}`;
  await using person = await Person.visiting(postel.ports.web);
  const { page } = person;
  await person.signInAsAdmin();
  await page.getByText('parts of the server work').waitFor();
  await person.open('Ways out');
  await page.getByRole('button', { name: 'Add a way out' }).click();
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Host and port').fill('127.0.0.1:1');
  await page.getByRole('button', { name: 'Add it' }).click();
  await page.getByRole('button', { name: `Test ${name}` }).click();
  await page.getByRole('button', { name: 'Test it' }).click();
  await page.getByText('It does not work.').waitFor();
  await page
    .getByText(/ECONNREFUSED/)
    .first()
    .waitFor();
  await person.look('admin-route-test-fails');
  await page.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('button', { name: `Remove ${name}` }).click();
  await page.getByRole('button', { name: 'Remove it' }).click();
  await page.getByRole('rowheader', { name, exact: true }).waitFor({ state: 'detached' });
  expect(person.complaints).toEqual([]);
});
