import { requirePrograms, sharedPostel, startPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { Person } from './testing/browser.ts';

test('a person signs in with account and password, sees their account, and signs out', async ({ skip }) => {
  requirePrograms(skip, 'chromium');
  const postel = sharedPostel();
  const mary = await postel.addAccount('mary');
  await using person = await Person.visiting(postel.ports.web);
  const { page } = person;

  await person.signIn(mary.name, 'not the password');
  await page.getByRole('alert').getByText('Name or password is not right.').waitFor();
  await person.look('sign-in');

  await person.signIn(mary.address, mary.password);
  await page.getByRole('heading', { name: 'Your account' }).waitFor();
  await page.getByText(mary.address).waitFor();
  await person.look('account');

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  expect(person.complaints.filter((text) => !text.includes('403'))).toEqual([]);
});

test('on a phone the pages are behind a button, which the keyboard reaches', async ({ skip }) => {
  requirePrograms(skip, 'chromium');
  const postel = sharedPostel();
  const mary = await postel.addAccount('mary');
  await using person = await Person.visiting(postel.ports.web, { viewport: { width: 360, height: 740 } });
  const { page } = person;
  await person.signIn(mary.name, mary.password);
  await page.getByRole('heading', { name: 'Your account' }).waitFor();
  const menu = page.getByRole('button', { name: 'Menu' });
  const link = page.getByRole('link', { name: 'App passwords' });
  expect(await link.isVisible()).toBe(false);
  await menu.focus();
  await page.keyboard.press('Enter');
  await link.waitFor();
  expect(await menu.getAttribute('aria-expanded')).toBe('true');
  await person.lookAtPhone('menu');
  await link.click();
  await page.getByRole('heading', { name: 'App passwords' }).waitFor();
  await link.waitFor({ state: 'hidden' });
  expect(person.complaints).toEqual([]);
});

test('the first page is small, and all of it is from here', async ({ skip }) => {
  requirePrograms(skip, 'chromium');
  const postel = sharedPostel();
  await using person = await Person.visiting(postel.ports.web);
  let octets = 0;
  const elsewhere: string[] = [];
  person.page.on('requestfinished', async (request) => {
    const { responseBodySize, responseHeadersSize } = await request.sizes();
    octets += responseBodySize + responseHeadersSize;
    if (new URL(request.url()).host !== `localhost:${postel.ports.web}`) elsewhere.push(request.url());
  });
  await person.page.goto('/', { waitUntil: 'networkidle' });
  await person.page.getByRole('heading', { name: 'Sign in' }).waitFor();
  expect(octets).toBeGreaterThan(5_000);
  expect(octets).toBeLessThan(100_000);
  expect(elsewhere).toEqual([]);
});

test('while the server is away a page waits and says so, and goes on when it is back, still signed in', async ({
  skip,
}) => {
  requirePrograms(skip, 'chromium');
  await using postel = await startPostel();
  await using person = await Person.visiting(postel.ports.web);
  const { page } = person;
  await person.signIn('postel', 'postelpostel');
  await page.getByText('postel@localhost').waitFor();

  await page.context().setOffline(true);
  await page.getByRole('link', { name: 'App passwords' }).click();
  await page.getByText('The server does not answer at the moment.').waitFor();
  await page.getByRole('button', { name: 'Make one' }).click();
  await page.getByLabel('What is it for?').fill('phone');
  await page.getByRole('button', { name: 'Make it' }).click();
  await page.getByText('Nothing was changed, as far as we know').waitFor();
  await page.context().setOffline(false);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByText('No app password yet.').waitFor();
  await expect.poll(() => page.getByText('The server does not answer').count(), { timeout: 60_000 }).toBe(0);

  process.kill(postel.pids.apps['web'] ?? 0, 'SIGKILL');
  await page.getByRole('link', { name: 'Devices' }).click();
  await page.getByText('No device yet.').waitFor();
});
