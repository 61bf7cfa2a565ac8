import { requirePrograms, sharedPostel } from '@postel/testkit';
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
