import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { openWebhookSecret } from '@postel/routes';
import { requirePrograms, sharedPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { Person } from './testing/browser.ts';
import { useDatabase } from './testing/queue-mail.ts';

const HOSTILE = '<img src=x onerror=window.hostile=1>';

test('a person adds a webhook, sees why it fails, changes, pauses, resumes and removes it', async ({ skip }) => {
  requirePrograms(skip, 'chromium');
  const postel = sharedPostel();
  const mary = await postel.addAccount('mary');
  // The name is of Cyrillic letters that look like Latin ones.
  const url = 'https://hook.example/mail?to=еxаmple.org';
  await using person = await Person.visiting(postel.ports.web);
  const { page } = person;
  const answers: string[] = [];
  page.on('response', (response) => {
    if (response.request().method() === 'GET' && response.url().includes('/api/v1/'))
      void response.text().then(
        (text) => answers.push(text),
        () => {},
      );
  });
  await person.signIn(mary.name, mary.password);
  await person.open('Webhooks');
  await page.getByText('None: nobody is told.').waitFor();
  await page.getByRole('button', { name: 'Add a webhook' }).click();
  await page.getByLabel('Address').fill('http://hook.example/');
  expect(await page.getByLabel('It may be in a private network').count()).toBe(0);
  await page.getByLabel('Delivered: another server has it').uncheck();
  await person.look('webhook-add');
  await page.getByRole('button', { name: 'Add it' }).click();
  await page.getByText('The URL of a webhook begins with https://').waitFor();
  await page.getByLabel('Address').fill(url);
  await page.getByRole('button', { name: 'Add it' }).click();
  const secret = (await page.locator('.secret .code').textContent()) ?? '';
  expect(secret).toMatch(/^[\w-]{43}$/);
  await person.look('webhook-secret');
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByText('delayed, failed').waitFor();
  await page.getByText('nothing was taken yet').waitFor();
  await page.getByText(/xn--/).waitFor();
  const [made] = await postel.useDirectory(({ webhooks }) => webhooks.list(mary.name));
  expect(made).toMatchObject({ url, events: ['delayed', 'failed'], allowsPrivate: false });

  const failure = `503 ${HOSTILE}`;
  await useDatabase(postel, async ({ sql }) => {
    await sql`update webhooks set last_failure = ${failure}, failed_at = now() where webhook_id = ${made?.id ?? 0}::bigint`;
  });
  await page.getByRole('button', { name: 'Look again' }).click();
  await page.getByText(failure).waitFor();
  await person.look('webhooks');
  await page.getByRole('button', { name: /^Change https/ }).click();
  await page.getByLabel('Failed for good').uncheck();
  await page.getByLabel('Another secret').fill('short');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('A secret has').waitFor();
  await page.getByLabel('Another secret').fill('tanstaaf-'.repeat(5));
  await person.look('webhook-change');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('cell', { name: 'delayed', exact: true }).waitFor();
  const changed = await postel.useDirectory(({ webhooks }) => webhooks.read(made?.id ?? 0));
  expect(changed).toMatchObject({ url, events: ['delayed'] });
  const stored = await postel.useDirectory(({ webhooks }) => webhooks.storedSecrets());
  const sealed = stored.find(({ id }) => id === made?.id);
  if (sealed === undefined) throw new Error('the webhook has no secret');
  expect(sealed.clear).toBeNull();
  const keyFile = join(postel.dataDirectory, 'secrets.key');
  expect(await openWebhookSecret(keyFile, sealed)).toBe('tanstaaf-'.repeat(5));

  await page.getByRole('button', { name: /^Pause https/ }).click();
  await person.look('webhook-pause');
  await page.getByRole('button', { name: 'Pause it' }).click();
  await page.getByText('The webhook is paused.').waitFor();
  await page.getByText(/^paused since/).waitFor();
  await person.look('webhooks-paused');
  await page.getByRole('button', { name: /^Resume https/ }).click();
  await page.getByRole('button', { name: 'Resume it' }).click();
  await page.getByText('The webhook goes on.').waitFor();
  await expect.poll(() => page.getByText(/^paused since/).count()).toBe(0);
  await page.getByRole('button', { name: /^Remove https/ }).click();
  await page.getByRole('button', { name: 'Remove it' }).click();
  await page.getByText('None: nobody is told.').waitFor();
  expect(await postel.useDirectory(({ webhooks }) => webhooks.list(mary.name))).toEqual([]);
  expect(await page.evaluate('window.hostile')).toBeUndefined();
  expect(answers.length).toBeGreaterThan(3);
  expect(answers.join('\n')).not.toContain(secret);
  expect(person.complaints.filter((text) => !text.includes('422'))).toEqual([]);
});

test('an owner sees the webhooks of all, and allows one inside', async ({ skip }) => {
  requirePrograms(skip, 'chromium');
  const postel = sharedPostel();
  const mary = await postel.addAccount('mary');
  const url = `http://inside-${randomBytes(4).toString('hex')}.example/`;
  await using person = await Person.visiting(postel.ports.web);
  const { page } = person;
  await person.signInAsAdmin();
  await page.getByText('parts of the server work').waitFor();
  await person.open('Webhooks');
  await page.getByRole('button', { name: 'Add a webhook' }).click();
  await page.getByLabel('Address').fill(url);
  await page.getByLabel('Account whose mail it is about').fill(mary.name);
  await page.getByLabel('It may be in a private network').check();
  await person.look('admin-webhook-add');
  await page.getByRole('button', { name: 'Add it' }).click();
  await page.getByRole('button', { name: 'Done' }).click();
  const row = page.getByRole('row').filter({ hasText: url });
  await row.getByText(mary.name).waitFor();
  await row.getByText('may be inside').waitFor();
  await person.look('admin-webhooks');
  const [made] = await postel.useDirectory(({ webhooks }) => webhooks.list(mary.name));
  expect(made).toMatchObject({ account: mary.name, url, allowsPrivate: true });
  await page.getByRole('button', { name: `Remove ${url}` }).click();
  await page.getByRole('button', { name: 'Remove it' }).click();
  await expect.poll(() => row.count()).toBe(0);
  expect(person.complaints).toEqual([]);
});

test('webhooks in German', async ({ skip }) => {
  requirePrograms(skip, 'chromium');
  const postel = sharedPostel();
  const mary = await postel.addAccount('mary');
  await using person = await Person.visiting(postel.ports.web, { locale: 'de-DE' });
  const { page } = person;
  await page.goto('/');
  await page.getByLabel('Adresse oder Kontoname').fill(mary.name);
  await page.getByLabel('Passwort').fill(mary.password);
  await page.getByRole('button', { name: 'Anmelden', exact: true }).click();
  await page.getByRole('heading', { name: 'Ihr Konto' }).waitFor();
  await person.open('Webhooks');
  await page.getByRole('button', { name: 'Webhook hinzufügen' }).click();
  await page.getByLabel('Adresse').fill('http://hook.example/');
  await page.getByRole('button', { name: 'Hinzufügen', exact: true }).click();
  await page.getByText('So geht der Webhook nicht').waitFor();
  await person.look('de-webhook-add');
  await page.getByLabel('Adresse').fill('https://hook.example/');
  await page.getByRole('button', { name: 'Hinzufügen', exact: true }).click();
  await page.getByRole('button', { name: 'Fertig' }).click();
  await page.getByText('noch wurde nichts angenommen').waitFor();
  await person.look('de-webhooks');
  expect(person.complaints.filter((text) => !text.includes('422'))).toEqual([]);
});
